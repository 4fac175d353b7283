// Methods of containers and loops, and what all calls of built-in functions share.
#include <algorithm>
#include <limits>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/call.h"
#include "policy/jinja/loop.h"
#include "policy/jinja/text.h"

namespace temper {
namespace {

using Kind = JinjaKind;

[[noreturn]] void Unsupported(const JinjaMethod& method) {
  throw JinjaFailure(Concat("the method '", method.name, "' of ", JinjaTypeName(method.receiver), " is not supported"));
}

JinjaValue View(JinjaHeap* heap, const JinjaDict* dict, JinjaDictView::What what) {
  auto* view = heap->New<JinjaDictView>();
  view->dict = dict;
  view->what = what;
  return JinjaValue::Object(Kind::kDictView, view);
}

JinjaValue CallDictMethod(JinjaHeap* heap, const JinjaMethod& method, const JinjaArguments& arguments) {
  const JinjaDict& dict = method.receiver.dict();
  if (method.name == "get") {
    const auto bound = JinjaBind(arguments, "get", {"key", "default"}, 1);
    if (!JinjaHashable(heap, bound[0])) throw JinjaFailure(Concat("unhashable type: '", JinjaTypeName(bound[0]), "'"));
    if (const JinjaValue* found = dict.Find(heap, bound[0])) return *found;
    return bound[1].Is(Kind::kMissing) ? JinjaValue::None() : bound[1];
  }
  JinjaBind(arguments, method.name, {});
  if (method.name == "items") return View(heap, &dict, JinjaDictView::What::kItems);
  if (method.name == "keys") return View(heap, &dict, JinjaDictView::What::kKeys);
  if (method.name == "values") return View(heap, &dict, JinjaDictView::What::kValues);
  if (method.name == "copy") return method.receiver;
  Unsupported(method);
}

JinjaValue IndexOf(JinjaHeap* heap, const std::vector<JinjaValue>& items, const std::vector<JinjaValue>& bound) {
  const auto size = static_cast<int64_t>(items.size());
  const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  const int64_t end = place(JinjaIntArgument(bound[2], "the end of index()", size));
  for (int64_t i = place(JinjaIntArgument(bound[1], "the start of index()", 0)); i < end; ++i) {
    if (JinjaEqual(heap, items[static_cast<size_t>(i)], bound[0])) return JinjaValue::Int(i);
  }
  throw JinjaFailure("the value given to index() is not in the list");
}

JinjaValue CallSequenceMethod(JinjaHeap* heap, const JinjaMethod& method, const JinjaArguments& arguments) {
  if (method.name == "copy") return method.receiver;
  const std::vector<JinjaValue> items = JinjaItems(heap, method.receiver);
  if (method.name == "index") return IndexOf(heap, items, JinjaBind(arguments, "index", {"value", "start", "stop"}, 1));
  if (method.name != "count") Unsupported(method);
  const JinjaValue wanted = JinjaBind(arguments, "count", {"value"}, 1)[0];
  const auto same = [&](const JinjaValue& item) { return JinjaEqual(heap, item, wanted); };
  return JinjaValue::Int(std::count_if(items.begin(), items.end(), same));
}

}  // namespace

JinjaValue JinjaCallMethod(JinjaHeap* heap, const JinjaMethod& method, const JinjaArguments& arguments) {
  switch (method.receiver.kind()) {
    case Kind::kString:
      return JinjaCallTextMethod(heap, method, arguments);
    case Kind::kDict:
      return CallDictMethod(heap, method, arguments);
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
      return CallSequenceMethod(heap, method, arguments);
    case Kind::kLoop:
      if (!arguments.keyword.empty()) throw JinjaFailure(Concat("loop.", method.name, "() takes no keyword arguments"));
      if (method.name == "cycle") return method.receiver.object<JinjaLoop>()->Cycle(arguments.positional);
      return method.receiver.object<JinjaLoop>()->Changed(arguments.positional);
    default:
      Unsupported(method);
  }
}

std::vector<JinjaValue> JinjaBind(const JinjaArguments& arguments, std::string_view callee, std::initializer_list<std::string_view> names,
                                  size_t required) {
  if (arguments.positional.size() > names.size()) {
    throw JinjaFailure(Concat(callee, "() takes at most ", names.size(), " arguments, not ", arguments.positional.size()));
  }
  std::vector<JinjaValue> bound = arguments.positional;
  bound.resize(names.size());
  for (const auto& [name, value] : arguments.keyword) {
    const auto at = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (at == names.size()) throw JinjaFailure(Concat(callee, "() got an unexpected keyword argument '", name, "'"));
    if (!bound[at].Is(Kind::kMissing)) throw JinjaFailure(Concat(callee, "() got multiple values for argument '", name, "'"));
    bound[at] = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (bound[i].Is(Kind::kMissing)) throw JinjaFailure(Concat(callee, "() misses its argument '", *(names.begin() + i), "'"));
  }
  return bound;
}

std::string_view JinjaTextArgument(const JinjaValue& value, std::string_view what) {
  if (!value.is_string()) throw JinjaFailure(Concat(what, " must be str, not ", JinjaTypeName(value)));
  return value.text();
}

int64_t JinjaIntArgument(const JinjaValue& value, std::string_view what, int64_t absent) {
  if (value.Is(Kind::kMissing)) return absent;
  if (!value.is_integral()) throw JinjaFailure(Concat(what, " must be an integer, not ", JinjaTypeName(value)));
  constexpr JinjaInt kFar = std::numeric_limits<int64_t>::max() / 4;
  return static_cast<int64_t>(std::clamp(value.integer(), -kFar, kFar));
}

JinjaValue JinjaTextList(JinjaHeap* heap, const std::vector<std::string_view>& parts, bool markup) {
  std::vector<JinjaValue> items;
  items.reserve(parts.size());
  for (const std::string_view part : parts) items.push_back(JinjaValue::String(part, markup));
  return heap->List(std::move(items));
}

JinjaValue JinjaReplaceText(JinjaHeap* heap, std::string_view text, std::string_view from, std::string_view to, int64_t count,
                            bool markup) {
  heap->Scan(text.size());
  const size_t found = PythonCount(text, from);
  const size_t replaced = count < 0 ? found : std::min(found, static_cast<size_t>(count));
  heap->Charge(to.empty() ? 0 : std::min(replaced, heap->limits().bytes / to.size() + 1) * to.size());
  return heap->Text(PythonReplace(text, from, to, count), markup);
}

}  // namespace temper
