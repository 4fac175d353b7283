#include "policy/jinja/parser.h"

#include "cluster/base/error.h"

namespace temper::jinja {
namespace {

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  void Run() {
    made_->body = ParseBody({});
    if (token().type != Type::kEnd) FailUnknownTag("");
  }

 private:
  Statement* NewStatement(StatementKind kind, size_t offset) {
    made_->statements.emplace_back();
    made_->statements.back().kind = kind;
    made_->statements.back().offset = offset;
    return &made_->statements.back();
  }

  // Statements up to a tag that begins with one of `ends`, whose name is then the current token; or to the end of the template.
  Body ParseBody(std::initializer_list<std::string_view> ends) {
    const Nest nest(this);
    Body body;
    while (token().type != Type::kEnd) {
      const size_t offset = token().offset;
      if (token().type == Type::kData) {
        body.push_back(NewStatement(StatementKind::kData, offset));
        body.back()->text = token().text;
        Next();
      } else if (token().type == Type::kVariableBegin) {
        Next();
        body.push_back(NewStatement(StatementKind::kOutput, offset));
        body.back()->value = ParseTuple();
        ExpectType(Type::kVariableEnd, "end of print statement");
      } else {
        ExpectType(Type::kBlockBegin, "begin of statement block");
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return IsName(end); })) return body;
        body.push_back(ParseStatement());
        ExpectType(Type::kBlockEnd, "end of statement block");
      }
    }
    return body;
  }

  // The body of a tag whose head has been read, and the tag that ends it; its name where there are several.
  Body ParseBlock(std::initializer_list<std::string_view> ends, std::string* end = nullptr) {
    const size_t tag = tag_offset_;
    const std::string tag_name = tag_name_;
    SkipOperator(":");
    ExpectType(Type::kBlockEnd, "end of statement block");
    Body body = ParseBody(ends);
    if (token().type == Type::kEnd) {
      made_->source.Fail(tag, Concat("Unexpected end of template: the block '", tag_name, "' misses its '", *(ends.end() - 1), "'"));
    }
    const std::string name = ExpectName();
    if (end != nullptr) *end = name;
    return body;
  }

  [[noreturn]] void FailUnknownTag(const std::string& name) {
    Fail(Concat("unknown or unsupported tag '", name.empty() ? token().text : name, "'"));
  }

  Statement* ParseStatement() {
    if (token().type != Type::kName) Fail("tag name expected");
    tag_offset_ = token().offset;
    tag_name_ = token().text;
    const size_t offset = tag_offset_;
    if (IsName("if")) return ParseIf(offset);
    if (IsName("for")) return ParseFor(offset);
    if (IsName("set")) return ParseSet(offset);
    if (IsName("macro")) return ParseMacro(offset);
    if (IsName("generation")) return ParseGeneration(offset);
    if (IsName("filter")) return ParseFilterBlock(offset);
    if (IsName("with")) return ParseWith(offset);
    if (IsName("break") || IsName("continue")) return ParseJump(offset);
    FailUnknownTag("");
  }

  Statement* ParseIf(size_t offset) {
    Statement* made = NewStatement(StatementKind::kIf, offset);
    std::string end = "elif";
    while (end == "elif") {
      if (made->branches.empty()) Next();
      Expr* test = ParseTuple(false);
      made->branches.emplace_back(test, ParseBlock({"elif", "else", "endif"}, &end));
    }
    if (end == "else") {
      made->branches.emplace_back(nullptr, ParseBlock({"endif"}));
    }
    return made;
  }

  Statement* ParseFor(size_t offset) {
    Statement* made = NewStatement(StatementKind::kFor, offset);
    Next();
    made->target = ParseTarget(false, TupleEnd::kIn);
    if (!SkipName("in")) FailUnexpected("in");
    made->value = ParseTuple(false);
    if (SkipName("if")) made->test = ParseExpression();
    if (IsName("recursive")) Fail("{% for ... recursive %} is not supported");
    std::string end;
    const int loops = loops_++;
    made->body = ParseBlock({"else", "endfor"}, &end);
    loops_ = loops;
    if (end == "else") made->otherwise = ParseBlock({"endfor"});
    return made;
  }

  Statement* ParseSet(size_t offset) {
    Statement* made = NewStatement(StatementKind::kSet, offset);
    Next();
    made->target = ParseTarget(true, TupleEnd::kNone);
    if (SkipOperator("=")) {
      made->value = ParseTuple();
      return made;
    }
    made->kind = StatementKind::kSetBlock;
    if (IsOperator("|")) made->value = ParseFilters(New(ExprKind::kCaptured, token().offset));
    made->body = ParseBlock({"endset"});
    return made;
  }

  // A body of its own function in jinja2: break and continue do not reach out of it.
  Body ParseFunctionBody(std::string_view end) {
    const int loops = loops_;
    loops_ = 0;
    Body body = ParseBlock({end});
    loops_ = loops;
    return body;
  }

  Statement* ParseMacro(size_t offset) {
    Statement* made = NewStatement(StatementKind::kMacro, offset);
    Next();
    made->target = New(ExprKind::kName, token().offset);
    made->text = made->target->name = ExpectName();
    ExpectOperator("(");
    while (!IsOperator(")")) {
      if (!made->bindings.empty()) ExpectOperator(",");
      Expr* name = New(ExprKind::kName, token().offset);
      name->name = ExpectName();
      Expr* value = SkipOperator("=") ? ParseExpression() : nullptr;
      if (value == nullptr && !made->bindings.empty() && made->bindings.back().second != nullptr) {
        Fail("non-default argument follows default argument");
      }
      made->bindings.emplace_back(name, value);
    }
    ExpectOperator(")");
    made->body = ParseFunctionBody("endmacro");
    return made;
  }

  Statement* ParseGeneration(size_t offset) {
    Statement* made = NewStatement(StatementKind::kGeneration, offset);
    Next();
    made->body = ParseFunctionBody("endgeneration");
    made_->has_generation = true;
    return made;
  }

  Statement* ParseFilterBlock(size_t offset) {
    Statement* made = NewStatement(StatementKind::kFilterBlock, offset);
    Next();
    made->value = ParseFilters(ParseFilter(New(ExprKind::kCaptured, token().offset)));
    made->body = ParseBlock({"endfilter"});
    return made;
  }

  Statement* ParseWith(size_t offset) {
    Statement* made = NewStatement(StatementKind::kWith, offset);
    Next();
    while (token().type != Type::kBlockEnd) {
      if (!made->bindings.empty()) ExpectOperator(",");
      Expr* name = ParseTarget(false, TupleEnd::kNone);
      ExpectOperator("=");
      made->bindings.emplace_back(name, ParseExpression());
    }
    made->body = ParseBlock({"endwith"});
    return made;
  }

  Statement* ParseJump(size_t offset) {
    if (loops_ == 0) Fail(Concat("'", token().text, "' outside loop"));
    Statement* made = NewStatement(IsName("break") ? StatementKind::kBreak : StatementKind::kContinue, offset);
    Next();
    return made;
  }

  size_t tag_offset_ = 0;  // of the tag being parsed
  std::string tag_name_;
  int loops_ = 0;  // around what is being parsed
};

}  // namespace

void Parse(Template* made) { Parser(made).Run(); }

}  // namespace temper::jinja
