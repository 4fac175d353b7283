#include "policy/jinja/access.h"

#include <algorithm>
#include <array>
#include <limits>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/loop.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

template <size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Python's methods of each type. What they do is in methods.cc; one that is not there is refused when it is called.
constexpr std::array<std::string_view, 47> kTextMethods = {
    "capitalize",   "casefold", "center",   "count",   "encode",    "endswith",   "expandtabs",   "find",      "format",    "format_map",
    "index",        "isalnum",  "isalpha",  "isascii", "isdecimal", "isdigit",    "isidentifier", "islower",   "isnumeric", "isprintable",
    "isspace",      "istitle",  "isupper",  "join",    "ljust",     "lower",      "lstrip",       "maketrans", "partition", "removeprefix",
    "removesuffix", "replace",  "rfind",    "rindex",  "rjust",     "rpartition", "rsplit",       "rstrip",    "split",     "splitlines",
    "startswith",   "strip",    "swapcase", "title",   "translate", "upper",      "zfill"};
constexpr std::array<std::string_view, 6> kDictMethods = {"copy", "fromkeys", "get", "items", "keys", "values"};
constexpr std::array<std::string_view, 5> kDictChanges = {"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::array<std::string_view, 3> kListMethods = {"copy", "count", "index"};
constexpr std::array<std::string_view, 8> kListChanges = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr std::array<std::string_view, 2> kTupleMethods = {"count", "index"};

enum class Found { kNo, kMethod, kUnsafe };

Found FindMethod(const Value& value, std::string_view name) {
  const auto among = [&](const auto& methods) { return IsOneOf(name, methods) ? Found::kMethod : Found::kNo; };
  switch (value.kind()) {
    case Kind::kString:
      return among(kTextMethods);
    case Kind::kDict:
      return IsOneOf(name, kDictChanges) ? Found::kUnsafe : among(kDictMethods);
    case Kind::kList:
      return IsOneOf(name, kListChanges) ? Found::kUnsafe : among(kListMethods);
    case Kind::kTuple:
    case Kind::kRange:
      return among(kTupleMethods);
    case Kind::kLoop:
      return name == "cycle" || name == "changed" ? Found::kMethod : Found::kNo;
    case Kind::kGlobal:
      return value.object<Global>()->name == "dict" && name == "fromkeys" ? Found::kMethod : Found::kNo;
    default:
      return Found::kNo;
  }
}

// What Python's getattr finds; nothing where it finds none.
std::optional<Value> PythonAttribute(Heap* heap, const Value& value, std::string_view name) {
  if (value.Is(Kind::kNamespace)) {
    const Value* found = value.object<Namespace>()->attributes.Find(name);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (value.Is(Kind::kLoop)) {
    if (const auto found = value.object<Loop>()->Attribute(heap, name)) return found;
  }
  if (value.Is(Kind::kMacro) && name == "name") return Value::String(value.object<Macro>()->name);
  switch (FindMethod(value, name)) {
    case Found::kNo:
      return std::nullopt;
    case Found::kUnsafe:
      return heap->Undefined(Concat("access to attribute '", name, "' of '", TypeName(value), "' object is unsafe."));
    case Found::kMethod:
      break;
  }
  auto* method = heap->New<Method>();
  method->receiver = value;
  method->name = name;
  return Value::Object(Kind::kMethod, method);
}

std::string ObjectName(const Value& value) {
  return value.is_none() ? "None" : Concat(value.markup() ? "markupsafe." : "", TypeName(value), " object");
}

Value NoAttribute(Heap* heap, const Value& value, std::string_view name) {
  return heap->Undefined(Concat("'", ObjectName(value), "' has no attribute '", name, "'"));
}

// The place a Python index means among `size` items; nothing where it is outside.
std::optional<size_t> Place(Integer index, size_t size) {
  const auto count = static_cast<Integer>(size);
  if (index < 0) index += count;
  return index >= 0 && index < count ? std::optional(static_cast<size_t>(index)) : std::nullopt;
}

// What Python's value[key] finds; nothing where it raises a TypeError or LookupError.
std::optional<Value> PythonItem(Heap* heap, const Value& value, const Value& key) {
  if (value.Is(Kind::kDict)) {
    if (!Hashable(heap, key)) return std::nullopt;
    const Value* found = value.dict().Find(heap, key);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (!key.is_integral()) return std::nullopt;
  if (value.is_sequence()) {
    const auto place = Place(key.integer(), value.items().size());
    return place.has_value() ? std::optional(value.items()[*place]) : std::nullopt;
  }
  if (value.is_string()) {
    heap->Scan(value.text().size());
    const auto place = Place(key.integer(), CountCodePoints(value.text()));
    if (!place.has_value()) return std::nullopt;
    const size_t at = ByteOffset(value.text(), *place);
    return Value::String(value.text().substr(at, Utf8Length(value.text(), at)), value.markup());
  }
  if (value.Is(Kind::kRange)) {
    const auto* range = value.object<Range>();
    const auto place = Place(key.integer(), static_cast<size_t>(range->size));
    return place.has_value() ? std::optional(Value::Int(range->At(static_cast<int64_t>(*place)))) : std::nullopt;
  }
  return std::nullopt;
}

// A slice made concrete for `size` items: `count` items from `first` on, each `step` after the one before.
struct Picked {
  int64_t first = 0;
  int64_t step = 1;
  int64_t count = 0;
};

std::optional<Integer> Bound(const Value& value) {
  if (value.is_none()) return std::nullopt;
  if (!value.is_integral()) throw Failure("slice indices must be integers or None or have an __index__ method");
  return value.integer();
}

Picked Pick(const Value& start, const Value& stop, const Value& step_value, int64_t size) {
  constexpr Integer kFar = std::numeric_limits<int32_t>::max();
  const Integer step = std::clamp(Bound(step_value).value_or(1), -kFar, kFar);
  if (step == 0) throw Failure("slice step cannot be zero");
  const Integer lowest = step < 0 ? -1 : 0;
  const Integer highest = step < 0 ? size - 1 : size;
  const auto clamp = [&](std::optional<Integer> bound, Integer absent) {
    if (!bound.has_value()) return absent;
    return std::clamp(*bound < 0 ? *bound + size : *bound, lowest, highest);
  };
  const Integer from = clamp(Bound(start), step < 0 ? highest : lowest);
  const Integer to = clamp(Bound(stop), step < 0 ? lowest : highest);
  const Integer distance = step < 0 ? from - to : to - from;
  const Integer stride = step < 0 ? -step : step;
  return {static_cast<int64_t>(from), static_cast<int64_t>(step),
          distance <= 0 ? 0 : static_cast<int64_t>((distance + stride - 1) / stride)};
}

Value SliceText(Heap* heap, const Value& value, const Picked& picked) {
  const std::string_view text = value.text();
  if (picked.count == 0) return Value::String("", value.markup());
  if (picked.step == 1) {
    const size_t begin = ByteOffset(text, static_cast<size_t>(picked.first));
    const size_t length = ByteOffset(text.substr(begin), static_cast<size_t>(picked.count));
    return Value::String(text.substr(begin, length), value.markup());
  }
  heap->Charge(text.size() * sizeof(size_t));
  std::vector<size_t> offsets;
  for (size_t at = 0; at < text.size(); at += Utf8Length(text, at)) offsets.push_back(at);
  std::string out;
  for (int64_t i = 0; i < picked.count; ++i) {
    const size_t at = offsets[static_cast<size_t>(picked.first + i * picked.step)];
    out += text.substr(at, Utf8Length(text, at));
  }
  return heap->Text(std::move(out), value.markup());
}

Value SliceRange(Heap* heap, const Range& range, const Picked& picked) {
  auto* made = heap->New<Range>();
  made->start = range.At(picked.first);
  made->step = range.step * picked.step;
  made->size = picked.count;
  return Value::Object(Kind::kRange, made);
}

}  // namespace

Value Attribute(Heap* heap, const Value& value, std::string_view name) {
  RequireDefined(value);
  if (const auto found = PythonAttribute(heap, value, name)) return *found;
  if (value.Is(Kind::kDict)) {
    if (const Value* found = value.dict().Find(name)) return *found;
  }
  return NoAttribute(heap, value, name);
}

Value Item(Heap* heap, const Value& value, const Value& key) {
  RequireDefined(value);
  if (const auto found = PythonItem(heap, value, key)) return *found;
  if (key.is_string()) {
    if (const auto found = PythonAttribute(heap, value, key.text())) return *found;
    return NoAttribute(heap, value, key.text());
  }
  std::string name;
  Repr(heap, key, &name);
  return heap->Undefined(Concat(ObjectName(value), " has no element ", name));
}

Value Slice(Heap* heap, const Value& value, const Value& start, const Value& stop, const Value& step) {
  RequireDefined(value);
  if (value.is_string()) heap->Scan(2 * value.text().size());
  const auto size = Length(value);
  if (!value.is_string() && !value.is_sequence() && !value.Is(Kind::kRange)) {
    throw Failure(Concat("a ", TypeName(value), " cannot be sliced"));
  }
  const Picked picked = Pick(start, stop, step, *size);
  if (value.is_string()) return SliceText(heap, value, picked);
  if (value.Is(Kind::kRange)) return SliceRange(heap, *value.object<Range>(), picked);
  heap->Charge(static_cast<size_t>(picked.count) * sizeof(Value));
  std::vector<Value> items;
  for (int64_t i = 0; i < picked.count; ++i) items.push_back(value.items()[static_cast<size_t>(picked.first + i * picked.step)]);
  return value.Is(Kind::kList) ? heap->List(std::move(items)) : heap->Tuple(std::move(items));
}

Value Path(Heap* heap, const Value& value, const Value& path, const Value& absent) {
  const auto step = [&](const Value& from, const Value& key) {
    const Value found = Item(heap, from, key);
    return found.is_undefined() && !absent.Is(Kind::kMissing) && !absent.is_none() ? absent : found;
  };
  if (!path.is_string()) return step(value, path);
  Value found = value;
  for (const std::string_view part : PythonSplit(path.text(), ".", -1)) {
    const bool number = PythonIs("isdigit", part).value_or(false) && part.size() < 10;
    found = step(found, number ? Value::Int(std::atoi(std::string(part).c_str())) : Value::String(part));
  }
  return found;
}

}  // namespace temper::jinja
