// Filters of lists and dicts that give a whole result.
#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/filter_table.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper {
namespace {

using Kind = JinjaKind;
using Value = JinjaValue;
using Arguments = JinjaArguments;

bool Given(const Value& value) { return !value.Is(Kind::kMissing) && !value.is_none(); }

// What items are compared by: an attribute or the item itself; texts in lower case unless `case_sensitive`.
Value SortKey(JinjaHeap* heap, const Value& item, const Value& attribute, bool case_sensitive) {
  const Value key = Given(attribute) ? JinjaPath(heap, item, attribute) : item;
  if (case_sensitive || !key.is_string()) return key;
  heap->Scan(16 * key.text().size());
  return heap->Text(PythonLower(key.text()));
}

// Sorts by keys; equal ones keep their order, also when reversed.
template <typename Item>
std::vector<Value> SortBy(JinjaHeap* heap, const std::vector<Item>& items, std::vector<Value> keys, bool reverse) {
  heap->Charge(items.size() * (sizeof(Value) + sizeof(size_t)));
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return reverse ? JinjaLess(heap, keys[b], keys[a]) : JinjaLess(heap, keys[a], keys[b]); });
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(items[i]);
  return sorted;
}

Value Length(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  JinjaBind(arguments, "length", {});
  if (value.is_string()) heap->Scan(value.text().size());
  const auto length = JinjaLength(value);
  if (!length.has_value()) throw JinjaFailure(Concat("object of type '", JinjaTypeName(value), "' has no len()"));
  return Value::Int(*length);
}

Value ToList(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  JinjaBind(arguments, "list", {});
  return heap->List(JinjaItems(heap, value));
}

Value Join(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = JinjaBind(arguments, "join", {"d", "attribute"});
  const std::string_view separator = bound[0].Is(Kind::kMissing) ? "" : JinjaText(heap, bound[0]);
  std::string out;
  bool first = true;
  const auto next = JinjaIterate(heap, value);
  while (const auto item = next()) {
    const size_t before = out.size();
    if (!first) out += separator;
    first = false;
    JinjaPrint(heap, Given(bound[1]) ? JinjaPath(heap, *item, bound[1]) : *item, &out);
    heap->Step();
    heap->Charge(out.size() - before);
  }
  return heap->Text(std::move(out));
}

Value First(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  JinjaBind(arguments, "first", {});
  const auto item = JinjaIterate(heap, value)();
  return item.has_value() ? *item : heap->Undefined("No first item, sequence was empty.");
}

Value Last(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  JinjaBind(arguments, "last", {});
  if (value.Is(Kind::kIterator)) throw JinjaFailure("'generator' object is not reversible; put |list before |last");
  JinjaRequireDefined(value);
  if (value.is_string() && !value.text().empty()) return JinjaItem(heap, value, Value::Int(-1));
  const auto items = JinjaItems(heap, value);
  return items.empty() ? heap->Undefined("No last item, sequence was empty.") : items.back();
}

Value Reverse(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  JinjaBind(arguments, "reverse", {});
  if (value.is_string()) return JinjaSlice(heap, value, Value::None(), Value::None(), Value::Int(-1));
  if (!JinjaIterable(value)) throw JinjaFailure("argument must be iterable");
  auto items = JinjaItems(heap, value);
  std::reverse(items.begin(), items.end());
  const Value reversed = heap->List(std::move(items));
  return value.Is(Kind::kIterator) ? reversed : heap->Iterator(JinjaIterate(heap, reversed));
}

Value Sort(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = JinjaBind(arguments, "sort", {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = JinjaTruth(bound[1]);
  const std::vector<Value> items = JinjaItems(heap, value);
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
  return heap->List(SortBy(heap, items, std::move(keys), JinjaTruth(bound[0])));
}

Value DictSort(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = JinjaBind(arguments, "dictsort", {"case_sensitive", "by", "reverse"});
  const std::string_view by = bound[1].Is(Kind::kMissing) ? "key" : JinjaTextArgument(bound[1], "by");
  if (by != "key" && by != "value") throw JinjaFailure("You can only sort by either \"key\" or \"value\"");
  JinjaRequireDefined(value);
  if (!value.Is(Kind::kDict)) throw JinjaFailure(Concat("dictsort needs a dict, not ", JinjaTypeName(value)));
  std::vector<Value> items;
  std::vector<Value> keys;
  for (const auto& [key, item] : value.dict().items) {
    items.push_back(heap->Tuple({key, item}));
    keys.push_back(SortKey(heap, by == "key" ? key : item, {}, JinjaTruth(bound[0])));
  }
  return heap->List(SortBy(heap, items, std::move(keys), JinjaTruth(bound[2])));
}

// The smallest item, or with `largest` the largest; the first of equal ones.
Value Extreme(JinjaHeap* heap, const Value& value, const Arguments& arguments, bool largest) {
  const auto bound = JinjaBind(arguments, largest ? "max" : "min", {"case_sensitive", "attribute"});
  const std::vector<Value> items = JinjaItems(heap, value);
  if (items.empty()) return heap->Undefined("No aggregated item, sequence was empty.");
  size_t best = 0;
  Value best_key = SortKey(heap, items[0], bound[1], JinjaTruth(bound[0]));
  for (size_t i = 1; i < items.size(); ++i) {
    const Value key = SortKey(heap, items[i], bound[1], JinjaTruth(bound[0]));
    if (!(largest ? JinjaLess(heap, best_key, key) : JinjaLess(heap, key, best_key))) continue;
    best = i;
    best_key = key;
  }
  return items[best];
}

Value Min(JinjaHeap* heap, const Value& value, const Arguments& arguments) { return Extreme(heap, value, arguments, false); }
Value Max(JinjaHeap* heap, const Value& value, const Arguments& arguments) { return Extreme(heap, value, arguments, true); }

Value Sum(JinjaHeap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = JinjaBind(arguments, "sum", {"attribute", "start"});
  Value total = bound[1].Is(Kind::kMissing) ? Value::Int(0) : bound[1];
  if (total.is_string()) throw JinjaFailure("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : JinjaItems(heap, value)) {
    total = JinjaApply(heap, JinjaOperator::kAdd, total, Given(bound[0]) ? JinjaPath(heap, item, bound[0]) : item);
  }
  return total;
}

}  // namespace

const JinjaFilterTable& JinjaSequenceFilters() {
  static const JinjaFilterTable kFilters = {{"count", Length}, {"dictsort", DictSort}, {"first", First}, {"join", Join},
                                            {"last", Last},    {"length", Length},     {"list", ToList}, {"max", Max},
                                            {"min", Min},      {"reverse", Reverse},   {"sort", Sort},   {"sum", Sum}};
  return kFilters;
}

}  // namespace temper
