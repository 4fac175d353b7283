// The functions a chat template finds without defining them.
#include <array>
#include <ctime>
#include <limits>

#include "cluster/base/error.h"
#include "policy/jinja/call.h"
#include "policy/jinja/print.h"

namespace temper::jinja {
namespace {

// cycler, joiner and lipsum are jinja2's too: a template that calls one is told that they are not here.
constexpr std::array<std::string_view, 8> kGlobals = {"range",        "dict",   "namespace", "raise_exception",
                                                      "strftime_now", "cycler", "joiner",    "lipsum"};

Value MakeRange(Heap* heap, const Arguments& arguments) {
  const size_t count = arguments.positional.size();
  if (!arguments.keyword.empty()) throw Failure("range() takes no keyword arguments");
  if (count == 0 || count > 3) throw Failure(Concat("range expected 1 to 3 arguments, got ", count));
  Integer bounds[3] = {0, 0, 1};
  for (size_t i = 0; i < count; ++i) {
    const Value& value = arguments.positional[i];
    if (!value.is_integral()) throw Failure(Concat("'", TypeName(value), "' object cannot be interpreted as an integer"));
    bounds[count == 1 ? 1 : i] = value.integer();
    if (value.integer() > std::numeric_limits<int64_t>::max() / 4 || value.integer() < std::numeric_limits<int64_t>::min() / 4) {
      throw Failure("a bound of range() is too large");
    }
  }
  const Integer step = bounds[2];
  if (step == 0) throw Failure("range() arg 3 must not be zero");
  const Integer distance = step > 0 ? bounds[1] - bounds[0] : bounds[0] - bounds[1];
  const Integer stride = step > 0 ? step : -step;
  const Integer size = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  if (size > heap->limits().range_length) {
    throw Failure(Concat("Range too big. The sandbox blocks ranges larger than MAX_RANGE (", heap->limits().range_length, ")."));
  }
  auto* range = heap->New<Range>();
  range->start = static_cast<int64_t>(bounds[0]);
  range->step = static_cast<int64_t>(step);
  range->size = static_cast<int64_t>(size);
  return Value::Object(Kind::kRange, range);
}

// dict(mapping or pairs, key=value...).
void FillDict(Heap* heap, const Arguments& arguments, std::string_view callee, Dict* dict) {
  if (arguments.positional.size() > 1) {
    throw Failure(Concat(callee, " expected at most 1 argument, got ", arguments.positional.size()));
  }
  for (const Value& source : arguments.positional) {
    if (source.Is(Kind::kDict)) {
      for (const auto& [key, value] : source.dict().items) Set(heap, dict, key, value);
      continue;
    }
    for (const Value& item : Items(heap, source)) {
      const auto pair = Items(heap, item);
      if (pair.size() != 2) throw Failure(Concat(callee, "() got an item of length ", pair.size(), "; 2 is required"));
      Set(heap, dict, pair[0], pair[1]);
    }
  }
  for (const auto& [key, value] : arguments.keyword) Set(heap, dict, Value::String(key), value);
}

Value MakeNamespace(Heap* heap, const Arguments& arguments) {
  auto* made = heap->New<Namespace>();
  FillDict(heap, arguments, "namespace", &made->attributes);
  for (const auto& [key, value] : made->attributes.items) {
    if (key.is_string() && key.text().starts_with('_')) {
      throw Failure(Concat("a namespace cannot store the underscore-prefixed attribute '", key.text(), "'"));
    }
  }
  return Value::Object(Kind::kNamespace, made);
}

Value TimeText(Heap* heap, const Arguments& arguments, int64_t now) {
  const std::string format(TextArgument(Bind(arguments, "strftime_now", {"format"}, 1)[0], "the format of strftime_now()"));
  if (format.empty()) return Value::String("");
  const std::time_t seconds = now != 0 ? static_cast<std::time_t>(now) : std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  heap->Charge(64 * format.size());
  std::string text(64 * format.size(), '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &local));
  return heap->Text(std::move(text));
}

}  // namespace

bool IsGlobal(std::string_view name) {
  for (const std::string_view global : kGlobals) {
    if (global == name) return true;
  }
  return false;
}

Value CallGlobal(Heap* heap, std::string_view name, const Arguments& arguments, int64_t now) {
  if (name == "range") return MakeRange(heap, arguments);
  if (name == "namespace") return MakeNamespace(heap, arguments);
  if (name == "strftime_now") return TimeText(heap, arguments, now);
  if (name == "raise_exception") {
    throw Failure(std::string(Text(heap, Bind(arguments, name, {"message"}, 1)[0])));
  }
  if (name != "dict") throw Failure(Concat("the function '", name, "' is not supported"));
  auto* dict = heap->New<Dict>();
  FillDict(heap, arguments, "dict", dict);
  return Value::Dict(dict);
}

}  // namespace temper::jinja
