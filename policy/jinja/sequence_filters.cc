// Filters of lists and dicts that give a whole result.
#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/filter_table.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

bool Given(const Value& value) { return !value.Is(Kind::kMissing) && !value.is_none(); }

// What items are compared by: an attribute or the item itself; texts in lower case unless `case_sensitive`.
Value SortKey(Heap* heap, const Value& item, const Value& attribute, bool case_sensitive) {
  const Value key = Given(attribute) ? Path(heap, item, attribute) : item;
  if (case_sensitive || !key.is_string()) return key;
  heap->Scan(16 * key.text().size());
  return heap->Text(PythonLower(key.text()));
}

// Sorts by keys; equal ones keep their order, also when reversed.
template <typename Item>
std::vector<Value> SortBy(Heap* heap, const std::vector<Item>& items, std::vector<Value> keys, bool reverse) {
  heap->Charge(items.size() * (sizeof(Value) + sizeof(size_t)));
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return reverse ? Less(heap, keys[b], keys[a]) : Less(heap, keys[a], keys[b]); });
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(items[i]);
  return sorted;
}

Value Length(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "length", {});
  if (value.is_string()) heap->Scan(value.text().size());
  const auto length = Length(value);
  if (!length.has_value()) throw Failure(Concat("object of type '", TypeName(value), "' has no len()"));
  return Value::Int(*length);
}

Value ToList(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "list", {});
  return heap->List(Items(heap, value));
}

Value Join(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "join", {"d", "attribute"});
  const std::string_view separator = bound[0].Is(Kind::kMissing) ? "" : Text(heap, bound[0]);
  std::string out;
  bool first = true;
  const auto next = Iterate(heap, value);
  while (const auto item = next()) {
    const size_t before = out.size();
    if (!first) out += separator;
    first = false;
    Print(heap, Given(bound[1]) ? Path(heap, *item, bound[1]) : *item, &out);
    heap->Step();
    heap->Charge(out.size() - before);
  }
  return heap->Text(std::move(out));
}

Value First(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "first", {});
  const auto item = Iterate(heap, value)();
  return item.has_value() ? *item : heap->Undefined("No first item, sequence was empty.");
}

Value Last(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "last", {});
  if (value.Is(Kind::kIterator)) throw Failure("'generator' object is not reversible; put |list before |last");
  RequireDefined(value);
  if (value.is_string() && !value.text().empty()) return Item(heap, value, Value::Int(-1));
  const auto items = Items(heap, value);
  return items.empty() ? heap->Undefined("No last item, sequence was empty.") : items.back();
}

Value Reverse(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "reverse", {});
  if (value.is_string()) return Slice(heap, value, Value::None(), Value::None(), Value::Int(-1));
  if (!Iterable(value)) throw Failure("argument must be iterable");
  auto items = Items(heap, value);
  std::reverse(items.begin(), items.end());
  const Value reversed = heap->List(std::move(items));
  return value.Is(Kind::kIterator) ? reversed : heap->Iterator(Iterate(heap, reversed));
}

Value Sort(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "sort", {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = Truth(bound[1]);
  const std::vector<Value> items = Items(heap, value);
  std::vector<Value> paths = {bound[2]};
  if (bound[2].is_string()) {
    paths.clear();
    for (const std::string_view path : PythonSplit(bound[2].text(), ",", -1)) paths.push_back(Value::String(path));
  }
  std::vector<Value> keys;
  for (const Value& item : items) {
    std::vector<Value> parts;
    for (const Value& path : paths) parts.push_back(SortKey(heap, item, path, case_sensitive));
    keys.push_back(heap->List(std::move(parts)));
  }
  return heap->List(SortBy(heap, items, std::move(keys), Truth(bound[0])));
}

Value DictSort(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "dictsort", {"case_sensitive", "by", "reverse"});
  const std::string_view by = bound[1].Is(Kind::kMissing) ? "key" : TextArgument(bound[1], "by");
  if (by != "key" && by != "value") throw Failure("You can only sort by either \"key\" or \"value\"");
  RequireDefined(value);
  if (!value.Is(Kind::kDict)) throw Failure(Concat("dictsort needs a dict, not ", TypeName(value)));
  std::vector<Value> items;
  std::vector<Value> keys;
  for (const auto& [key, item] : value.dict().items) {
    items.push_back(heap->Tuple({key, item}));
    keys.push_back(SortKey(heap, by == "key" ? key : item, {}, Truth(bound[0])));
  }
  return heap->List(SortBy(heap, items, std::move(keys), Truth(bound[2])));
}

// The smallest item, or with `largest` the largest; the first of equal ones.
Value Extreme(Heap* heap, const Value& value, const Arguments& arguments, bool largest) {
  const auto bound = Bind(arguments, largest ? "max" : "min", {"case_sensitive", "attribute"});
  const std::vector<Value> items = Items(heap, value);
  if (items.empty()) return heap->Undefined("No aggregated item, sequence was empty.");
  size_t best = 0;
  Value best_key = SortKey(heap, items[0], bound[1], Truth(bound[0]));
  for (size_t i = 1; i < items.size(); ++i) {
    const Value key = SortKey(heap, items[i], bound[1], Truth(bound[0]));
    if (!(largest ? Less(heap, best_key, key) : Less(heap, key, best_key))) continue;
    best = i;
    best_key = key;
  }
  return items[best];
}

Value Min(Heap* heap, const Value& value, const Arguments& arguments) { return Extreme(heap, value, arguments, false); }
Value Max(Heap* heap, const Value& value, const Arguments& arguments) { return Extreme(heap, value, arguments, true); }

Value Sum(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "sum", {"attribute", "start"});
  Value total = bound[1].Is(Kind::kMissing) ? Value::Int(0) : bound[1];
  if (total.is_string()) throw Failure("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : Items(heap, value)) {
    total = Apply(heap, Operator::kAdd, total, Given(bound[0]) ? Path(heap, item, bound[0]) : item);
  }
  return total;
}

}  // namespace

const FilterTable& SequenceFilters() {
  static const FilterTable kFilters = {{"count", Length}, {"dictsort", DictSort}, {"first", First}, {"join", Join},
                                       {"last", Last},    {"length", Length},     {"list", ToList}, {"max", Max},
                                       {"min", Min},      {"reverse", Reverse},   {"sort", Sort},   {"sum", Sum}};
  return kFilters;
}

}  // namespace temper::jinja
