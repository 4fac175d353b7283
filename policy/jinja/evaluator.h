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

namespace temper {

struct JinjaOutput {
  std::string text;
  std::vector<std::pair<size_t, size_t>> generated;  // [begin, end) in text of each {% generation %}, in bytes
  // A generation block whose text went elsewhere (into a macro, a set or a filter), so that nobody knows where it ended up.
  bool generated_elsewhere = false;
};

// One rendering of a template. Used once; JinjaFailure becomes ChatTemplateError with the place.
class JinjaEvaluator {
 public:
  // All must outlive the evaluator. `now`: seconds since 1970 for strftime_now, 0 = the clock's.
  JinjaEvaluator(const JinjaTemplate& source, JinjaHeap* heap, const std::map<std::string, JinjaValue, std::less<>>& variables, int64_t now)
      : template_(source), heap_(heap), variables_(variables), now_(now) {}
  JinjaOutput Run();

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // Statements, in jinja_evaluator.cc.
  Flow Execute(const JinjaBody& body);
  Flow Execute(const JinjaStatement& statement);
  Flow ExecuteIf(const JinjaStatement& statement);
  void ExecuteFor(const JinjaStatement& statement);
  void ExecuteMacro(const JinjaStatement& statement);
  void ExecuteGeneration(const JinjaStatement& statement);
  Flow ExecuteSetBlock(const JinjaStatement& statement);
  Flow ExecuteFilterBlock(const JinjaStatement& statement);
  Flow ExecuteWith(const JinjaStatement& statement);
  std::function<std::optional<JinjaValue>()> Filtered(const JinjaStatement& statement, const JinjaValue& items);
  // Output of the body in a new scope; *flow how it ended.
  JinjaValue Capture(const JinjaBody& body, Flow* flow);
  void Emit(std::string_view text);

  // Variables.
  JinjaFrame* NewFrame(const JinjaScope& scope, JinjaFrame* parent);
  void Begin(const JinjaScope& scope, JinjaFrame* frame);
  JinjaFrame* FrameAt(int hops) const;
  JinjaValue Outside(const std::string& name);
  void Assign(const JinjaExpr& target, const JinjaValue& value);

  // Expressions, in jinja_expressions.cc.
  JinjaValue Evaluate(const JinjaExpr& expr);
  JinjaValue EvaluateKind(const JinjaExpr& expr);
  JinjaValue EvaluateName(const JinjaExpr& expr);
  JinjaValue EvaluateItems(const JinjaExpr& expr);
  JinjaValue EvaluateDict(const JinjaExpr& expr);
  JinjaValue EvaluateSlice(const JinjaExpr& expr);
  JinjaValue EvaluateCompare(const JinjaExpr& expr);
  JinjaValue EvaluateConcat(const JinjaExpr& expr);
  JinjaValue EvaluateConditional(const JinjaExpr& expr);
  JinjaValue EvaluateCall(const JinjaExpr& expr);
  JinjaValue Call(const JinjaValue& callee, const JinjaArguments& arguments);
  JinjaValue CallMacro(const JinjaMacro& macro, const JinjaArguments& arguments);
  void BindParameters(const JinjaMacro& macro, const JinjaArguments& arguments, JinjaFrame* frame);
  JinjaArguments EvaluateArguments(const JinjaExpr& expr);

  const JinjaTemplate& template_;
  JinjaHeap* heap_;
  const std::map<std::string, JinjaValue, std::less<>>& variables_;
  int64_t now_;
  JinjaFrame* frame_ = nullptr;
  std::string* out_ = nullptr;
  JinjaOutput output_;
  JinjaValue captured_;  // what kCaptured is
  size_t offset_ = 0;    // in the source, of what is being worked on
  int macro_depth_ = 0;
};

}  // namespace temper
