// The functions a chat template finds without defining them.
#include <array>
#include <ctime>
#include <limits>

#include "cluster/base/error.h"
#include "policy/jinja/call.h"
#include "policy/jinja/print.h"

namespace temper {
namespace {

using Kind = JinjaKind;

// cycler, joiner and lipsum are jinja2's too: a template that calls one is told that they are not here.
constexpr std::array<std::string_view, 8> kGlobals = {"range",        "dict",   "namespace", "raise_exception",
                                                      "strftime_now", "cycler", "joiner",    "lipsum"};

JinjaValue Range(JinjaHeap* heap, const JinjaArguments& arguments) {
  const size_t count = arguments.positional.size();
  if (!arguments.keyword.empty()) throw JinjaFailure("range() takes no keyword arguments");
  if (count == 0 || count > 3) throw JinjaFailure(Concat("range expected 1 to 3 arguments, got ", count));
  JinjaInt bounds[3] = {0, 0, 1};
  for (size_t i = 0; i < count; ++i) {
    const JinjaValue& value = arguments.positional[i];
    if (!value.is_integral()) throw JinjaFailure(Concat("'", JinjaTypeName(value), "' object cannot be interpreted as an integer"));
    bounds[count == 1 ? 1 : i] = value.integer();
    if (value.integer() > std::numeric_limits<int64_t>::max() / 4 || value.integer() < std::numeric_limits<int64_t>::min() / 4) {
      throw JinjaFailure("a bound of range() is too large");
    }
  }
  const JinjaInt step = bounds[2];
  if (step == 0) throw JinjaFailure("range() arg 3 must not be zero");
  const JinjaInt distance = step > 0 ? bounds[1] - bounds[0] : bounds[0] - bounds[1];
  const JinjaInt stride = step > 0 ? step : -step;
  const JinjaInt size = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  if (size > heap->limits().range_length) {
    throw JinjaFailure(Concat("Range too big. The sandbox blocks ranges larger than MAX_RANGE (", heap->limits().range_length, ")."));
  }
  auto* range = heap->New<JinjaRange>();
  range->start = static_cast<int64_t>(bounds[0]);
  range->step = static_cast<int64_t>(step);
  range->size = static_cast<int64_t>(size);
  return JinjaValue::Object(Kind::kRange, range);
}

// dict(mapping or pairs, key=value...).
void FillDict(JinjaHeap* heap, const JinjaArguments& arguments, std::string_view callee, JinjaDict* dict) {
  if (arguments.positional.size() > 1) {
    throw JinjaFailure(Concat(callee, " expected at most 1 argument, got ", arguments.positional.size()));
  }
  for (const JinjaValue& source : arguments.positional) {
    if (source.Is(Kind::kDict)) {
      for (const auto& [key, value] : source.dict().items) JinjaSet(heap, dict, key, value);
      continue;
    }
    for (const JinjaValue& item : JinjaItems(heap, source)) {
      const auto pair = JinjaItems(heap, item);
      if (pair.size() != 2) throw JinjaFailure(Concat(callee, "() got an item of length ", pair.size(), "; 2 is required"));
      JinjaSet(heap, dict, pair[0], pair[1]);
    }
  }
  for (const auto& [key, value] : arguments.keyword) JinjaSet(heap, dict, JinjaValue::String(key), value);
}

JinjaValue Namespace(JinjaHeap* heap, const JinjaArguments& arguments) {
  auto* made = heap->New<JinjaNamespace>();
  FillDict(heap, arguments, "namespace", &made->attributes);
  for (const auto& [key, value] : made->attributes.items) {
    if (key.is_string() && key.text().starts_with('_')) {
      throw JinjaFailure(Concat("a namespace cannot store the underscore-prefixed attribute '", key.text(), "'"));
    }
  }
  return JinjaValue::Object(Kind::kNamespace, made);
}

JinjaValue TimeText(JinjaHeap* heap, const JinjaArguments& arguments, int64_t now) {
  const std::string format(JinjaTextArgument(JinjaBind(arguments, "strftime_now", {"format"}, 1)[0], "the format of strftime_now()"));
  if (format.empty()) return JinjaValue::String("");
  const std::time_t seconds = now != 0 ? static_cast<std::time_t>(now) : std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  heap->Charge(64 * format.size());
  std::string text(64 * format.size(), '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &local));
  return heap->Text(std::move(text));
}

}  // namespace

bool JinjaIsGlobal(std::string_view name) {
  for (const std::string_view global : kGlobals) {
    if (global == name) return true;
  }
  return false;
}

JinjaValue JinjaCallGlobal(JinjaHeap* heap, std::string_view name, const JinjaArguments& arguments, int64_t now) {
  if (name == "range") return Range(heap, arguments);
  if (name == "namespace") return Namespace(heap, arguments);
  if (name == "strftime_now") return TimeText(heap, arguments, now);
  if (name == "raise_exception") {
    throw JinjaFailure(std::string(JinjaText(heap, JinjaBind(arguments, name, {"message"}, 1)[0])));
  }
  if (name != "dict") throw JinjaFailure(Concat("the function '", name, "' is not supported"));
  auto* dict = heap->New<JinjaDict>();
  FillDict(heap, arguments, "dict", dict);
  return JinjaValue::Dict(dict);
}

}  // namespace temper
