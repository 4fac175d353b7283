#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "policy/jinja/lexer.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/value.h"

namespace temper {

// The syntax tree of a template. Nodes live in the template's pools and point at each other, so that a tree of any shape goes without
// recursion; how deep one may be is limited when it is parsed.

enum class JinjaExprKind {
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

struct JinjaExpr {
  JinjaExprKind kind = JinjaExprKind::kConstant;
  size_t offset = 0;  // in the source
  int height = 1;     // levels of expressions in it, itself among them
  JinjaValue constant;
  std::string name;
  JinjaOperator op = JinjaOperator::kAdd;
  std::vector<JinjaComparison> comparisons;
  std::vector<JinjaExpr*> children;
  std::vector<JinjaExpr*> positional;                       // arguments
  std::vector<std::pair<std::string, JinjaExpr*>> keyword;  // arguments
  JinjaExpr* unpacked = nullptr;                            // *arguments
  JinjaExpr* unpacked_keywords = nullptr;                   // **arguments
  int hops = 0;                                             // kName: scopes outward from the one it stands in
  int slot = 0;                                             // kName: of that scope
};

// The variables of one scope, numbered, and what they hold when it is entered.
struct JinjaScope {
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

enum class JinjaStatementKind { kData, kOutput, kIf, kFor, kSet, kSetBlock, kMacro, kGeneration, kFilterBlock, kWith, kBreak, kContinue };

struct JinjaStatement;
using JinjaBody = std::vector<JinjaStatement*>;

struct JinjaStatement {
  JinjaStatementKind kind = JinjaStatementKind::kData;
  size_t offset = 0;
  std::string text;             // kData; the macro's name
  JinjaExpr* value = nullptr;   // output; what is assigned; what a for goes through; the filters of a filter or set block, null for none
  JinjaExpr* target = nullptr;  // of a for, a set and a macro
  JinjaExpr* test = nullptr;    // of a for, may be null
  JinjaExpr* test_target = nullptr;                         // of a for with a test: the target in the test's scope
  std::vector<std::pair<JinjaExpr*, JinjaBody>> branches;   // of an if; the test of else is null
  std::vector<std::pair<JinjaExpr*, JinjaExpr*>> bindings;  // of a macro: parameter and default or null; of a with: name and value
  JinjaBody body;
  JinjaBody otherwise;         // of a for
  JinjaScope scope;            // of the body
  JinjaScope test_scope;       // of a for
  JinjaScope otherwise_scope;  // of a for
};

// A parsed template. Immutable, safe to share between threads.
struct JinjaTemplate {
  explicit JinjaTemplate(const std::string& name, std::string_view text) : source(name, text) {}
  JinjaTemplate(const JinjaTemplate&) = delete;
  JinjaTemplate& operator=(const JinjaTemplate&) = delete;

  JinjaSource source;
  std::deque<JinjaExpr> exprs;
  std::deque<JinjaStatement> statements;
  JinjaBody body;
  JinjaScope scope;
  bool has_generation = false;  // there is a {% generation %}
};

// Fills a template from its source: ParseJinja, then ResolveJinjaNames. ChatTemplateError where jinja2 or this subset objects.
void ParseJinja(JinjaTemplate* made);
// Decides which scope each name belongs to, by jinja2's rules: a name assigned anywhere in a scope is that scope's from its beginning.
void ResolveJinjaNames(JinjaTemplate* made);

}  // namespace temper
