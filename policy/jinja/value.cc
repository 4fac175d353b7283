#include "policy/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "policy/jinja/text.h"

namespace temper {
namespace {

using Kind = JinjaKind;
using Next = std::function<std::optional<JinjaValue>()>;

bool EqualItems(JinjaHeap* heap, const std::vector<JinjaValue>& a, const std::vector<JinjaValue>& b) {
  const JinjaHeap::Depth depth(heap);
  const auto equal = [heap](const JinjaValue& x, const JinjaValue& y) { return JinjaEqual(heap, x, y); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

bool EqualDicts(JinjaHeap* heap, const JinjaDict& a, const JinjaDict& b) {
  const JinjaHeap::Depth depth(heap);
  if (a.items.size() != b.items.size()) return false;
  return std::all_of(a.items.begin(), a.items.end(), [&](const auto& item) {
    const JinjaValue* other = b.Find(heap, item.first);
    return other != nullptr && JinjaEqual(heap, item.second, *other);
  });
}

bool EqualRanges(const JinjaRange& a, const JinjaRange& b) {
  return a.size == b.size && (a.size == 0 || (a.start == b.start && (a.size == 1 || a.step == b.step)));
}

bool EqualNumbers(const JinjaValue& a, const JinjaValue& b) {
  if (a.Is(Kind::kFloat) || b.Is(Kind::kFloat)) return a.number() == b.number();
  return a.integer() == b.integer();
}

Next IterateText(std::string_view text, bool markup) {
  return [text, markup, at = size_t{0}]() mutable -> std::optional<JinjaValue> {
    if (at == text.size()) return std::nullopt;
    const size_t begin = at;
    at += CodePointBytes(text[at]);
    return JinjaValue::String(text.substr(begin, at - begin), markup);
  };
}

Next IterateDict(JinjaHeap* heap, const JinjaDict* dict, JinjaDictView::What what) {
  return [=, i = size_t{0}]() mutable -> std::optional<JinjaValue> {
    if (i == dict->items.size()) return std::nullopt;
    const auto& [key, value] = dict->items[i++];
    if (what == JinjaDictView::What::kKeys) return key;
    return what == JinjaDictView::What::kValues ? value : heap->Tuple({key, value});
  };
}

}  // namespace

JinjaValue JinjaValue::Bool(bool value) {
  JinjaValue made = Int(value ? 1 : 0);
  made.kind_ = Kind::kBool;
  return made;
}

JinjaValue JinjaValue::Int(JinjaInt value) {
  JinjaValue made;
  made.kind_ = Kind::kInt;
  made.data_.integer = value;
  return made;
}

JinjaValue JinjaValue::Float(double value) {
  JinjaValue made;
  made.kind_ = Kind::kFloat;
  made.data_.real = value;
  return made;
}

JinjaValue JinjaValue::String(std::string_view text, bool markup) {
  JinjaValue made(Kind::kString, text);
  made.markup_ = markup;
  return made;
}

JinjaValue JinjaValue::Object(JinjaKind kind, JinjaObject* object) {
  JinjaValue made;
  made.kind_ = kind;
  made.data_.object = object;
  return made;
}

JinjaValue JinjaValue::List(const JinjaSequence* items) { return Object(Kind::kList, const_cast<JinjaSequence*>(items)); }
JinjaValue JinjaValue::Tuple(const JinjaSequence* items) { return Object(Kind::kTuple, const_cast<JinjaSequence*>(items)); }
JinjaValue JinjaValue::Dict(const JinjaDict* dict) { return Object(Kind::kDict, const_cast<JinjaDict*>(dict)); }
const std::vector<JinjaValue>& JinjaValue::items() const { return object<JinjaSequence>()->items; }
const JinjaDict& JinjaValue::dict() const { return *object<JinjaDict>(); }

const JinjaValue* JinjaDict::Find(JinjaHeap* heap, const JinjaValue& key) const {
  for (const auto& [name, value] : items) {
    if (JinjaEqual(heap, name, key)) return &value;
  }
  return nullptr;
}

const JinjaValue* JinjaDict::Find(std::string_view key) const {
  for (const auto& [name, value] : items) {
    if (name.is_string() && name.text() == key) return &value;
  }
  return nullptr;
}

void JinjaHeap::Charge(size_t bytes) {
  bytes_ += std::min(bytes, limits_.bytes + 1);
  if (bytes_ > limits_.bytes) throw JinjaFailure(Concat("the template makes more than ", limits_.bytes, " bytes of text and lists"));
}

void JinjaHeap::Step(int64_t count) {
  steps_ += count;
  if (steps_ > limits_.steps) throw JinjaFailure(Concat("the template takes more than ", limits_.steps, " steps"));
}

JinjaHeap::Depth::Depth(JinjaHeap* heap) : heap_(heap) {
  if (heap->depth_ >= heap->limits_.depth) throw JinjaFailure(Concat("nested more than ", heap->limits_.depth, " levels deep"));
  ++heap->depth_;
}

JinjaValue JinjaHeap::Text(std::string text, bool markup) {
  Charge(text.size() + sizeof(std::string));
  texts_.push_back(std::move(text));
  return JinjaValue::String(texts_.back(), markup);
}

JinjaValue JinjaHeap::Undefined(std::string message) { return JinjaValue::Undefined(Text(std::move(message)).text()); }

JinjaValue JinjaHeap::List(std::vector<JinjaValue> items) {
  Charge(items.size() * sizeof(JinjaValue));
  auto* made = New<JinjaSequence>();
  made->items = std::move(items);
  return JinjaValue::List(made);
}

JinjaValue JinjaHeap::Tuple(std::vector<JinjaValue> items) {
  return JinjaValue::Object(Kind::kTuple, List(std::move(items)).object<JinjaSequence>());
}

JinjaValue JinjaHeap::Iterator(Next next) {
  auto* made = New<JinjaIterator>();
  made->next = std::move(next);
  return JinjaValue::Object(Kind::kIterator, made);
}

bool JinjaTruth(const JinjaValue& value) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.real() != 0;
    default:
      return JinjaLength(value).value_or(1) != 0;
  }
}

bool JinjaEqual(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b) {
  heap->Step();
  if (a.is_number() && b.is_number()) return EqualNumbers(a, b);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      if (a.text().size() != b.text().size()) return false;
      heap->Scan(a.text().size());
      return a.text() == b.text();
    case Kind::kList:
    case Kind::kTuple:
      return EqualItems(heap, a.items(), b.items());
    case Kind::kDict:
      return EqualDicts(heap, a.dict(), b.dict());
    case Kind::kRange:
      return EqualRanges(*a.object<JinjaRange>(), *b.object<JinjaRange>());
    default:
      return a.object<JinjaObject>() == b.object<JinjaObject>();
  }
}

std::string_view JinjaTypeName(const JinjaValue& value) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.markup() ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kDictView: {
      const auto what = value.object<JinjaDictView>()->what;
      return what == JinjaDictView::What::kKeys ? "dict_keys" : what == JinjaDictView::What::kValues ? "dict_values" : "dict_items";
    }
    case Kind::kRange:
      return "range";
    case Kind::kIterator:
      return "generator";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kMacro:
      return "Macro";
    case Kind::kMethod:
      return "builtin_function_or_method";
    case Kind::kGlobal:
      return "function";
    case Kind::kLoop:
      return "LoopContext";
  }
  return "object";
}

bool JinjaHashable(JinjaHeap* heap, const JinjaValue& value) {
  heap->Step();
  const JinjaHeap::Depth depth(heap);
  if (value.Is(Kind::kTuple)) {
    return std::all_of(value.items().begin(), value.items().end(), [&](const JinjaValue& item) { return JinjaHashable(heap, item); });
  }
  return !value.Is(Kind::kList) && !value.Is(Kind::kDict) && !value.Is(Kind::kDictView);
}

void JinjaSet(JinjaHeap* heap, JinjaDict* dict, const JinjaValue& key, const JinjaValue& value) {
  if (!JinjaHashable(heap, key)) throw JinjaFailure(Concat("unhashable type: '", JinjaTypeName(key), "'"));
  for (auto& item : dict->items) {
    if (!JinjaEqual(heap, item.first, key)) continue;
    item.second = value;
    return;
  }
  heap->Charge(sizeof(dict->items[0]));
  dict->items.emplace_back(key, value);
}

std::optional<int64_t> JinjaLength(const JinjaValue& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return static_cast<int64_t>(CountCodePoints(value.text()));
    case Kind::kList:
    case Kind::kTuple:
      return static_cast<int64_t>(value.items().size());
    case Kind::kDict:
      return static_cast<int64_t>(value.dict().items.size());
    case Kind::kDictView:
      return static_cast<int64_t>(value.object<JinjaDictView>()->dict->items.size());
    case Kind::kRange:
      return value.object<JinjaRange>()->size;
    default:
      return std::nullopt;
  }
}

bool JinjaIterable(const JinjaValue& value) {
  const Kind kind = value.kind();
  return kind == Kind::kUndefined || kind == Kind::kIterator || JinjaLength(value).has_value();
}

Next JinjaIterate(JinjaHeap* heap, const JinjaValue& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return [] { return std::nullopt; };
    case Kind::kString:
      return IterateText(value.text(), value.markup());
    case Kind::kList:
    case Kind::kTuple:
      return [items = &value.items(), i = size_t{0}]() mutable -> std::optional<JinjaValue> {
        return i < items->size() ? std::optional((*items)[i++]) : std::nullopt;
      };
    case Kind::kDict:
      return IterateDict(heap, &value.dict(), JinjaDictView::What::kKeys);
    case Kind::kDictView:
      return IterateDict(heap, value.object<JinjaDictView>()->dict, value.object<JinjaDictView>()->what);
    case Kind::kRange:
      return [range = value.object<JinjaRange>(), i = int64_t{0}]() mutable -> std::optional<JinjaValue> {
        return i < range->size ? std::optional(JinjaValue::Int(range->At(i++))) : std::nullopt;
      };
    case Kind::kIterator:
      return [heap, iterator = value.object<JinjaIterator>()] {
        const JinjaHeap::Depth depth(heap);  // one may draw on another, and that on another
        return iterator->next();
      };
    default:
      throw JinjaFailure(Concat("'", JinjaTypeName(value), "' object is not iterable"));
  }
}

std::vector<JinjaValue> JinjaItems(JinjaHeap* heap, const JinjaValue& value) {
  std::vector<JinjaValue> items;
  const Next next = JinjaIterate(heap, value);
  while (auto item = next()) {
    heap->Step();
    heap->Charge(sizeof(JinjaValue));
    items.push_back(*item);
  }
  return items;
}

}  // namespace temper
