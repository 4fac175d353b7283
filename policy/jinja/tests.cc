// The tests behind `is`.
#include <map>

#include "cluster/base/error.h"
#include "policy/jinja/call.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper {
namespace {

using Kind = JinjaKind;
using Value = JinjaValue;

// Tests of the value alone, and those that compare it with one argument.
using Predicate = bool (*)(JinjaHeap* heap, const Value& value);
using Relation = bool (*)(JinjaHeap* heap, const Value& value, const Value& other);

bool IsTrue(const Value& value) { return value.Is(Kind::kBool) && value.integer() != 0; }

bool Remainder(JinjaHeap* heap, const Value& value, const Value& divisor, int64_t remainder) {
  return JinjaEqual(heap, JinjaApply(heap, JinjaOperator::kModulo, value, divisor), Value::Int(remainder));
}

bool IsSequence(JinjaHeap*, const Value& value) {
  return value.is_undefined() || value.is_string() || value.is_sequence() || value.Is(Kind::kDict) || value.Is(Kind::kRange);
}

bool IsCallable(JinjaHeap*, const Value& value) {
  return value.is_undefined() || value.Is(Kind::kMacro) || value.Is(Kind::kMethod) || value.Is(Kind::kGlobal) || value.Is(Kind::kLoop);
}

// Whether both are one object. Equal texts and equal numbers count as one.
bool IsSame(JinjaHeap* heap, const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  const bool scalar = a.is_number() || a.is_string() || a.is_none() || a.is_undefined();
  return scalar ? JinjaEqual(heap, a, b) : a.object<JinjaObject>() == b.object<JinjaObject>();
}

const std::map<std::string_view, Predicate>& Predicates() {
  static const std::map<std::string_view, Predicate> kPredicates = {
      {"boolean", [](JinjaHeap*, const Value& v) { return v.Is(Kind::kBool); }},
      {"callable", IsCallable},
      {"defined", [](JinjaHeap*, const Value& v) { return !v.is_undefined(); }},
      {"escaped", [](JinjaHeap*, const Value& v) { return v.markup(); }},
      {"even", [](JinjaHeap* heap, const Value& v) { return Remainder(heap, v, Value::Int(2), 0); }},
      {"false", [](JinjaHeap*, const Value& v) { return v.Is(Kind::kBool) && v.integer() == 0; }},
      {"filter", [](JinjaHeap*, const Value& v) { return v.is_string() && JinjaIsFilter(v.text()); }},
      {"float", [](JinjaHeap*, const Value& v) { return v.Is(Kind::kFloat); }},
      {"integer", [](JinjaHeap*, const Value& v) { return v.Is(Kind::kInt); }},
      {"iterable", [](JinjaHeap*, const Value& v) { return JinjaIterable(v); }},
      {"lower", [](JinjaHeap* heap, const Value& v) { return *PythonIs("islower", JinjaText(heap, v)); }},
      {"mapping", [](JinjaHeap*, const Value& v) { return v.Is(Kind::kDict); }},
      {"none", [](JinjaHeap*, const Value& v) { return v.is_none(); }},
      {"number", [](JinjaHeap*, const Value& v) { return v.is_number(); }},
      {"odd", [](JinjaHeap* heap, const Value& v) { return Remainder(heap, v, Value::Int(2), 1); }},
      {"sequence", IsSequence},
      {"string", [](JinjaHeap*, const Value& v) { return v.is_string(); }},
      {"test", [](JinjaHeap*, const Value& v) { return v.is_string() && JinjaIsTest(v.text()); }},
      {"true", [](JinjaHeap*, const Value& v) { return IsTrue(v); }},
      {"undefined", [](JinjaHeap*, const Value& v) { return v.is_undefined(); }},
      {"upper", [](JinjaHeap* heap, const Value& v) { return *PythonIs("isupper", JinjaText(heap, v)); }}};
  return kPredicates;
}

template <JinjaComparison kOperator>
bool Compare(JinjaHeap* heap, const Value& a, const Value& b) {
  return JinjaCompare(heap, kOperator, a, b);
}

const std::map<std::string_view, Relation>& Relations() {
  using C = JinjaComparison;
  static const std::map<std::string_view, Relation> kRelations = {
      {"!=", Compare<C::kNotEqual>},
      {"<", Compare<C::kLess>},
      {"<=", Compare<C::kLessEqual>},
      {"==", Compare<C::kEqual>},
      {">", Compare<C::kGreater>},
      {">=", Compare<C::kGreaterEqual>},
      {"divisibleby", [](JinjaHeap* heap, const Value& a, const Value& b) { return Remainder(heap, a, b, 0); }},
      {"eq", Compare<C::kEqual>},
      {"equalto", Compare<C::kEqual>},
      {"ge", Compare<C::kGreaterEqual>},
      {"greaterthan", Compare<C::kGreater>},
      {"gt", Compare<C::kGreater>},
      {"in", Compare<C::kIn>},
      {"le", Compare<C::kLessEqual>},
      {"lessthan", Compare<C::kLess>},
      {"lt", Compare<C::kLess>},
      {"ne", Compare<C::kNotEqual>},
      {"sameas", IsSame}};
  return kRelations;
}

}  // namespace

bool JinjaIsTest(std::string_view name) { return Predicates().count(name) + Relations().count(name) > 0; }

bool JinjaCallTest(JinjaHeap* heap, std::string_view name, const JinjaValue& value, const JinjaArguments& arguments) {
  if (const auto found = Predicates().find(name); found != Predicates().end()) {
    JinjaBind(arguments, name, {});
    return found->second(heap, value);
  }
  if (const auto found = Relations().find(name); found != Relations().end()) {
    return found->second(heap, value, JinjaBind(arguments, name, {"other"}, 1)[0]);
  }
  throw JinjaFailure(Concat("no test named '", name, "' is supported"));
}

}  // namespace temper
