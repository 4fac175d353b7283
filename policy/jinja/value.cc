#include "policy/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

using Next = std::function<std::optional<Value>()>;

bool EqualItems(Heap* heap, const std::vector<Value>& a, const std::vector<Value>& b) {
  const Heap::Depth depth(heap);
  const auto equal = [heap](const Value& x, const Value& y) { return Equal(heap, x, y); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

bool EqualDicts(Heap* heap, const Dict& a, const Dict& b) {
  const Heap::Depth depth(heap);
  if (a.items.size() != b.items.size()) return false;
  return std::all_of(a.items.begin(), a.items.end(), [&](const auto& item) {
    const Value* other = b.Find(heap, item.first);
    return other != nullptr && Equal(heap, item.second, *other);
  });
}

bool EqualRanges(const Range& a, const Range& b) {
  return a.size == b.size && (a.size == 0 || (a.start == b.start && (a.size == 1 || a.step == b.step)));
}

bool EqualNumbers(const Value& a, const Value& b) {
  if (a.Is(Kind::kFloat) || b.Is(Kind::kFloat)) return a.number() == b.number();
  return a.integer() == b.integer();
}

Next IterateText(std::string_view text, bool markup) {
  return [text, markup, at = size_t{0}]() mutable -> std::optional<Value> {
    if (at == text.size()) return std::nullopt;
    const size_t begin = at;
    at += Utf8Length(text, at);
    return Value::String(text.substr(begin, at - begin), markup);
  };
}

Next IterateDict(Heap* heap, const Dict* dict, DictView::What what) {
  return [=, i = size_t{0}]() mutable -> std::optional<Value> {
    if (i == dict->items.size()) return std::nullopt;
    const auto& [key, value] = dict->items[i++];
    if (what == DictView::What::kKeys) return key;
    return what == DictView::What::kValues ? value : heap->Tuple({key, value});
  };
}

}  // namespace

Value Value::Bool(bool value) {
  Value made = Int(value ? 1 : 0);
  made.kind_ = Kind::kBool;
  return made;
}

Value Value::Int(Integer value) {
  Value made;
  made.kind_ = Kind::kInt;
  made.data_.integer = value;
  return made;
}

Value Value::Float(double value) {
  Value made;
  made.kind_ = Kind::kFloat;
  made.data_.real = value;
  return made;
}

Value Value::String(std::string_view text, bool markup) {
  Value made(Kind::kString, text);
  made.markup_ = markup;
  return made;
}

Value Value::Object(Kind kind, jinja::Object* object) {
  Value made;
  made.kind_ = kind;
  made.data_.object = object;
  return made;
}

Value Value::List(const Sequence* items) { return Object(Kind::kList, const_cast<Sequence*>(items)); }
Value Value::Tuple(const Sequence* items) { return Object(Kind::kTuple, const_cast<Sequence*>(items)); }
Value Value::Dict(const jinja::Dict* dict) { return Object(Kind::kDict, const_cast<jinja::Dict*>(dict)); }
const std::vector<Value>& Value::items() const { return object<Sequence>()->items; }
const jinja::Dict& Value::dict() const { return *object<jinja::Dict>(); }

const Value* Dict::Find(Heap* heap, const Value& key) const {
  for (const auto& [name, value] : items) {
    if (Equal(heap, name, key)) return &value;
  }
  return nullptr;
}

const Value* Dict::Find(std::string_view key) const {
  for (const auto& [name, value] : items) {
    if (name.is_string() && name.text() == key) return &value;
  }
  return nullptr;
}

void Heap::Charge(size_t bytes) {
  bytes_ += std::min(bytes, limits_.bytes + 1);
  if (bytes_ > limits_.bytes) throw Failure(Concat("the template makes more than ", limits_.bytes, " bytes of text and lists"));
}

void Heap::Step(int64_t count) {
  steps_ += count;
  if (steps_ > limits_.steps) throw Failure(Concat("the template takes more than ", limits_.steps, " steps"));
}

Heap::Depth::Depth(Heap* heap) : heap_(heap) {
  if (heap->depth_ >= heap->limits_.depth) throw Failure(Concat("nested more than ", heap->limits_.depth, " levels deep"));
  ++heap->depth_;
}

Value Heap::Text(std::string text, bool markup) {
  Charge(text.size() + sizeof(std::string));
  texts_.push_back(std::move(text));
  return Value::String(texts_.back(), markup);
}

Value Heap::Undefined(std::string message) { return Value::Undefined(Text(std::move(message)).text()); }

Value Heap::List(std::vector<Value> items) {
  Charge(items.size() * sizeof(Value));
  auto* made = New<Sequence>();
  made->items = std::move(items);
  return Value::List(made);
}

Value Heap::Tuple(std::vector<Value> items) { return Value::Object(Kind::kTuple, List(std::move(items)).object<Sequence>()); }

Value Heap::Iterator(Next next) {
  auto* made = New<jinja::Iterator>();
  made->next = std::move(next);
  return Value::Object(Kind::kIterator, made);
}

bool Truth(const Value& value) {
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
      return Length(value).value_or(1) != 0;
  }
}

bool Equal(Heap* heap, const Value& a, const Value& b) {
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
      return EqualRanges(*a.object<Range>(), *b.object<Range>());
    default:
      return a.object<Object>() == b.object<Object>();
  }
}

std::string_view TypeName(const Value& value) {
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
      const auto what = value.object<DictView>()->what;
      return what == DictView::What::kKeys ? "dict_keys" : what == DictView::What::kValues ? "dict_values" : "dict_items";
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

bool Hashable(Heap* heap, const Value& value) {
  heap->Step();
  const Heap::Depth depth(heap);
  if (value.Is(Kind::kTuple)) {
    return std::all_of(value.items().begin(), value.items().end(), [&](const Value& item) { return Hashable(heap, item); });
  }
  return !value.Is(Kind::kList) && !value.Is(Kind::kDict) && !value.Is(Kind::kDictView);
}

void Set(Heap* heap, Dict* dict, const Value& key, const Value& value) {
  if (!Hashable(heap, key)) throw Failure(Concat("unhashable type: '", TypeName(key), "'"));
  for (auto& item : dict->items) {
    if (!Equal(heap, item.first, key)) continue;
    item.second = value;
    return;
  }
  heap->Charge(sizeof(dict->items[0]));
  dict->items.emplace_back(key, value);
}

std::optional<int64_t> Length(const Value& value) {
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
      return static_cast<int64_t>(value.object<DictView>()->dict->items.size());
    case Kind::kRange:
      return value.object<Range>()->size;
    default:
      return std::nullopt;
  }
}

bool Iterable(const Value& value) {
  const Kind kind = value.kind();
  return kind == Kind::kUndefined || kind == Kind::kIterator || Length(value).has_value();
}

Next Iterate(Heap* heap, const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return [] { return std::nullopt; };
    case Kind::kString:
      return IterateText(value.text(), value.markup());
    case Kind::kList:
    case Kind::kTuple:
      return [items = &value.items(), i = size_t{0}]() mutable -> std::optional<Value> {
        return i < items->size() ? std::optional((*items)[i++]) : std::nullopt;
      };
    case Kind::kDict:
      return IterateDict(heap, &value.dict(), DictView::What::kKeys);
    case Kind::kDictView:
      return IterateDict(heap, value.object<DictView>()->dict, value.object<DictView>()->what);
    case Kind::kRange:
      return [range = value.object<Range>(), i = int64_t{0}]() mutable -> std::optional<Value> {
        return i < range->size ? std::optional(Value::Int(range->At(i++))) : std::nullopt;
      };
    case Kind::kIterator:
      return [heap, iterator = value.object<Iterator>()] {
        const Heap::Depth depth(heap);  // one may draw on another, and that on another
        return iterator->next();
      };
    default:
      throw Failure(Concat("'", TypeName(value), "' object is not iterable"));
  }
}

std::vector<Value> Items(Heap* heap, const Value& value) {
  std::vector<Value> items;
  const Next next = Iterate(heap, value);
  while (auto item = next()) {
    heap->Step();
    heap->Charge(sizeof(Value));
    items.push_back(*item);
  }
  return items;
}

}  // namespace temper::jinja
