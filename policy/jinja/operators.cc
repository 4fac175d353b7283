#include "policy/jinja/operators.h"

#include <cmath>
#include <limits>

#include "cluster/base/error.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

[[noreturn]] void Refuse(std::string_view op, const Value& a, const Value& b) {
  throw Failure(Concat("unsupported operand type(s) for ", op, ": '", TypeName(a), "' and '", TypeName(b), "'"));
}

std::string_view SymbolOf(Operator op) {
  static constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  return kSymbols[static_cast<int>(op)];
}

Integer Checked(bool overflow, Integer result) {
  if (overflow) throw Failure("an integer of more than 127 bits");
  return result;
}

Integer FloorDivide(Integer a, Integer b) {
  if (b == 0) throw Failure("integer division or modulo by zero");
  if (b == -1) return Checked(a == std::numeric_limits<Integer>::min(), -a);
  const Integer quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Integer IntegerPower(Integer base, Integer exponent) {
  Integer result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1) {
      const bool overflow = __builtin_mul_overflow(result, base, &result);
      Checked(overflow, result);
    }
    exponent /= 2;
    if (exponent == 0) break;
    const bool overflow = __builtin_mul_overflow(base, base, &base);
    Checked(overflow, base);
  }
  return result;
}

Value ApplyIntegers(Operator op, Integer a, Integer b) {
  Integer result = 0;
  bool overflow = false;
  switch (op) {
    case Operator::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Operator::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Operator::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Operator::kFloorDivide:
      result = FloorDivide(a, b);
      break;
    case Operator::kModulo:
      result = b == -1 ? 0 : a - FloorDivide(a, b) * b;
      break;
    case Operator::kPower:
      if (b < 0 && a == 0) throw Failure("0.0 cannot be raised to a negative power");
      if (b < 0) return Value::Float(std::pow(static_cast<double>(a), static_cast<double>(b)));
      result = IntegerPower(a, b);
      break;
    case Operator::kDivide:
      if (b == 0) throw Failure("division by zero");
      return Value::Float(static_cast<double>(a) / static_cast<double>(b));
  }
  return Value::Int(Checked(overflow, result));
}

// Python's float % and //: the remainder has the divisor's sign.
double FloatModulo(double a, double b) {
  if (b == 0) throw Failure("float modulo");
  const double remainder = std::fmod(a, b);
  if (remainder == 0) return std::copysign(0.0, b);
  return (b < 0) != (remainder < 0) ? remainder + b : remainder;
}

double FloatFloorDivide(double a, double b) {
  if (b == 0) throw Failure("float floor division by zero");
  const double quotient = (a - FloatModulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1.0 : floored;
}

double FloatPower(double a, double b) {
  if (a == 0 && b < 0) throw Failure("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(b) && b != std::floor(b)) throw Failure("a negative number raised to a fraction is not a real number");
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) throw Failure("the result of ** is too large");
  return result;
}

Value ApplyFloats(Operator op, double a, double b) {
  switch (op) {
    case Operator::kAdd:
      return Value::Float(a + b);
    case Operator::kSubtract:
      return Value::Float(a - b);
    case Operator::kMultiply:
      return Value::Float(a * b);
    case Operator::kDivide:
      if (b == 0) throw Failure("float division by zero");
      return Value::Float(a / b);
    case Operator::kFloorDivide:
      return Value::Float(FloatFloorDivide(a, b));
    case Operator::kModulo:
      return Value::Float(FloatModulo(a, b));
    case Operator::kPower:
      return Value::Float(FloatPower(a, b));
  }
  return {};
}

Value AddTexts(Heap* heap, const Value& a, const Value& b) {
  const bool markup = a.markup() || b.markup();
  const std::string_view left = markup && !a.markup() ? Escape(heap, a).text() : a.text();
  const std::string_view right = markup && !b.markup() ? Escape(heap, b).text() : b.text();
  heap->Charge(left.size() + right.size());
  return heap->Text(std::string(left).append(right), markup);
}

Value AddSequences(Heap* heap, const Value& a, const Value& b) {
  heap->Charge((a.items().size() + b.items().size()) * sizeof(Value));
  std::vector<Value> items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.Is(Kind::kList) ? heap->List(std::move(items)) : heap->Tuple(std::move(items));
}

// A text or a sequence times a number; nothing where `a` is neither.
std::optional<Value> Repeat(Heap* heap, const Value& a, const Value& b) {
  if (!b.is_integral() || (!a.is_string() && !a.is_sequence())) return std::nullopt;
  const size_t size = a.is_string() ? a.text().size() : a.items().size() * sizeof(Value);
  const size_t most = heap->limits().bytes + 1;
  const size_t times = b.integer() < 0 ? 0 : b.integer() > static_cast<Integer>(most) ? most : static_cast<size_t>(b.integer());
  if (size == 0 || times == 0) {
    if (a.is_string()) return Value::String("", a.markup());
    return a.Is(Kind::kList) ? heap->List({}) : heap->Tuple({});
  }
  heap->Charge(times > most / size ? most : size * times);
  if (a.is_string()) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += a.text();
    return heap->Text(std::move(text), a.markup());
  }
  std::vector<Value> items;
  for (size_t i = 0; i < times; ++i) items.insert(items.end(), a.items().begin(), a.items().end());
  return a.Is(Kind::kList) ? heap->List(std::move(items)) : heap->Tuple(std::move(items));
}

bool LessSequences(Heap* heap, const Value& a, const Value& b) {
  const Heap::Depth depth(heap);
  for (size_t i = 0; i < a.items().size() && i < b.items().size(); ++i) {
    if (!Equal(heap, a.items()[i], b.items()[i])) return Less(heap, a.items()[i], b.items()[i]);
  }
  return a.items().size() < b.items().size();
}

std::string_view SymbolOf(Comparison op) {
  static constexpr std::string_view kSymbols[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSymbols[static_cast<int>(op)];
}

bool ContainsText(Heap* heap, const Value& text, const Value& part) {
  if (!part.is_string()) {
    throw Failure(Concat("'in <string>' requires string as left operand, not ", TypeName(part)));
  }
  heap->Scan(8 * (text.text().size() + part.text().size()));
  return FindPart(text.text(), part.text()) != std::string_view::npos;
}

}  // namespace

void RequireDefined(const Value& value) {
  if (value.is_undefined()) throw Failure(std::string(value.text()));
}

Value Apply(Heap* heap, Operator op, const Value& a, const Value& b) {
  RequireDefined(a);
  if (op == Operator::kModulo && a.is_string()) return PercentFormat(heap, a, b);
  RequireDefined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return ApplyIntegers(op, a.integer(), b.integer());
    return ApplyFloats(op, a.number(), b.number());
  }
  if (op == Operator::kAdd) {
    if (a.is_string() && b.is_string()) return AddTexts(heap, a, b);
    if (a.is_sequence() && a.kind() == b.kind()) return AddSequences(heap, a, b);
    if (a.is_string() && !b.markup()) throw Failure(Concat("can only concatenate str (not \"", TypeName(b), "\") to str"));
  }
  if (op == Operator::kMultiply) {
    if (const auto repeated = Repeat(heap, a, b)) return *repeated;
    if (const auto repeated = Repeat(heap, b, a)) return *repeated;
  }
  Refuse(SymbolOf(op), a, b);
}

Value Negate(const Value& value, bool minus) {
  RequireDefined(value);
  if (value.Is(Kind::kFloat)) return minus ? Value::Float(-value.real()) : value;
  if (!value.is_integral()) throw Failure(Concat("bad operand type for unary ", minus ? "-" : "+", ": '", TypeName(value), "'"));
  if (!minus) return Value::Int(value.integer());
  Integer negative = 0;
  const bool overflow = __builtin_sub_overflow(Integer{0}, value.integer(), &negative);
  return Value::Int(Checked(overflow, negative));
}

bool Less(Heap* heap, const Value& a, const Value& b) {
  RequireDefined(a);
  RequireDefined(b);
  heap->Step();
  if (a.is_integral() && b.is_integral()) return a.integer() < b.integer();
  if (a.is_number() && b.is_number()) return a.number() < b.number();
  if (a.is_string() && b.is_string()) {
    heap->Scan(std::min(a.text().size(), b.text().size()));
    return a.text() < b.text();  // UTF-8 sorts as the code points do
  }
  if (a.is_sequence() && a.kind() == b.kind()) return LessSequences(heap, a, b);
  throw Failure(Concat("'<' not supported between instances of '", TypeName(a), "' and '", TypeName(b), "'"));
}

bool Contains(Heap* heap, const Value& container, const Value& item) {
  if (container.is_string()) return ContainsText(heap, container, item);
  const auto* view = container.Is(Kind::kDictView) ? container.object<DictView>() : nullptr;
  if (container.Is(Kind::kDict) || (view != nullptr && view->what == DictView::What::kKeys)) {
    if (!Hashable(heap, item)) throw Failure(Concat("unhashable type: '", TypeName(item), "'"));
    return (view != nullptr ? *view->dict : container.dict()).Find(heap, item) != nullptr;
  }
  if (!Iterable(container)) throw Failure(Concat("argument of type '", TypeName(container), "' is not iterable"));
  const auto next = Iterate(heap, container);
  while (const auto candidate = next()) {
    if (Equal(heap, *candidate, item)) return true;
  }
  return false;
}

bool Compare(Heap* heap, Comparison op, const Value& a, const Value& b) {
  switch (op) {
    case Comparison::kEqual:
      return Equal(heap, a, b);
    case Comparison::kNotEqual:
      return !Equal(heap, a, b);
    case Comparison::kIn:
      return Contains(heap, b, a);
    case Comparison::kNotIn:
      return !Contains(heap, b, a);
    default:
      break;
  }
  // A NaN is neither less nor greater, so no operator is the negation of another.
  const bool ordered = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string()) || (a.is_sequence() && a.kind() == b.kind());
  if (!ordered) {
    RequireDefined(a);
    RequireDefined(b);
    throw Failure(Concat("'", SymbolOf(op), "' not supported between instances of '", TypeName(a), "' and '", TypeName(b), "'"));
  }
  const bool greater = op == Comparison::kGreater || op == Comparison::kGreaterEqual;
  const bool strict = greater ? Less(heap, b, a) : Less(heap, a, b);
  const bool or_equal = op == Comparison::kLessEqual || op == Comparison::kGreaterEqual;
  return strict || (or_equal && Equal(heap, a, b));
}

}  // namespace temper::jinja
