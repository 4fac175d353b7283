#include "policy/jinja/operators.h"

#include <cmath>
#include <limits>

#include "cluster/base/error.h"
#include "policy/jinja/print.h"

namespace temper {
namespace {

using Kind = JinjaKind;

[[noreturn]] void Refuse(std::string_view op, const JinjaValue& a, const JinjaValue& b) {
  throw JinjaFailure(Concat("unsupported operand type(s) for ", op, ": '", JinjaTypeName(a), "' and '", JinjaTypeName(b), "'"));
}

std::string_view SymbolOf(JinjaOperator op) {
  static constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  return kSymbols[static_cast<int>(op)];
}

JinjaInt Checked(bool overflow, JinjaInt result) {
  if (overflow) throw JinjaFailure("an integer of more than 127 bits");
  return result;
}

JinjaInt FloorDivide(JinjaInt a, JinjaInt b) {
  if (b == 0) throw JinjaFailure("integer division or modulo by zero");
  if (b == -1) return Checked(a == std::numeric_limits<JinjaInt>::min(), -a);
  const JinjaInt quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

JinjaInt IntegerPower(JinjaInt base, JinjaInt exponent) {
  JinjaInt result = 1;
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

JinjaValue ApplyIntegers(JinjaOperator op, JinjaInt a, JinjaInt b) {
  JinjaInt result = 0;
  bool overflow = false;
  switch (op) {
    case JinjaOperator::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case JinjaOperator::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case JinjaOperator::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case JinjaOperator::kFloorDivide:
      result = FloorDivide(a, b);
      break;
    case JinjaOperator::kModulo:
      result = b == -1 ? 0 : a - FloorDivide(a, b) * b;
      break;
    case JinjaOperator::kPower:
      if (b < 0 && a == 0) throw JinjaFailure("0.0 cannot be raised to a negative power");
      if (b < 0) return JinjaValue::Float(std::pow(static_cast<double>(a), static_cast<double>(b)));
      result = IntegerPower(a, b);
      break;
    case JinjaOperator::kDivide:
      if (b == 0) throw JinjaFailure("division by zero");
      return JinjaValue::Float(static_cast<double>(a) / static_cast<double>(b));
  }
  return JinjaValue::Int(Checked(overflow, result));
}

// Python's float % and //: the remainder has the divisor's sign.
double FloatModulo(double a, double b) {
  if (b == 0) throw JinjaFailure("float modulo");
  const double remainder = std::fmod(a, b);
  if (remainder == 0) return std::copysign(0.0, b);
  return (b < 0) != (remainder < 0) ? remainder + b : remainder;
}

double FloatFloorDivide(double a, double b) {
  if (b == 0) throw JinjaFailure("float floor division by zero");
  const double quotient = (a - FloatModulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1.0 : floored;
}

double FloatPower(double a, double b) {
  if (a == 0 && b < 0) throw JinjaFailure("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(b) && b != std::floor(b)) throw JinjaFailure("a negative number raised to a fraction is no real number");
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) throw JinjaFailure("the result of ** is too large");
  return result;
}

JinjaValue ApplyFloats(JinjaOperator op, double a, double b) {
  switch (op) {
    case JinjaOperator::kAdd:
      return JinjaValue::Float(a + b);
    case JinjaOperator::kSubtract:
      return JinjaValue::Float(a - b);
    case JinjaOperator::kMultiply:
      return JinjaValue::Float(a * b);
    case JinjaOperator::kDivide:
      if (b == 0) throw JinjaFailure("float division by zero");
      return JinjaValue::Float(a / b);
    case JinjaOperator::kFloorDivide:
      return JinjaValue::Float(FloatFloorDivide(a, b));
    case JinjaOperator::kModulo:
      return JinjaValue::Float(FloatModulo(a, b));
    case JinjaOperator::kPower:
      return JinjaValue::Float(FloatPower(a, b));
  }
  return {};
}

JinjaValue AddTexts(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b) {
  const bool markup = a.markup() || b.markup();
  const std::string_view left = markup && !a.markup() ? JinjaEscape(heap, a).text() : a.text();
  const std::string_view right = markup && !b.markup() ? JinjaEscape(heap, b).text() : b.text();
  heap->Charge(left.size() + right.size());
  return heap->Text(std::string(left).append(right), markup);
}

JinjaValue AddSequences(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b) {
  heap->Charge((a.items().size() + b.items().size()) * sizeof(JinjaValue));
  std::vector<JinjaValue> items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.Is(Kind::kList) ? heap->List(std::move(items)) : heap->Tuple(std::move(items));
}

// A text or a sequence times a number; nothing where `a` is neither.
std::optional<JinjaValue> Repeat(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b) {
  if (!b.is_integral() || (!a.is_string() && !a.is_sequence())) return std::nullopt;
  const size_t size = a.is_string() ? a.text().size() : a.items().size() * sizeof(JinjaValue);
  const size_t most = heap->limits().bytes + 1;
  const size_t times = b.integer() < 0 ? 0 : b.integer() > static_cast<JinjaInt>(most) ? most : static_cast<size_t>(b.integer());
  if (size == 0 || times == 0) {
    if (a.is_string()) return JinjaValue::String("", a.markup());
    return a.Is(Kind::kList) ? heap->List({}) : heap->Tuple({});
  }
  heap->Charge(times > most / size ? most : size * times);
  if (a.is_string()) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += a.text();
    return heap->Text(std::move(text), a.markup());
  }
  std::vector<JinjaValue> items;
  for (size_t i = 0; i < times; ++i) items.insert(items.end(), a.items().begin(), a.items().end());
  return a.Is(Kind::kList) ? heap->List(std::move(items)) : heap->Tuple(std::move(items));
}

bool LessSequences(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b) {
  const JinjaHeap::Depth depth(heap);
  for (size_t i = 0; i < a.items().size() && i < b.items().size(); ++i) {
    if (!JinjaEqual(heap, a.items()[i], b.items()[i])) return JinjaLess(heap, a.items()[i], b.items()[i]);
  }
  return a.items().size() < b.items().size();
}

std::string_view SymbolOf(JinjaComparison op) {
  static constexpr std::string_view kSymbols[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSymbols[static_cast<int>(op)];
}

bool ContainsText(JinjaHeap* heap, const JinjaValue& text, const JinjaValue& part) {
  if (!part.is_string()) {
    throw JinjaFailure(Concat("'in <string>' requires string as left operand, not ", JinjaTypeName(part)));
  }
  heap->Scan(text.text().size());
  return text.text().find(part.text()) != std::string_view::npos;
}

}  // namespace

void JinjaRequireDefined(const JinjaValue& value) {
  if (value.is_undefined()) throw JinjaFailure(std::string(value.text()));
}

JinjaValue JinjaApply(JinjaHeap* heap, JinjaOperator op, const JinjaValue& a, const JinjaValue& b) {
  JinjaRequireDefined(a);
  if (op == JinjaOperator::kModulo && a.is_string()) return JinjaPercentFormat(heap, a, b);
  JinjaRequireDefined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return ApplyIntegers(op, a.integer(), b.integer());
    return ApplyFloats(op, a.number(), b.number());
  }
  if (op == JinjaOperator::kAdd) {
    if (a.is_string() && b.is_string()) return AddTexts(heap, a, b);
    if (a.is_sequence() && a.kind() == b.kind()) return AddSequences(heap, a, b);
    if (a.is_string() && !b.markup()) throw JinjaFailure(Concat("can only concatenate str (not \"", JinjaTypeName(b), "\") to str"));
  }
  if (op == JinjaOperator::kMultiply) {
    if (const auto repeated = Repeat(heap, a, b)) return *repeated;
    if (const auto repeated = Repeat(heap, b, a)) return *repeated;
  }
  Refuse(SymbolOf(op), a, b);
}

JinjaValue JinjaNegate(const JinjaValue& value, bool minus) {
  JinjaRequireDefined(value);
  if (value.Is(Kind::kFloat)) return minus ? JinjaValue::Float(-value.real()) : value;
  if (!value.is_integral()) throw JinjaFailure(Concat("bad operand type for unary ", minus ? "-" : "+", ": '", JinjaTypeName(value), "'"));
  if (!minus) return JinjaValue::Int(value.integer());
  JinjaInt negative = 0;
  const bool overflow = __builtin_sub_overflow(JinjaInt{0}, value.integer(), &negative);
  return JinjaValue::Int(Checked(overflow, negative));
}

bool JinjaLess(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b) {
  JinjaRequireDefined(a);
  JinjaRequireDefined(b);
  heap->Step();
  if (a.is_integral() && b.is_integral()) return a.integer() < b.integer();
  if (a.is_number() && b.is_number()) return a.number() < b.number();
  if (a.is_string() && b.is_string()) {
    heap->Scan(std::min(a.text().size(), b.text().size()));
    return a.text() < b.text();  // UTF-8 sorts as the code points do
  }
  if (a.is_sequence() && a.kind() == b.kind()) return LessSequences(heap, a, b);
  throw JinjaFailure(Concat("'<' not supported between instances of '", JinjaTypeName(a), "' and '", JinjaTypeName(b), "'"));
}

bool JinjaContains(JinjaHeap* heap, const JinjaValue& container, const JinjaValue& item) {
  if (container.is_string()) return ContainsText(heap, container, item);
  const auto* view = container.Is(Kind::kDictView) ? container.object<JinjaDictView>() : nullptr;
  if (container.Is(Kind::kDict) || (view != nullptr && view->what == JinjaDictView::What::kKeys)) {
    if (!JinjaHashable(heap, item)) throw JinjaFailure(Concat("unhashable type: '", JinjaTypeName(item), "'"));
    return (view != nullptr ? *view->dict : container.dict()).Find(heap, item) != nullptr;
  }
  if (!JinjaIterable(container)) throw JinjaFailure(Concat("argument of type '", JinjaTypeName(container), "' is not iterable"));
  const auto next = JinjaIterate(heap, container);
  while (const auto candidate = next()) {
    if (JinjaEqual(heap, *candidate, item)) return true;
  }
  return false;
}

bool JinjaCompare(JinjaHeap* heap, JinjaComparison op, const JinjaValue& a, const JinjaValue& b) {
  switch (op) {
    case JinjaComparison::kEqual:
      return JinjaEqual(heap, a, b);
    case JinjaComparison::kNotEqual:
      return !JinjaEqual(heap, a, b);
    case JinjaComparison::kIn:
      return JinjaContains(heap, b, a);
    case JinjaComparison::kNotIn:
      return !JinjaContains(heap, b, a);
    default:
      break;
  }
  // A NaN is neither less nor greater, so no operator is the negation of another.
  const bool ordered = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string()) || (a.is_sequence() && a.kind() == b.kind());
  if (!ordered) {
    JinjaRequireDefined(a);
    JinjaRequireDefined(b);
    throw JinjaFailure(
        Concat("'", SymbolOf(op), "' not supported between instances of '", JinjaTypeName(a), "' and '", JinjaTypeName(b), "'"));
  }
  const bool greater = op == JinjaComparison::kGreater || op == JinjaComparison::kGreaterEqual;
  const bool strict = greater ? JinjaLess(heap, b, a) : JinjaLess(heap, a, b);
  const bool or_equal = op == JinjaComparison::kLessEqual || op == JinjaComparison::kGreaterEqual;
  return strict || (or_equal && JinjaEqual(heap, a, b));
}

}  // namespace temper
