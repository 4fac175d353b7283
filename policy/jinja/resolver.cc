// Which scope a name belongs to. The rules are jinja2's: the scopes are the template, the body, else and `if` of a for, macros, and the
// bodies of generation, filter, with and block set; an `if` is none. A name assigned in a scope is that scope's from its beginning; where
// a scope around it has the name too, it begins with that value. What no scope assigns comes from outside the template.
#include <algorithm>
#include <map>
#include <set>

#include "cluster/base/error.h"
#include "policy/jinja/call.h"
#include "policy/jinja/template.h"

namespace temper::jinja {
namespace {

using Origin = Scope::Origin;

// One scope while its names are gathered. Copied and merged at the branches of an `if`.
struct Symbols {
  const Symbols* parent = nullptr;
  std::map<std::string, Origin> origins;
  std::set<std::string> stores;

  bool KnownAbove(const std::string& name) const {
    return parent != nullptr && (parent->origins.count(name) > 0 || parent->KnownAbove(name));
  }
  void Declare(const std::string& name) {
    stores.insert(name);
    origins[name] = Origin::kParameter;
  }
  void Store(const std::string& name) {
    stores.insert(name);
    if (origins.count(name) == 0) origins[name] = KnownAbove(name) ? Origin::kAlias : Origin::kUnassigned;
  }
  void Load(const std::string& name) {
    if (origins.count(name) == 0 && !KnownAbove(name)) origins[name] = Origin::kResolve;
  }
  // After the branches of an `if`: what only some of them assign has the value from before it.
  void Merge(const std::vector<Symbols>& branches) {
    std::set<std::string> assigned;
    for (const Symbols& branch : branches) assigned.insert(branch.stores.begin(), branch.stores.end());
    for (const std::string& name : stores) assigned.erase(name);
    for (const Symbols& branch : branches) {
      for (const auto& [name, origin] : branch.origins) origins[name] = origin;
      stores.insert(branch.stores.begin(), branch.stores.end());
    }
    for (const std::string& name : assigned) origins[name] = KnownAbove(name) ? Origin::kAlias : Origin::kResolve;
  }
};

// Calls `visit` with every expression below `expr` and itself, operands first.
template <typename Visit>
void ForEach(Expr* expr, const Visit& visit) {
  if (expr == nullptr) return;
  for (Expr* child : expr->children) ForEach(child, visit);
  for (Expr* child : expr->positional) ForEach(child, visit);
  for (auto& [name, child] : expr->keyword) ForEach(child, visit);
  ForEach(expr->unpacked, visit);
  ForEach(expr->unpacked_keywords, visit);
  visit(expr);
}

// Whether the statements read `name` without having assigned it before.
class UndeclaredName {
 public:
  explicit UndeclaredName(std::string_view name) : name_(name) {}
  bool In(const Body& body) {
    for (const Statement* statement : body) Visit(*statement);
    return found_;
  }

 private:
  void Read(Expr* expr) {
    ForEach(expr, [&](const Expr* e) { found_ = found_ || (!hidden_ && e->kind == ExprKind::kName && e->name == name_); });
  }
  void Assign(Expr* target) {
    ForEach(target, [&](const Expr* e) { hidden_ = hidden_ || (e->kind == ExprKind::kName && e->name == name_); });
  }
  void Visit(const Statement& s) {
    if (s.kind == StatementKind::kFor || s.kind == StatementKind::kSet || s.kind == StatementKind::kSetBlock) Assign(s.target);
    Read(s.value);
    for (const auto& [name, value] : s.bindings) Assign(name);
    for (const auto& [name, value] : s.bindings) Read(value);
    In(s.body);
    In(s.otherwise);
    Read(s.test);
    for (const auto& [test, body] : s.branches) {
      Read(test);
      In(body);
    }
  }

  std::string_view name_;
  bool hidden_ = false;
  bool found_ = false;
};

class Resolver {
 public:
  explicit Resolver(Template* made) : made_(made) {}

  void Run() {
    Symbols root;
    Gather(made_->body, &root);
    Enter(&root, &made_->scope, made_->body, nullptr);
  }

 private:
  // A scope around the place that is being resolved.
  struct Level {
    const Symbols* symbols;
    const Scope* scope;
    const Level* parent;
  };

  void Load(Expr* expr, Symbols* symbols) {
    ForEach(expr, [&](const Expr* e) {
      if (e->kind == ExprKind::kName) symbols->Load(e->name);
    });
  }

  void Store(Expr* target, Symbols* symbols) {
    if (target->kind == ExprKind::kNamespaceRef) return symbols->Load(target->children[0]->name);
    if (target->kind == ExprKind::kName) return symbols->Store(target->name);
    for (Expr* child : target->children) Store(child, symbols);
  }

  void Declare(Expr* target, Symbols* symbols) {
    if (target->kind == ExprKind::kName) return symbols->Declare(target->name);
    for (Expr* child : target->children) Declare(child, symbols);
  }

  // What the statements of one scope do with names; scopes inside it count with their heads only.
  void Gather(const Body& body, Symbols* symbols) {
    for (Statement* s : body) GatherStatement(s, symbols);
  }

  void GatherStatement(Statement* s, Symbols* symbols) {
    switch (s->kind) {
      case StatementKind::kOutput:
      case StatementKind::kFor:
      case StatementKind::kFilterBlock:
        return Load(s->value, symbols);
      case StatementKind::kSet:
        Load(s->value, symbols);
        return Store(s->target, symbols);
      case StatementKind::kSetBlock:
      case StatementKind::kMacro:
        return Store(s->target, symbols);
      case StatementKind::kWith:
        for (auto& [name, value] : s->bindings) Load(value, symbols);
        return;
      case StatementKind::kIf:
        return GatherBranches(*s, symbols);
      default:
        return;
    }
  }

  // An `if` and, as in jinja2, its elifs each as an `if` of their own within one branch.
  void GatherBranches(const Statement& s, Symbols* symbols) {
    const auto& branches = s.branches;
    work_ += (1 + branches.size()) * symbols->origins.size();
    if (work_ > kMostWork) made_->source.Fail(s.offset, "too many names and branches");
    Load(branches[0].first, symbols);
    std::vector<Symbols> copies(3, *symbols);
    Gather(branches[0].second, &copies[0]);
    for (size_t i = 1; i < branches.size(); ++i) {
      if (branches[i].first == nullptr) {
        Gather(branches[i].second, &copies[2]);
        continue;
      }
      Load(branches[i].first, &copies[1]);
      std::vector<Symbols> inner(1, copies[1]);
      Gather(branches[i].second, &inner[0]);
      copies[1].Merge(inner);
    }
    symbols->Merge(copies);
  }

  // Numbers the variables of a scope and resolves what is in it.
  void Enter(const Symbols* symbols, Scope* scope, Body& body, const Level* parent) {
    const Level level{symbols, scope, parent};
    Number(*symbols, scope, parent);
    ResolveBody(body, level);
  }

  void Number(const Symbols& symbols, Scope* scope, const Level* parent) {
    for (const auto& [name, origin] : symbols.origins) {
      Scope::Variable variable{name, origin, 0, 0};
      if (origin == Origin::kAlias) Find(name, parent, &variable.hops, &variable.slot);
      scope->variables.push_back(std::move(variable));
    }
  }

  static int SlotOf(const std::string& name, const Scope& scope) {
    const auto by_name = [](const Scope::Variable& v, const std::string& wanted) { return v.name < wanted; };
    const auto found = std::lower_bound(scope.variables.begin(), scope.variables.end(), name, by_name);
    const bool there = found != scope.variables.end() && found->name == name;
    return there ? static_cast<int>(found - scope.variables.begin()) : -1;
  }

  void Find(const std::string& name, const Level* level, int* hops, int* slot) {
    for (*hops = 0; level != nullptr; level = level->parent, ++*hops) {
      *slot = SlotOf(name, *level->scope);
      if (*slot >= 0) return;
    }
    TEMPER_FAIL("a name of a template was not gathered: ", name);
  }

  // Numbers the names of an expression. `certain`: it is not part of an if, so that an unknown filter or test in it is an error now and
  // not when it is used.
  void Resolve(Expr* expr, const Level& level, bool certain = true) {
    if (expr == nullptr) return;
    if (expr->kind == ExprKind::kName) Find(expr->name, &level, &expr->hops, &expr->slot);
    if (certain && expr->kind == ExprKind::kFilter && !IsFilter(expr->name)) Unknown("filter", *expr);
    if (certain && expr->kind == ExprKind::kTest && !IsTest(expr->name)) Unknown("test", *expr);
    certain = certain && expr->kind != ExprKind::kConditional;
    for (Expr* child : expr->children) Resolve(child, level, certain);
    for (Expr* child : expr->positional) Resolve(child, level, certain);
    for (auto& [name, child] : expr->keyword) Resolve(child, level, certain);
    Resolve(expr->unpacked, level, certain);
    Resolve(expr->unpacked_keywords, level, certain);
  }

  [[noreturn]] void Unknown(const char* what, const Expr& expr) {
    made_->source.Fail(expr.offset, Concat("no ", what, " named '", expr.name, "' is supported"));
  }

  void ResolveBody(Body& body, const Level& level, bool certain = true) {
    for (Statement* s : body) ResolveStatement(s, level, certain);
  }

  void ResolveStatement(Statement* s, const Level& level, bool certain) {
    switch (s->kind) {
      case StatementKind::kFor:
        return ResolveFor(s, level, certain);
      case StatementKind::kIf:
        for (auto& [test, body] : s->branches) {
          Resolve(test, level, false);
          ResolveBody(body, level, false);
        }
        return;
      case StatementKind::kMacro:
        Resolve(s->target, level);
        return ResolveMacro(s, level);
      case StatementKind::kGeneration:
        return ResolveMacro(s, level);
      case StatementKind::kSetBlock:
        ForbidLoop(s->target);
        Resolve(s->target, level);
        return ResolveBlock(s, level);
      case StatementKind::kFilterBlock:
      case StatementKind::kWith:
        return ResolveBlock(s, level);
      default:
        if (s->kind == StatementKind::kSet) ForbidLoop(s->target);
        Resolve(s->value, level, certain);
        Resolve(s->target, level, certain);
    }
  }

  // A block with a scope of its own: set, filter and with.
  void ResolveBlock(Statement* s, const Level& level) {
    Symbols symbols{level.symbols, {}, {}};
    for (auto& [name, value] : s->bindings) {
      Resolve(value, level);
      Declare(name, &symbols);
    }
    Gather(s->body, &symbols);
    Load(s->value, &symbols);
    Enter(&symbols, &s->scope, s->body, &level);
    const Level inner{&symbols, &s->scope, &level};
    Resolve(s->value, inner);
    for (auto& [name, value] : s->bindings) Resolve(name, inner);
  }

  void ResolveFor(Statement* s, const Level& level, bool certain) {
    Resolve(s->value, level, certain);
    ++loops_;
    ForbidLoop(s->target);
    Symbols symbols{level.symbols, {}, {}};
    const bool uses_loop = UndeclaredName("loop").In(s->body);
    if (uses_loop) symbols.Declare("loop");
    Declare(s->target, &symbols);
    Gather(s->body, &symbols);
    Enter(&symbols, &s->scope, s->body, &level);
    --loops_;
    Resolve(s->target, {&symbols, &s->scope, &level});
    if (uses_loop) s->scope.loop_slot = SlotOf("loop", s->scope);
    Symbols otherwise{level.symbols, {}, {}};
    Gather(s->otherwise, &otherwise);
    Enter(&otherwise, &s->otherwise_scope, s->otherwise, &level);
    if (s->test != nullptr) ResolveLoopTest(s, level);
  }

  // The test of a for sees the loop's variables and nothing else of its body, so it has a scope and a target of its own.
  void ResolveLoopTest(Statement* s, const Level& level) {
    Symbols symbols{level.symbols, {}, {}};
    Declare(s->target, &symbols);
    Load(s->test, &symbols);
    Body none;
    Enter(&symbols, &s->test_scope, none, &level);
    const Level inner{&symbols, &s->test_scope, &level};
    Resolve(s->test, inner);
    s->test_target = Copy(*s->target);
    Resolve(s->test_target, inner);
  }

  Expr* Copy(const Expr& expr) {
    made_->exprs.push_back(expr);
    Expr* made = &made_->exprs.back();
    for (Expr*& child : made->children) child = Copy(*child);
    return made;
  }

  void ForbidLoop(Expr* target) {
    ForEach(target, [&](const Expr* e) {
      if (loops_ > 0 && e->kind == ExprKind::kName && e->name == "loop")
        made_->source.Fail(e->offset, "Can't assign to special loop variable in for-loop target");
    });
  }

  // A macro, or a generation block, which is one without parameters.
  void ResolveMacro(Statement* s, const Level& level) {
    Symbols symbols{level.symbols, {}, {}};
    for (auto& [name, value] : s->bindings) Declare(name, &symbols);
    for (auto& [name, value] : s->bindings) Load(value, &symbols);
    Gather(s->body, &symbols);
    const bool varargs = s->kind == StatementKind::kMacro && UndeclaredName("varargs").In(s->body) && !HasParameter(*s, "varargs");
    const bool kwargs = s->kind == StatementKind::kMacro && UndeclaredName("kwargs").In(s->body) && !HasParameter(*s, "kwargs");
    if (varargs) symbols.Declare("varargs");
    if (kwargs) symbols.Declare("kwargs");
    Enter(&symbols, &s->scope, s->body, &level);
    if (varargs) s->scope.varargs_slot = SlotOf("varargs", s->scope);
    if (kwargs) s->scope.kwargs_slot = SlotOf("kwargs", s->scope);
    const Level inner{&symbols, &s->scope, &level};
    for (auto& [name, value] : s->bindings) {
      Resolve(name, inner);
      Resolve(value, inner);
    }
  }

  static bool HasParameter(const Statement& macro, std::string_view name) {
    return std::any_of(macro.bindings.begin(), macro.bindings.end(), [&](const auto& binding) { return binding.first->name == name; });
  }

  static constexpr size_t kMostWork = 50'000'000;

  Template* made_;
  int loops_ = 0;    // around the statement that is being resolved
  size_t work_ = 0;  // names copied for branches
};

}  // namespace

void ResolveNames(Template* made) { Resolver(made).Run(); }

}  // namespace temper::jinja
