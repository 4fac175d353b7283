#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/jinja/call.h"
#include "policy/jinja/loop.h"
#include "policy/jinja/template.h"
#include "policy/jinja/value.h"

namespace temper::jinja {

struct Output {
  std::string text;
  std::vector<std::pair<size_t, size_t>> generated;  // [begin, end) in text of each {% generation %}, in bytes
  // A generation block whose text went elsewhere (into a macro, a set or a filter), so that nobody knows where it ended up.
  bool generated_elsewhere = false;
};

// One rendering of a template. Used once; Failure becomes TemplateError with the place.
class Evaluator {
 public:
  // All must outlive the evaluator. `now`: seconds since 1970 for strftime_now, 0 = the clock's.
  Evaluator(const Template& source, Heap* heap, const std::map<std::string, Value, std::less<>>& variables, int64_t now)
      : template_(source), heap_(heap), variables_(variables), now_(now) {}
  Output Run();

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // Statements, in evaluator.cc.
  Flow Execute(const Body& body);
  Flow Execute(const Statement& statement);
  Flow ExecuteIf(const Statement& statement);
  void ExecuteFor(const Statement& statement);
  void ExecuteMacro(const Statement& statement);
  void ExecuteGeneration(const Statement& statement);
  Flow ExecuteSetBlock(const Statement& statement);
  Flow ExecuteFilterBlock(const Statement& statement);
  Flow ExecuteWith(const Statement& statement);
  std::function<std::optional<Value>()> Filtered(const Statement& statement, const Value& items);
  // Output of the body in a new scope; *flow how it ended.
  Value Capture(const Body& body, Flow* flow);
  void Emit(std::string_view text);

  // Variables.
  Frame* NewFrame(const Scope& scope, Frame* parent);
  void Begin(const Scope& scope, Frame* frame);
  Frame* FrameAt(int hops) const;
  Value Outside(const std::string& name);
  void Assign(const Expr& target, const Value& value);

  // Expressions, in expressions.cc.
  Value Evaluate(const Expr& expr);
  Value EvaluateKind(const Expr& expr);
  Value EvaluateName(const Expr& expr);
  Value EvaluateItems(const Expr& expr);
  Value EvaluateDict(const Expr& expr);
  Value EvaluateSlice(const Expr& expr);
  Value EvaluateCompare(const Expr& expr);
  Value EvaluateConcat(const Expr& expr);
  Value EvaluateConditional(const Expr& expr);
  Value EvaluateCall(const Expr& expr);
  Value Call(const Value& callee, const Arguments& arguments);
  Value CallMacro(const Macro& macro, const Arguments& arguments);
  void BindParameters(const Macro& macro, const Arguments& arguments, Frame* frame);
  Arguments EvaluateArguments(const Expr& expr);

  const Template& template_;
  Heap* heap_;
  const std::map<std::string, Value, std::less<>>& variables_;
  int64_t now_;
  Frame* frame_ = nullptr;
  std::string* out_ = nullptr;
  Output output_;
  Value captured_;     // what kCaptured is
  size_t offset_ = 0;  // in the source, of what is being worked on
  int macro_depth_ = 0;
};

}  // namespace temper::jinja
