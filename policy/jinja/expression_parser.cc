#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/parser.h"

namespace temper::jinja {

namespace {

// Levels of expressions in one another that the evaluator is ready for, as in a + b + c + ...
constexpr int kHighest = 250;

std::string Describe(const Token& token) {
  using Type = TokenType;
  switch (token.type) {
    case Type::kData:
      return "template data / text";
    case Type::kVariableBegin:
      return "begin of print statement";
    case Type::kVariableEnd:
      return "end of print statement";
    case Type::kBlockBegin:
      return "begin of statement block";
    case Type::kBlockEnd:
      return "end of statement block";
    case Type::kString:
      return "string";
    case Type::kInteger:
      return "integer";
    case Type::kFloat:
      return "float";
    case Type::kEnd:
      return "end of template";
    default:
      return token.text;
  }
}

}  // namespace

bool ExpressionParser::SkipOperator(std::string_view op) {
  if (!IsOperator(op)) return false;
  Next();
  return true;
}

bool ExpressionParser::SkipName(std::string_view name) {
  if (!IsName(name)) return false;
  Next();
  return true;
}

void ExpressionParser::FailUnexpected(std::string_view expected) const {
  Fail(Concat("expected token '", expected, "', got '", Describe(token()), "'"));
}

void ExpressionParser::ExpectOperator(std::string_view op) {
  if (!SkipOperator(op)) FailUnexpected(op);
}

void ExpressionParser::ExpectType(Type type, std::string_view what) {
  if (token().type != type) FailUnexpected(what);
  Next();
}

std::string ExpressionParser::ExpectName() {
  if (token().type != Type::kName) FailUnexpected("name");
  std::string name = token().text;
  Next();
  return name;
}

Expr* ExpressionParser::New(ExprKind kind, size_t offset, std::initializer_list<Expr*> children) {
  made_->exprs.emplace_back();
  Expr* made = &made_->exprs.back();
  made->kind = kind;
  made->offset = offset;
  made->children = children;
  return Measured(made);
}

Expr* ExpressionParser::Measured(Expr* expr) {
  const auto above = [&](const Expr* child) {
    if (child != nullptr) expr->height = std::max(expr->height, child->height + 1);
  };
  for (const Expr* child : expr->children) above(child);
  for (const Expr* child : expr->positional) above(child);
  for (const auto& [name, child] : expr->keyword) above(child);
  above(expr->unpacked);
  above(expr->unpacked_keywords);
  if (expr->height > kHighest) made_->source.Fail(expr->offset, Concat("an expression of more than ", kHighest, " levels"));
  return expr;
}

Expr* ExpressionParser::Binary(Operator op, size_t offset, Expr* left, Expr* right) {
  Expr* made = New(ExprKind::kBinary, offset, {left, right});
  made->op = op;
  return made;
}

Expr* ExpressionParser::ParseExpression(bool with_conditional) {
  const Nest nest(this);
  return with_conditional ? ParseConditional() : ParseOr();
}

Expr* ExpressionParser::ParseConditional() {
  const Nest nest(this);
  Expr* value = ParseOr();
  while (IsName("if")) {
    const size_t offset = token().offset;
    Next();
    Expr* test = ParseOr();
    Expr* otherwise = SkipName("else") ? ParseConditional() : nullptr;
    value = New(ExprKind::kConditional, offset, {test, value, otherwise});
  }
  return value;
}

Expr* ExpressionParser::ParseOr() {
  Expr* left = ParseAnd();
  while (IsName("or")) {
    const size_t offset = token().offset;
    Next();
    left = New(ExprKind::kOr, offset, {left, ParseAnd()});
  }
  return left;
}

Expr* ExpressionParser::ParseAnd() {
  Expr* left = ParseNot();
  while (IsName("and")) {
    const size_t offset = token().offset;
    Next();
    left = New(ExprKind::kAnd, offset, {left, ParseNot()});
  }
  return left;
}

Expr* ExpressionParser::ParseNot() {
  if (!IsName("not")) return ParseCompare();
  const Nest nest(this);
  const size_t offset = token().offset;
  Next();
  return New(ExprKind::kNot, offset, {ParseNot()});
}

Expr* ExpressionParser::ParseCompare() {
  static constexpr std::pair<std::string_view, Comparison> kOperators[] = {{"==", Comparison::kEqual},  {"!=", Comparison::kNotEqual},
                                                                           {"<", Comparison::kLess},    {"<=", Comparison::kLessEqual},
                                                                           {">", Comparison::kGreater}, {">=", Comparison::kGreaterEqual}};
  Expr* first = ParseSum();
  Expr* made = nullptr;
  while (true) {
    const size_t offset = token().offset;
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const auto& o) { return IsOperator(o.first); });
    Comparison comparison;
    if (op != std::end(kOperators)) {
      comparison = op->second;
    } else if (IsName("in")) {
      comparison = Comparison::kIn;
    } else if (IsName("not") && ahead().type == Type::kName && ahead().text == "in") {
      Next();
      comparison = Comparison::kNotIn;
    } else {
      return made == nullptr ? first : Measured(made);
    }
    Next();
    if (made == nullptr) made = New(ExprKind::kCompare, offset, {first});
    made->comparisons.push_back(comparison);
    made->children.push_back(ParseSum());
  }
}

Expr* ExpressionParser::ParseSum() {
  Expr* left = ParseConcat();
  while (IsOperator("+") || IsOperator("-")) {
    const size_t offset = token().offset;
    const auto op = IsOperator("+") ? Operator::kAdd : Operator::kSubtract;
    Next();
    left = Binary(op, offset, left, ParseConcat());
  }
  return left;
}

Expr* ExpressionParser::ParseConcat() {
  Expr* first = ParseProduct();
  if (!IsOperator("~")) return first;
  Expr* made = New(ExprKind::kConcat, token().offset, {first});
  while (SkipOperator("~")) made->children.push_back(ParseProduct());
  return Measured(made);
}

Expr* ExpressionParser::ParseProduct() {
  static constexpr std::pair<std::string_view, Operator> kOperators[] = {
      {"*", Operator::kMultiply}, {"/", Operator::kDivide}, {"//", Operator::kFloorDivide}, {"%", Operator::kModulo}};
  Expr* left = ParsePower();
  while (true) {
    const size_t offset = token().offset;
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const auto& o) { return IsOperator(o.first); });
    if (op == std::end(kOperators)) return left;
    Next();
    left = Binary(op->second, offset, left, ParsePower());
  }
}

Expr* ExpressionParser::ParsePower() {
  Expr* left = ParseUnary(true);
  while (IsOperator("**")) {
    const size_t offset = token().offset;
    Next();
    left = Binary(Operator::kPower, offset, left, ParseUnary(true));
  }
  return left;
}

Expr* ExpressionParser::ParseUnary(bool with_filters) {
  const Nest nest(this);
  const size_t offset = token().offset;
  Expr* value = nullptr;
  if (SkipOperator("-")) {
    value = New(ExprKind::kNegate, offset, {ParseUnary(false)});
  } else if (SkipOperator("+")) {
    value = New(ExprKind::kPlus, offset, {ParseUnary(false)});
  } else {
    value = ParsePrimary();
  }
  value = ParsePostfix(value);
  return with_filters ? ParseFilterOrTest(value) : value;
}

Expr* ExpressionParser::ParsePrimary() {
  const size_t offset = token().offset;
  switch (token().type) {
    case Type::kName:
      return ParseNameOrConstant();
    case Type::kString:
      return ParseStrings();
    case Type::kInteger:
    case Type::kFloat: {
      Expr* made = New(ExprKind::kConstant, offset);
      made->constant = token().type == Type::kInteger ? Value::Int(token().integer) : Value::Float(token().real);
      Next();
      return made;
    }
    default:
      break;
  }
  if (IsOperator("[")) return ParseList();
  if (IsOperator("{")) return ParseDict();
  if (!SkipOperator("(")) Fail(Concat("unexpected '", Describe(token()), "'"));
  Expr* made = ParseTuple(true, true);
  ExpectOperator(")");
  return made;
}

Expr* ExpressionParser::ParseNameOrConstant() {
  const size_t offset = token().offset;
  const std::string name = ExpectName();
  const bool truth = name == "true" || name == "True";
  if (truth || name == "false" || name == "False" || name == "none" || name == "None") {
    Expr* made = New(ExprKind::kConstant, offset);
    made->constant = name == "none" || name == "None" ? Value::None() : Value::Bool(truth);
    return made;
  }
  Expr* made = New(ExprKind::kName, offset);
  made->name = name;
  return made;
}

Expr* ExpressionParser::ParseStrings() {
  Expr* made = New(ExprKind::kConstant, token().offset);
  for (; token().type == Type::kString; Next()) made->name += token().text;
  made->constant = Value::String(made->name);
  return made;
}

bool ExpressionParser::EndsTuple() const {
  return token().type == Type::kVariableEnd || token().type == Type::kBlockEnd || IsOperator(")");
}

Expr* ExpressionParser::ParseTuple(bool with_conditional, bool parenthesized) {
  const size_t offset = token().offset;
  std::vector<Expr*> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) ExpectOperator(",");
    if (EndsTuple()) break;
    items.push_back(ParseExpression(with_conditional));
    if (!IsOperator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return items[0];
  if (!is_tuple && !parenthesized) Fail(Concat("Expected an expression, got '", Describe(token()), "'"));
  Expr* made = New(ExprKind::kTuple, offset);
  made->children = std::move(items);
  return Measured(made);
}

Expr* ExpressionParser::ParseList() {
  Expr* made = New(ExprKind::kList, token().offset);
  ExpectOperator("[");
  while (!IsOperator("]")) {
    if (!made->children.empty()) ExpectOperator(",");
    if (IsOperator("]")) break;
    made->children.push_back(ParseExpression());
  }
  ExpectOperator("]");
  return Measured(made);
}

Expr* ExpressionParser::ParseDict() {
  Expr* made = New(ExprKind::kDict, token().offset);
  ExpectOperator("{");
  while (!IsOperator("}")) {
    if (!made->children.empty()) ExpectOperator(",");
    if (IsOperator("}")) break;
    made->children.push_back(ParseExpression());
    ExpectOperator(":");
    made->children.push_back(ParseExpression());
  }
  ExpectOperator("}");
  return Measured(made);
}

Expr* ExpressionParser::ParseSingleTarget(bool namespaces) {
  const Nest nest(this);
  const size_t offset = token().offset;
  if (SkipOperator("(")) {
    Expr* inner = ParseTarget(namespaces, TupleEnd::kNone);
    ExpectOperator(")");
    return inner;
  }
  Expr* made = ParsePrimary();
  if (made->kind != ExprKind::kName) made_->source.Fail(offset, "can't assign to what is no name");
  if (!namespaces || !SkipOperator(".")) return made;
  Expr* reference = New(ExprKind::kNamespaceRef, offset, {made});
  reference->name = ExpectName();
  return reference;
}

Expr* ExpressionParser::ParseTarget(bool namespaces, TupleEnd end) {
  const size_t offset = token().offset;
  Expr* first = ParseSingleTarget(namespaces);
  if (!IsOperator(",")) return first;
  Expr* made = New(ExprKind::kTuple, offset, {first});
  while (SkipOperator(",")) {
    if (EndsTuple() || (end == TupleEnd::kIn && IsName("in"))) break;
    made->children.push_back(ParseSingleTarget(namespaces));
  }
  return Measured(made);
}

}  // namespace temper::jinja
