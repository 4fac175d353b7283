// Methods of containers and loops, and what all calls of built-in functions share.
#include <algorithm>
#include <limits>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/call.h"
#include "policy/jinja/loop.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

[[noreturn]] void Unsupported(const Method& method) {
  throw Failure(Concat("the method '", method.name, "' of ", TypeName(method.receiver), " is not supported"));
}

Value View(Heap* heap, const Dict* dict, DictView::What what) {
  auto* view = heap->New<DictView>();
  view->dict = dict;
  view->what = what;
  return Value::Object(Kind::kDictView, view);
}

Value CallDictMethod(Heap* heap, const Method& method, const Arguments& arguments) {
  const Dict& dict = method.receiver.dict();
  if (method.name == "get") {
    const auto bound = Bind(arguments, "get", {"key", "default"}, 1);
    if (!Hashable(heap, bound[0])) throw Failure(Concat("unhashable type: '", TypeName(bound[0]), "'"));
    if (const Value* found = dict.Find(heap, bound[0])) return *found;
    return bound[1].Is(Kind::kMissing) ? Value::None() : bound[1];
  }
  Bind(arguments, method.name, {});
  if (method.name == "items") return View(heap, &dict, DictView::What::kItems);
  if (method.name == "keys") return View(heap, &dict, DictView::What::kKeys);
  if (method.name == "values") return View(heap, &dict, DictView::What::kValues);
  if (method.name == "copy") return method.receiver;
  Unsupported(method);
}

Value IndexOf(Heap* heap, const std::vector<Value>& items, const std::vector<Value>& bound) {
  const auto size = static_cast<int64_t>(items.size());
  const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  const int64_t end = place(IntArgument(bound[2], "the end of index()", size));
  for (int64_t i = place(IntArgument(bound[1], "the start of index()", 0)); i < end; ++i) {
    if (Equal(heap, items[static_cast<size_t>(i)], bound[0])) return Value::Int(i);
  }
  throw Failure("the value given to index() is not in the list");
}

Value CallSequenceMethod(Heap* heap, const Method& method, const Arguments& arguments) {
  if (method.name == "copy") return method.receiver;
  const std::vector<Value> items = Items(heap, method.receiver);
  if (method.name == "index") return IndexOf(heap, items, Bind(arguments, "index", {"value", "start", "stop"}, 1));
  if (method.name != "count") Unsupported(method);
  const Value wanted = Bind(arguments, "count", {"value"}, 1)[0];
  const auto same = [&](const Value& item) { return Equal(heap, item, wanted); };
  return Value::Int(std::count_if(items.begin(), items.end(), same));
}

}  // namespace

Value CallMethod(Heap* heap, const Method& method, const Arguments& arguments) {
  switch (method.receiver.kind()) {
    case Kind::kString:
      return CallTextMethod(heap, method, arguments);
    case Kind::kDict:
      return CallDictMethod(heap, method, arguments);
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
      return CallSequenceMethod(heap, method, arguments);
    case Kind::kLoop:
      if (!arguments.keyword.empty()) throw Failure(Concat("loop.", method.name, "() takes no keyword arguments"));
      if (method.name == "cycle") return method.receiver.object<Loop>()->Cycle(arguments.positional);
      return method.receiver.object<Loop>()->Changed(arguments.positional);
    default:
      Unsupported(method);
  }
}

std::vector<Value> Bind(const Arguments& arguments, std::string_view callee, std::initializer_list<std::string_view> names,
                        size_t required) {
  if (arguments.positional.size() > names.size()) {
    throw Failure(Concat(callee, "() takes at most ", names.size(), " arguments, not ", arguments.positional.size()));
  }
  std::vector<Value> bound = arguments.positional;
  bound.resize(names.size());
  for (const auto& [name, value] : arguments.keyword) {
    const auto at = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (at == names.size()) throw Failure(Concat(callee, "() got an unexpected keyword argument '", name, "'"));
    if (!bound[at].Is(Kind::kMissing)) throw Failure(Concat(callee, "() got multiple values for argument '", name, "'"));
    bound[at] = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (bound[i].Is(Kind::kMissing)) throw Failure(Concat(callee, "() misses its argument '", *(names.begin() + i), "'"));
  }
  return bound;
}

std::string_view TextArgument(const Value& value, std::string_view what) {
  if (!value.is_string()) throw Failure(Concat(what, " must be str, not ", TypeName(value)));
  return value.text();
}

int64_t IntArgument(const Value& value, std::string_view what, int64_t absent) {
  if (value.Is(Kind::kMissing)) return absent;
  if (!value.is_integral()) throw Failure(Concat(what, " must be an integer, not ", TypeName(value)));
  constexpr Integer kFar = std::numeric_limits<int64_t>::max() / 4;
  return static_cast<int64_t>(std::clamp(value.integer(), -kFar, kFar));
}

Value TextList(Heap* heap, const std::vector<std::string_view>& parts, bool markup) {
  std::vector<Value> items;
  items.reserve(parts.size());
  for (const std::string_view part : parts) items.push_back(Value::String(part, markup));
  return heap->List(std::move(items));
}

Value ReplaceText(Heap* heap, std::string_view text, std::string_view from, std::string_view to, int64_t count, bool markup) {
  heap->Scan(text.size());
  const size_t found = PythonCount(text, from);
  const size_t replaced = count < 0 ? found : std::min(found, static_cast<size_t>(count));
  heap->Charge(to.empty() ? 0 : std::min(replaced, heap->limits().bytes / to.size() + 1) * to.size());
  return heap->Text(PythonReplace(text, from, to, count), markup);
}

}  // namespace temper::jinja
