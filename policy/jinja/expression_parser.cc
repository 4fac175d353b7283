#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/parser.h"

namespace temper {

namespace {

// Levels of expressions in one another that the evaluator is ready for, as in a + b + c + ...
constexpr int kHighest = 250;

std::string Describe(const JinjaToken& token) {
  using Type = JinjaTokenType;
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

bool JinjaExpressionParser::SkipOperator(std::string_view op) {
  if (!IsOperator(op)) return false;
  Next();
  return true;
}

bool JinjaExpressionParser::SkipName(std::string_view name) {
  if (!IsName(name)) return false;
  Next();
  return true;
}

void JinjaExpressionParser::FailUnexpected(std::string_view expected) const {
  Fail(Concat("expected token '", expected, "', got '", Describe(token()), "'"));
}

void JinjaExpressionParser::ExpectOperator(std::string_view op) {
  if (!SkipOperator(op)) FailUnexpected(op);
}

void JinjaExpressionParser::ExpectType(Type type, std::string_view what) {
  if (token().type != type) FailUnexpected(what);
  Next();
}

std::string JinjaExpressionParser::ExpectName() {
  if (token().type != Type::kName) FailUnexpected("name");
  std::string name = token().text;
  Next();
  return name;
}

JinjaExpr* JinjaExpressionParser::New(Kind kind, size_t offset, std::initializer_list<Expr*> children) {
  made_->exprs.emplace_back();
  Expr* made = &made_->exprs.back();
  made->kind = kind;
  made->offset = offset;
  made->children = children;
  return Measured(made);
}

JinjaExpr* JinjaExpressionParser::Measured(Expr* expr) {
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

JinjaExpr* JinjaExpressionParser::Binary(JinjaOperator op, size_t offset, Expr* left, Expr* right) {
  Expr* made = New(Kind::kBinary, offset, {left, right});
  made->op = op;
  return made;
}

JinjaExpr* JinjaExpressionParser::ParseExpression(bool with_conditional) {
  const Nest nest(this);
  return with_conditional ? ParseConditional() : ParseOr();
}

JinjaExpr* JinjaExpressionParser::ParseConditional() {
  const Nest nest(this);
  Expr* value = ParseOr();
  while (IsName("if")) {
    const size_t offset = token().offset;
    Next();
    Expr* test = ParseOr();
    Expr* otherwise = SkipName("else") ? ParseConditional() : nullptr;
    value = New(Kind::kConditional, offset, {test, value, otherwise});
  }
  return value;
}

JinjaExpr* JinjaExpressionParser::ParseOr() {
  Expr* left = ParseAnd();
  while (IsName("or")) {
    const size_t offset = token().offset;
    Next();
    left = New(Kind::kOr, offset, {left, ParseAnd()});
  }
  return left;
}

JinjaExpr* JinjaExpressionParser::ParseAnd() {
  Expr* left = ParseNot();
  while (IsName("and")) {
    const size_t offset = token().offset;
    Next();
    left = New(Kind::kAnd, offset, {left, ParseNot()});
  }
  return left;
}

JinjaExpr* JinjaExpressionParser::ParseNot() {
  if (!IsName("not")) return ParseCompare();
  const Nest nest(this);
  const size_t offset = token().offset;
  Next();
  return New(Kind::kNot, offset, {ParseNot()});
}

JinjaExpr* JinjaExpressionParser::ParseCompare() {
  static constexpr std::pair<std::string_view, JinjaComparison> kOperators[] = {
      {"==", JinjaComparison::kEqual},     {"!=", JinjaComparison::kNotEqual}, {"<", JinjaComparison::kLess},
      {"<=", JinjaComparison::kLessEqual}, {">", JinjaComparison::kGreater},   {">=", JinjaComparison::kGreaterEqual}};
  Expr* first = ParseSum();
  Expr* made = nullptr;
  while (true) {
    const size_t offset = token().offset;
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const auto& o) { return IsOperator(o.first); });
    JinjaComparison comparison;
    if (op != std::end(kOperators)) {
      comparison = op->second;
    } else if (IsName("in")) {
      comparison = JinjaComparison::kIn;
    } else if (IsName("not") && ahead().type == Type::kName && ahead().text == "in") {
      Next();
      comparison = JinjaComparison::kNotIn;
    } else {
      return made == nullptr ? first : Measured(made);
    }
    Next();
    if (made == nullptr) made = New(Kind::kCompare, offset, {first});
    made->comparisons.push_back(comparison);
    made->children.push_back(ParseSum());
  }
}

JinjaExpr* JinjaExpressionParser::ParseSum() {
  Expr* left = ParseConcat();
  while (IsOperator("+") || IsOperator("-")) {
    const size_t offset = token().offset;
    const auto op = IsOperator("+") ? JinjaOperator::kAdd : JinjaOperator::kSubtract;
    Next();
    left = Binary(op, offset, left, ParseConcat());
  }
  return left;
}

JinjaExpr* JinjaExpressionParser::ParseConcat() {
  Expr* first = ParseProduct();
  if (!IsOperator("~")) return first;
  Expr* made = New(Kind::kConcat, token().offset, {first});
  while (SkipOperator("~")) made->children.push_back(ParseProduct());
  return Measured(made);
}

JinjaExpr* JinjaExpressionParser::ParseProduct() {
  static constexpr std::pair<std::string_view, JinjaOperator> kOperators[] = {
      {"*", JinjaOperator::kMultiply}, {"/", JinjaOperator::kDivide}, {"//", JinjaOperator::kFloorDivide}, {"%", JinjaOperator::kModulo}};
  Expr* left = ParsePower();
  while (true) {
    const size_t offset = token().offset;
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const auto& o) { return IsOperator(o.first); });
    if (op == std::end(kOperators)) return left;
    Next();
    left = Binary(op->second, offset, left, ParsePower());
  }
}

JinjaExpr* JinjaExpressionParser::ParsePower() {
  Expr* left = ParseUnary(true);
  while (IsOperator("**")) {
    const size_t offset = token().offset;
    Next();
    left = Binary(JinjaOperator::kPower, offset, left, ParseUnary(true));
  }
  return left;
}

JinjaExpr* JinjaExpressionParser::ParseUnary(bool with_filters) {
  const Nest nest(this);
  const size_t offset = token().offset;
  Expr* value = nullptr;
  if (SkipOperator("-")) {
    value = New(Kind::kNegate, offset, {ParseUnary(false)});
  } else if (SkipOperator("+")) {
    value = New(Kind::kPlus, offset, {ParseUnary(false)});
  } else {
    value = ParsePrimary();
  }
  value = ParsePostfix(value);
  return with_filters ? ParseFilterOrTest(value) : value;
}

JinjaExpr* JinjaExpressionParser::ParsePrimary() {
  const size_t offset = token().offset;
  switch (token().type) {
    case Type::kName:
      return ParseNameOrConstant();
    case Type::kString:
      return ParseStrings();
    case Type::kInteger:
    case Type::kFloat: {
      Expr* made = New(Kind::kConstant, offset);
      made->constant = token().type == Type::kInteger ? JinjaValue::Int(token().integer) : JinjaValue::Float(token().real);
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

JinjaExpr* JinjaExpressionParser::ParseNameOrConstant() {
  const size_t offset = token().offset;
  const std::string name = ExpectName();
  const bool truth = name == "true" || name == "True";
  if (truth || name == "false" || name == "False" || name == "none" || name == "None") {
    Expr* made = New(Kind::kConstant, offset);
    made->constant = name == "none" || name == "None" ? JinjaValue::None() : JinjaValue::Bool(truth);
    return made;
  }
  Expr* made = New(Kind::kName, offset);
  made->name = name;
  return made;
}

JinjaExpr* JinjaExpressionParser::ParseStrings() {
  Expr* made = New(Kind::kConstant, token().offset);
  for (; token().type == Type::kString; Next()) made->name += token().text;
  made->constant = JinjaValue::String(made->name);
  return made;
}

bool JinjaExpressionParser::EndsTuple() const {
  return token().type == Type::kVariableEnd || token().type == Type::kBlockEnd || IsOperator(")");
}

JinjaExpr* JinjaExpressionParser::ParseTuple(bool with_conditional, bool parenthesized) {
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
  Expr* made = New(Kind::kTuple, offset);
  made->children = std::move(items);
  return Measured(made);
}

JinjaExpr* JinjaExpressionParser::ParseList() {
  Expr* made = New(Kind::kList, token().offset);
  ExpectOperator("[");
  while (!IsOperator("]")) {
    if (!made->children.empty()) ExpectOperator(",");
    if (IsOperator("]")) break;
    made->children.push_back(ParseExpression());
  }
  ExpectOperator("]");
  return Measured(made);
}

JinjaExpr* JinjaExpressionParser::ParseDict() {
  Expr* made = New(Kind::kDict, token().offset);
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

JinjaExpr* JinjaExpressionParser::ParseSingleTarget(bool namespaces) {
  const Nest nest(this);
  const size_t offset = token().offset;
  if (SkipOperator("(")) {
    Expr* inner = ParseTarget(namespaces, TupleEnd::kNone);
    ExpectOperator(")");
    return inner;
  }
  Expr* made = ParsePrimary();
  if (made->kind != Kind::kName) made_->source.Fail(offset, "can't assign to what is no name");
  if (!namespaces || !SkipOperator(".")) return made;
  Expr* reference = New(Kind::kNamespaceRef, offset, {made});
  reference->name = ExpectName();
  return reference;
}

JinjaExpr* JinjaExpressionParser::ParseTarget(bool namespaces, TupleEnd end) {
  const size_t offset = token().offset;
  Expr* first = ParseSingleTarget(namespaces);
  if (!IsOperator(",")) return first;
  Expr* made = New(Kind::kTuple, offset, {first});
  while (SkipOperator(",")) {
    if (EndsTuple() || (end == TupleEnd::kIn && IsName("in"))) break;
    made->children.push_back(ParseSingleTarget(namespaces));
  }
  return Measured(made);
}

}  // namespace temper
