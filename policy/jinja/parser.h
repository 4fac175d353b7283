#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "policy/jinja/template.h"

namespace temper::jinja {

// Reads tokens by jinja2's grammar into the pools of a template. Parser has the expressions, its child in parser.cc the
// statements.
class ExpressionParser {
 public:
  explicit ExpressionParser(Template* made) : made_(made), tokens_(Lex(made->source)) {}

 protected:
  using Type = TokenType;

  // Nesting while parsing, and of what was parsed.
  class Nest {
   public:
    explicit Nest(ExpressionParser* parser) : parser_(parser) {
      if (++parser_->nesting_ > 100) parser_->Fail("nested too deep");
    }
    ~Nest() { --parser_->nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    ExpressionParser* parser_;
  };

  const Token& token() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void Next() { at_ = std::min(at_ + 1, tokens_.size() - 1); }
  bool IsOperator(std::string_view op) const { return token().type == Type::kOperator && token().text == op; }
  bool IsName(std::string_view name) const { return token().type == Type::kName && token().text == name; }
  bool SkipOperator(std::string_view op);
  bool SkipName(std::string_view name);
  void ExpectOperator(std::string_view op);
  void ExpectType(Type type, std::string_view what);
  std::string ExpectName();
  [[noreturn]] void Fail(const std::string& message) const { made_->source.Fail(token().offset, message); }
  [[noreturn]] void FailUnexpected(std::string_view expected) const;

  Expr* New(ExprKind kind, size_t offset, std::initializer_list<Expr*> children = {});
  // After children were added to it.
  Expr* Measured(Expr* expr);

  Expr* ParseExpression(bool with_conditional = true);
  enum class TupleEnd { kNone, kIn };  // a name that ends an open tuple
  Expr* ParseTuple(bool with_conditional = true, bool parenthesized = false);
  // A name, a tuple of them or, with `namespaces`, name.attribute.
  Expr* ParseTarget(bool namespaces, TupleEnd end);
  Expr* ParseFilters(Expr* value);
  Expr* ParseFilter(Expr* value);

  Template* made_;

 private:
  Expr* ParseConditional();
  Expr* ParseOr();
  Expr* ParseAnd();
  Expr* ParseNot();
  Expr* ParseCompare();
  Expr* ParseSum();
  Expr* ParseConcat();
  Expr* ParseProduct();
  Expr* ParsePower();
  Expr* ParseUnary(bool with_filters);
  Expr* ParsePrimary();
  Expr* ParseNameOrConstant();
  Expr* ParseStrings();
  Expr* ParseList();
  Expr* ParseDict();
  Expr* ParsePostfix(Expr* value);
  Expr* ParseFilterOrTest(Expr* value);
  Expr* ParseCall(Expr* value);
  Expr* ParseAttribute(Expr* value);
  Expr* ParseSubscript(Expr* value);
  Expr* ParseTest(Expr* value);
  Expr* ParseSingleTarget(bool namespaces);
  void ParseArguments(Expr* call);
  void ParseArgument(Expr* call);
  Expr* Binary(Operator op, size_t offset, Expr* left, Expr* right);
  bool EndsTuple() const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace temper::jinja
