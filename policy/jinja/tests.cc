// The tests behind `is`.
#include <map>

#include "cluster/base/error.h"
#include "policy/jinja/call.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

// Tests of the value alone, and those that compare it with one argument.
using Predicate = bool (*)(Heap* heap, const Value& value);
using Relation = bool (*)(Heap* heap, const Value& value, const Value& other);

bool IsTrue(const Value& value) { return value.Is(Kind::kBool) && value.integer() != 0; }

bool Remainder(Heap* heap, const Value& value, const Value& divisor, int64_t remainder) {
  return Equal(heap, Apply(heap, Operator::kModulo, value, divisor), Value::Int(remainder));
}

bool IsSequence(Heap*, const Value& value) {
  return value.is_undefined() || value.is_string() || value.is_sequence() || value.Is(Kind::kDict) || value.Is(Kind::kRange);
}

bool IsCallable(Heap*, const Value& value) {
  return value.is_undefined() || value.Is(Kind::kMacro) || value.Is(Kind::kMethod) || value.Is(Kind::kGlobal) || value.Is(Kind::kLoop);
}

// Whether both are one object. Equal texts and equal numbers count as one.
bool IsSame(Heap* heap, const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  const bool scalar = a.is_number() || a.is_string() || a.is_none() || a.is_undefined();
  return scalar ? Equal(heap, a, b) : a.object<Object>() == b.object<Object>();
}

const std::map<std::string_view, Predicate>& Predicates() {
  static const std::map<std::string_view, Predicate> kPredicates = {
      {"boolean", [](Heap*, const Value& v) { return v.Is(Kind::kBool); }},
      {"callable", IsCallable},
      {"defined", [](Heap*, const Value& v) { return !v.is_undefined(); }},
      {"escaped", [](Heap*, const Value& v) { return v.markup(); }},
      {"even", [](Heap* heap, const Value& v) { return Remainder(heap, v, Value::Int(2), 0); }},
      {"false", [](Heap*, const Value& v) { return v.Is(Kind::kBool) && v.integer() == 0; }},
      {"filter", [](Heap*, const Value& v) { return v.is_string() && IsFilter(v.text()); }},
      {"float", [](Heap*, const Value& v) { return v.Is(Kind::kFloat); }},
      {"integer", [](Heap*, const Value& v) { return v.Is(Kind::kInt); }},
      {"iterable", [](Heap*, const Value& v) { return Iterable(v); }},
      {"lower", [](Heap* heap, const Value& v) { return *PythonIs("islower", Text(heap, v)); }},
      {"mapping", [](Heap*, const Value& v) { return v.Is(Kind::kDict); }},
      {"none", [](Heap*, const Value& v) { return v.is_none(); }},
      {"number", [](Heap*, const Value& v) { return v.is_number(); }},
      {"odd", [](Heap* heap, const Value& v) { return Remainder(heap, v, Value::Int(2), 1); }},
      {"sequence", IsSequence},
      {"string", [](Heap*, const Value& v) { return v.is_string(); }},
      {"test", [](Heap*, const Value& v) { return v.is_string() && IsTest(v.text()); }},
      {"true", [](Heap*, const Value& v) { return IsTrue(v); }},
      {"undefined", [](Heap*, const Value& v) { return v.is_undefined(); }},
      {"upper", [](Heap* heap, const Value& v) { return *PythonIs("isupper", Text(heap, v)); }}};
  return kPredicates;
}

template <Comparison kOperator>
bool Compare(Heap* heap, const Value& a, const Value& b) {
  return Compare(heap, kOperator, a, b);
}

const std::map<std::string_view, Relation>& Relations() {
  using C = Comparison;
  static const std::map<std::string_view, Relation> kRelations = {
      {"!=", Compare<C::kNotEqual>},
      {"<", Compare<C::kLess>},
      {"<=", Compare<C::kLessEqual>},
      {"==", Compare<C::kEqual>},
      {">", Compare<C::kGreater>},
      {">=", Compare<C::kGreaterEqual>},
      {"divisibleby", [](Heap* heap, const Value& a, const Value& b) { return Remainder(heap, a, b, 0); }},
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

bool IsTest(std::string_view name) { return Predicates().count(name) + Relations().count(name) > 0; }

bool CallTest(Heap* heap, std::string_view name, const Value& value, const Arguments& arguments) {
  if (const auto found = Predicates().find(name); found != Predicates().end()) {
    Bind(arguments, name, {});
    return found->second(heap, value);
  }
  if (const auto found = Relations().find(name); found != Relations().end()) {
    return found->second(heap, value, Bind(arguments, name, {"other"}, 1)[0]);
  }
  throw Failure(Concat("no test named '", name, "' is supported"));
}

}  // namespace temper::jinja
