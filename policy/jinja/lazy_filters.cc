// Filters that give their items one by one, as jinja2's generators: an item is worked on when somebody asks for it.
#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/filter_table.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

using Next = std::function<std::optional<Value>()>;

// An iterator whose items are begun with the first that is asked for, so that mistakes show where jinja2 shows them.
Value Lazily(Heap* heap, std::function<Next()> begin) {
  return heap->Iterator([begin = std::move(begin), next = Next()]() mutable {
    if (!next) next = begin();
    return next();
  });
}

std::optional<Value> NoMore() { return std::nullopt; }

// The function that map applies to an item.
std::function<Value(const Value&)> Mapping(Heap* heap, const Arguments& arguments) {
  if (!arguments.positional.empty()) {
    const Value name = arguments.positional[0];
    const Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.keyword};
    return [=](const Value& item) { return CallFilter(heap, TextArgument(name, "the filter of map"), item, rest); };
  }
  const auto bound = Bind(arguments, "map", {"attribute", "default"});
  if (bound[0].Is(Kind::kMissing)) throw Failure("map requires a filter argument");
  return [=](const Value& item) { return Path(heap, item, bound[0], bound[1]); };
}

Value Map(Heap* heap, const Value& value, const Arguments& arguments) {
  return Lazily(heap, [=]() -> Next {
    if (!Truth(value)) return NoMore;
    return [function = Mapping(heap, arguments), next = Iterate(heap, value), heap]() -> std::optional<Value> {
      heap->Step();
      const auto item = next();
      return item.has_value() ? std::optional(function(*item)) : std::nullopt;
    };
  });
}

// Whether select keeps an item: by its truth or by a test, of the item itself or of an attribute.
std::function<bool(const Value&)> Choice(Heap* heap, const Arguments& arguments, bool of_attribute) {
  const std::vector<Value>& given = arguments.positional;
  const size_t test_at = of_attribute ? 1 : 0;
  if (given.size() < test_at) throw Failure("Missing parameter for attribute name");
  const auto subject = [=](const Value& item) { return of_attribute ? Path(heap, item, given[0]) : item; };
  if (given.size() == test_at) return [=](const Value& item) { return Truth(subject(item)); };
  const Value test = given[test_at];
  const Arguments rest{{given.begin() + static_cast<std::ptrdiff_t>(test_at) + 1, given.end()}, arguments.keyword};
  return [=](const Value& item) { return CallTest(heap, TextArgument(test, "the test of select"), subject(item), rest); };
}

Value Choose(Heap* heap, const Value& value, const Arguments& arguments, bool of_attribute, bool keep) {
  return Lazily(heap, [=]() -> Next {
    if (!Truth(value)) return NoMore;
    return [choice = Choice(heap, arguments, of_attribute), next = Iterate(heap, value), keep, heap]() -> std::optional<Value> {
      while (const auto item = next()) {
        heap->Step();
        if (choice(*item) == keep) return item;
      }
      return std::nullopt;
    };
  });
}

Value Select(Heap* heap, const Value& value, const Arguments& arguments) { return Choose(heap, value, arguments, false, true); }
Value Reject(Heap* heap, const Value& value, const Arguments& arguments) { return Choose(heap, value, arguments, false, false); }
Value SelectAttr(Heap* heap, const Value& value, const Arguments& arguments) { return Choose(heap, value, arguments, true, true); }
Value RejectAttr(Heap* heap, const Value& value, const Arguments& arguments) { return Choose(heap, value, arguments, true, false); }

Value Items(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "items", {});
  return Lazily(heap, [=]() -> Next {
    if (value.is_undefined()) return NoMore;
    if (!value.Is(Kind::kDict)) throw Failure("Can only get item pairs from a mapping.");
    auto* view = heap->New<DictView>();
    view->dict = &value.dict();
    return Iterate(heap, Value::Object(Kind::kDictView, view));
  });
}

Value Unique(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "unique", {"case_sensitive", "attribute"});
  return Lazily(heap, [=]() -> Next {
    auto* seen = heap->New<Dict>();
    return [=, next = Iterate(heap, value)]() -> std::optional<Value> {
      while (const auto item = next()) {
        const bool by_attribute = !bound[1].Is(Kind::kMissing) && !bound[1].is_none();
        Value key = by_attribute ? Path(heap, *item, bound[1]) : *item;
        if (key.is_string() && !Truth(bound[0])) key = heap->Text(PythonLower(key.text()));
        const size_t before = seen->items.size();
        Set(heap, seen, key, Value::None());
        if (seen->items.size() > before) return item;
      }
      return std::nullopt;
    };
  });
}

}  // namespace

const FilterTable& LazyFilters() {
  static const FilterTable kFilters = {{"items", Items},   {"map", Map},       {"reject", Reject},        {"rejectattr", RejectAttr},
                                       {"select", Select}, {"unique", Unique}, {"selectattr", SelectAttr}};
  return kFilters;
}

}  // namespace temper::jinja
