#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "policy/jinja/lexer.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/value.h"

namespace temper::jinja {

// The syntax tree of a template. Nodes live in the template's pools and point at each other, so
// that a tree of any shape goes without recursion. How deep one may be is limited when it is
// parsed.

enum class ExprKind {
  kConstant,      // constant
  kName,          // name; hops and slot say where it lives. Also a target
  kNamespaceRef,  // a target: children[0].name
  kTuple,         // children. Also a target
  kList,          // children
  kDict,          // children: key, value, key, value...
  kAttribute,     // children[0].name
  kItem,          // children[0][children[1]]
  kSlice,         // children[0][children[1]:children[2]:children[3]]
  kCall,          // children[0](arguments)
  kFilter,        // children[0] | name(arguments)
  kTest,          // children[0] is name(arguments)
  kNot,           // not children[0]
  kAnd,           // children[0] and children[1]
  kOr,            // children[0] or children[1]
  kNegate,        // -children[0]
  kPlus,          // +children[0]
  kBinary,        // children[0] op children[1]
  kCompare,       // children[0] comparisons[0] children[1] comparisons[1] children[2]...
  kConcat,        // children[0] ~ children[1] ~ ...
  kConditional,   // children[1] if children[0] else children[2], which may be missing
  kCaptured,      // the text a {% filter %} or a {% set %} with filters has caught
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  size_t offset = 0;  // in the source
  int height = 1;     // levels of expressions in it, itself among them
  Value constant;
  std::string name;
  Operator op = Operator::kAdd;
  std::vector<Comparison> comparisons;
  std::vector<Expr*> children;
  std::vector<Expr*> positional;                       // arguments
  std::vector<std::pair<std::string, Expr*>> keyword;  // arguments
  Expr* unpacked = nullptr;                            // *arguments
  Expr* unpacked_keywords = nullptr;                   // **arguments
  int hops = 0;                                        // kName: scopes outward from the one it stands in
  int slot = 0;                                        // kName: of that scope
};

// The variables of one scope, numbered, and what they hold when it is entered.
struct Scope {
  enum class Origin { kParameter, kResolve, kAlias, kUnassigned };
  struct Variable {
    std::string name;
    Origin origin = Origin::kUnassigned;
    int hops = 0;  // kAlias: scopes outward from the parent
    int slot = 0;  // kAlias: of that scope
  };
  std::vector<Variable> variables;
  int loop_slot = -1;     // of a for's body: where `loop` lives; -1: it is not used
  int varargs_slot = -1;  // of a macro: where what no parameter took goes; -1: not used
  int kwargs_slot = -1;
};

enum class StatementKind { kData, kOutput, kIf, kFor, kSet, kSetBlock, kMacro, kGeneration, kFilterBlock, kWith, kBreak, kContinue };

struct Statement;
using Body = std::vector<Statement*>;

struct Statement {
  StatementKind kind = StatementKind::kData;
  size_t offset = 0;
  std::string text;             // kData; the macro's name
  Expr* value = nullptr;        // output; what is assigned; what a for goes through; the filters of a filter or set block, null for none
  Expr* target = nullptr;       // of a for, a set and a macro
  Expr* test = nullptr;         // of a for, may be null
  Expr* test_target = nullptr;  // of a for with a test: the target in the test's scope
  std::vector<std::pair<Expr*, Body>> branches;   // of an if; the test of else is null
  std::vector<std::pair<Expr*, Expr*>> bindings;  // of a macro: parameter and default or null; of a with: name and value
  Body body;
  Body otherwise;         // of a for
  Scope scope;            // of the body
  Scope test_scope;       // of a for
  Scope otherwise_scope;  // of a for
};

// A parsed template. Immutable, safe to share between threads.
struct Template {
  explicit Template(const std::string& name, std::string_view text) : source(name, text) {}
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  Source source;
  std::deque<Expr> exprs;
  std::deque<Statement> statements;
  Body body;
  Scope scope;
  bool has_generation = false;  // there is a {% generation %}
};

// Fills a template from its source: Parse, then ResolveNames. TemplateError where jinja2 or this subset objects.
void Parse(Template* made);
// Decides which scope each name belongs to, by jinja2's rules: a name assigned anywhere in a scope is that scope's from its beginning.
void ResolveNames(Template* made);

}  // namespace temper::jinja
