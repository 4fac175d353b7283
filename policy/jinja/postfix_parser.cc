// What follows a value: attributes, subscripts, calls, filters and tests.
#include "cluster/base/error.h"
#include "policy/jinja/parser.h"

namespace temper::jinja {

Expr* ExpressionParser::ParsePostfix(Expr* value) {
  while (true) {
    if (IsOperator(".")) {
      value = ParseAttribute(value);
    } else if (IsOperator("[")) {
      value = ParseSubscript(value);
    } else if (IsOperator("(")) {
      value = ParseCall(value);
    } else {
      return value;
    }
  }
}

Expr* ExpressionParser::ParseCall(Expr* value) {
  Expr* call = New(ExprKind::kCall, token().offset, {value});
  ParseArguments(call);
  return Measured(call);
}

Expr* ExpressionParser::ParseFilterOrTest(Expr* value) {
  while (true) {
    if (IsOperator("|")) {
      value = ParseFilters(value);
    } else if (IsName("is")) {
      value = ParseTest(value);
    } else if (IsOperator("(")) {
      value = ParseCall(value);
    } else {
      return value;
    }
  }
}

Expr* ExpressionParser::ParseAttribute(Expr* value) {
  ExpectOperator(".");
  const size_t offset = token().offset;
  if (token().type == Type::kInteger) {
    Expr* index = New(ExprKind::kConstant, offset);
    index->constant = Value::Int(token().integer);
    Next();
    return New(ExprKind::kItem, offset, {value, index});
  }
  if (token().type != Type::kName) Fail("expected name or number");
  Expr* made = New(ExprKind::kAttribute, offset, {value});
  made->name = ExpectName();
  return made;
}

Expr* ExpressionParser::ParseSubscript(Expr* value) {
  const size_t offset = token().offset;
  ExpectOperator("[");
  const auto ends = [&] { return IsOperator("]") || IsOperator(",") || IsOperator(":"); };
  Expr* first = ends() ? nullptr : ParseExpression();
  if (IsOperator(":")) {
    Expr* bounds[2] = {nullptr, nullptr};
    for (Expr*& bound : bounds) {
      if (SkipOperator(":") && !ends()) bound = ParseExpression();
    }
    if (IsOperator(",")) Fail("a slice beside other indices is not supported");
    ExpectOperator("]");
    return New(ExprKind::kSlice, offset, {value, first, bounds[0], bounds[1]});
  }
  if (first == nullptr) Fail("expected an index");
  if (IsOperator(",")) {
    Expr* tuple = New(ExprKind::kTuple, first->offset, {first});
    while (SkipOperator(",")) tuple->children.push_back(ParseExpression());
    first = Measured(tuple);
  }
  ExpectOperator("]");
  return New(ExprKind::kItem, offset, {value, first});
}

void ExpressionParser::ParseArguments(Expr* call) {
  const Nest nest(this);
  ExpectOperator("(");
  while (!IsOperator(")")) {
    ParseArgument(call);
    if (!IsOperator(")")) ExpectOperator(",");
  }
  ExpectOperator(")");
}

void ExpressionParser::ParseArgument(Expr* call) {
  const bool closed = call->unpacked != nullptr || call->unpacked_keywords != nullptr;
  if (IsOperator("*") || IsOperator("**")) {
    const bool keywords = IsOperator("**");
    if (call->unpacked_keywords != nullptr || (!keywords && closed)) Fail("invalid syntax for function call expression");
    Next();
    (keywords ? call->unpacked_keywords : call->unpacked) = ParseExpression();
  } else if (token().type == Type::kName && ahead().type == Type::kOperator && ahead().text == "=") {
    if (call->unpacked_keywords != nullptr) Fail("invalid syntax for function call expression");
    const std::string name = ExpectName();
    for (const auto& [other, value] : call->keyword) {
      if (other == name) Fail(Concat("keyword argument repeated: ", name));
    }
    ExpectOperator("=");
    call->keyword.emplace_back(name, ParseExpression());
  } else {
    if (closed || !call->keyword.empty()) Fail("invalid syntax for function call expression");
    call->positional.push_back(ParseExpression());
  }
}

Expr* ExpressionParser::ParseFilters(Expr* value) {
  while (SkipOperator("|")) value = ParseFilter(value);
  return value;
}

Expr* ExpressionParser::ParseFilter(Expr* value) {
  Expr* made = New(ExprKind::kFilter, token().offset, {value});
  made->name = ExpectName();
  while (SkipOperator(".")) made->name += "." + ExpectName();
  if (IsOperator("(")) ParseArguments(made);
  return Measured(made);
}

Expr* ExpressionParser::ParseTest(Expr* value) {
  Next();
  const size_t not_offset = token().offset;
  const bool negated = SkipName("not");
  Expr* made = New(ExprKind::kTest, token().offset, {value});
  made->name = ExpectName();
  while (SkipOperator(".")) made->name += "." + ExpectName();
  const Type type = token().type;
  const bool is_value =
      type == Type::kName || type == Type::kString || type == Type::kInteger || type == Type::kFloat || IsOperator("[") || IsOperator("{");
  if (IsOperator("(")) {
    ParseArguments(made);
  } else if (is_value && !IsName("else") && !IsName("or") && !IsName("and")) {
    if (IsName("is")) Fail("You cannot chain multiple tests with is");
    made->positional.push_back(ParsePostfix(ParsePrimary()));
  }
  Measured(made);
  return negated ? New(ExprKind::kNot, not_offset, {made}) : made;
}

}  // namespace temper::jinja
