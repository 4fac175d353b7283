#include "policy/jinja/evaluator.h"

#include "cluster/base/error.h"
#include "policy/jinja/print.h"

namespace temper {
namespace {

using Kind = JinjaExprKind;
using StatementKind = JinjaStatementKind;

// Sets a variable until the end of a block of code, also when an exception ends it.
template <typename T>
class Restore {
 public:
  Restore(T* variable, T value) : variable_(variable), before_(*variable) { *variable = value; }
  ~Restore() { *variable_ = before_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T* variable_;
  T before_;
};

}  // namespace

JinjaOutput JinjaEvaluator::Run() {
  out_ = &output_.text;
  try {
    frame_ = NewFrame(template_.scope, nullptr);
    Begin(template_.scope, frame_);
    Execute(template_.body);
  } catch (const JinjaFailure& failure) {
    template_.source.Fail(offset_, failure.what());
  }
  return std::move(output_);
}

JinjaFrame* JinjaEvaluator::NewFrame(const JinjaScope& scope, JinjaFrame* parent) {
  auto* frame = heap_->New<JinjaFrame>();
  heap_->Charge(scope.variables.size() * sizeof(JinjaValue));
  frame->slots.resize(scope.variables.size());
  frame->parent = parent;
  return frame;
}

void JinjaEvaluator::Begin(const JinjaScope& scope, JinjaFrame* frame) {
  for (size_t i = 0; i < scope.variables.size(); ++i) {
    const JinjaScope::Variable& variable = scope.variables[i];
    switch (variable.origin) {
      case JinjaScope::Origin::kParameter:
        break;
      case JinjaScope::Origin::kResolve:
        frame->slots[i] = Outside(variable.name);
        break;
      case JinjaScope::Origin::kAlias: {
        JinjaFrame* from = frame->parent;
        for (int hop = 0; hop < variable.hops; ++hop) from = from->parent;
        frame->slots[i] = from->slots[static_cast<size_t>(variable.slot)];
        break;
      }
      case JinjaScope::Origin::kUnassigned:
        frame->slots[i] = JinjaValue();
        break;
    }
  }
}

JinjaFrame* JinjaEvaluator::FrameAt(int hops) const {
  JinjaFrame* frame = frame_;
  for (; hops > 0; --hops) frame = frame->parent;
  return frame;
}

JinjaValue JinjaEvaluator::Outside(const std::string& name) {
  if (const auto found = variables_.find(name); found != variables_.end()) return found->second;
  if (!JinjaIsGlobal(name)) return {};
  auto* global = heap_->New<JinjaGlobal>();
  global->name = name;
  return JinjaValue::Object(JinjaKind::kGlobal, global);
}

void JinjaEvaluator::Assign(const JinjaExpr& target, const JinjaValue& value) {
  offset_ = target.offset;
  if (target.kind == Kind::kName) {
    FrameAt(target.hops)->slots[static_cast<size_t>(target.slot)] = value;
    return;
  }
  if (target.kind == Kind::kNamespaceRef) {
    const JinjaValue space = Evaluate(*target.children[0]);
    if (!space.Is(JinjaKind::kNamespace)) throw JinjaFailure("cannot assign attribute on non-namespace object");
    if (target.name.starts_with('_')) {
      throw JinjaFailure(Concat("a namespace cannot store the underscore-prefixed attribute '", target.name, "'"));
    }
    JinjaSet(heap_, &space.object<JinjaNamespace>()->attributes, JinjaValue::String(target.name), value);
    return;
  }
  const auto items = JinjaItems(heap_, value);
  const size_t wanted = target.children.size();
  if (items.size() > wanted) throw JinjaFailure(Concat("too many values to unpack (expected ", wanted, ")"));
  if (items.size() < wanted) throw JinjaFailure(Concat("not enough values to unpack (expected ", wanted, ", got ", items.size(), ")"));
  for (size_t i = 0; i < wanted; ++i) Assign(*target.children[i], items[i]);
}

void JinjaEvaluator::Emit(std::string_view text) {
  heap_->Charge(text.size());
  *out_ += text;
}

JinjaEvaluator::Flow JinjaEvaluator::Execute(const JinjaBody& body) {
  for (const JinjaStatement* statement : body) {
    const Flow flow = Execute(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

JinjaEvaluator::Flow JinjaEvaluator::Execute(const JinjaStatement& statement) {
  const JinjaHeap::Depth depth(heap_);
  heap_->Step();
  offset_ = statement.offset;
  switch (statement.kind) {
    case StatementKind::kData:
      Emit(statement.text);
      return Flow::kNext;
    case StatementKind::kOutput: {
      const JinjaValue value = Evaluate(*statement.value);
      Emit(JinjaText(heap_, value));
      return Flow::kNext;
    }
    case StatementKind::kIf:
      return ExecuteIf(statement);
    case StatementKind::kFor:
      ExecuteFor(statement);
      return Flow::kNext;
    case StatementKind::kSet:
      Assign(*statement.target, Evaluate(*statement.value));
      return Flow::kNext;
    case StatementKind::kSetBlock:
      return ExecuteSetBlock(statement);
    case StatementKind::kMacro:
      ExecuteMacro(statement);
      return Flow::kNext;
    case StatementKind::kGeneration:
      ExecuteGeneration(statement);
      return Flow::kNext;
    case StatementKind::kFilterBlock:
      return ExecuteFilterBlock(statement);
    case StatementKind::kWith:
      return ExecuteWith(statement);
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

JinjaEvaluator::Flow JinjaEvaluator::ExecuteIf(const JinjaStatement& statement) {
  for (const auto& [test, body] : statement.branches) {
    if (test == nullptr || JinjaTruth(Evaluate(*test))) return Execute(body);
  }
  return Flow::kNext;
}

// The items the test of a for lets through; each is tested when it is its turn.
std::function<std::optional<JinjaValue>()> JinjaEvaluator::Filtered(const JinjaStatement& statement, const JinjaValue& items) {
  return [this, &statement, next = JinjaIterate(heap_, items), outer = frame_,
          frame = static_cast<JinjaFrame*>(nullptr)]() mutable -> std::optional<JinjaValue> {
    if (frame == nullptr) {
      frame = NewFrame(statement.test_scope, outer);
      Begin(statement.test_scope, frame);
    }
    const Restore<JinjaFrame*> in_test(&frame_, frame);
    while (const auto item = next()) {
      heap_->Step();
      Assign(*statement.test_target, *item);
      if (JinjaTruth(Evaluate(*statement.test))) return item;
    }
    return std::nullopt;
  };
}

void JinjaEvaluator::ExecuteFor(const JinjaStatement& statement) {
  JinjaValue items = Evaluate(*statement.value);
  offset_ = statement.value->offset;
  if (statement.test != nullptr) items = heap_->Iterator(Filtered(statement, items));
  auto* loop = heap_->New<JinjaLoop>();
  loop->Start(heap_, items, JinjaIterate(heap_, items));
  JinjaFrame* frame = NewFrame(statement.scope, frame_);
  bool completed = false;  // a turn of the body, as jinja2 counts for else: one that continue or break ended is none
  while (loop->Advance()) {
    heap_->Step();
    const Restore<JinjaFrame*> in_body(&frame_, frame);
    if (statement.scope.loop_slot >= 0) {
      frame->slots[static_cast<size_t>(statement.scope.loop_slot)] = JinjaValue::Object(JinjaKind::kLoop, loop);
    }
    Assign(*statement.target, loop->item());
    Begin(statement.scope, frame);
    const Flow flow = Execute(statement.body);
    if (flow == Flow::kBreak) break;
    completed = completed || flow == Flow::kNext;
  }
  if (completed || statement.otherwise.empty()) return;
  JinjaFrame* otherwise = NewFrame(statement.otherwise_scope, frame_);
  Begin(statement.otherwise_scope, otherwise);
  const Restore<JinjaFrame*> in_else(&frame_, otherwise);
  Execute(statement.otherwise);
}

void JinjaEvaluator::ExecuteMacro(const JinjaStatement& statement) {
  auto* macro = heap_->New<JinjaMacro>();
  macro->name = statement.text;
  macro->definition = &statement;
  macro->frame = frame_;
  Assign(*statement.target, JinjaValue::Object(JinjaKind::kMacro, macro));
}

JinjaValue JinjaEvaluator::Capture(const JinjaBody& body, Flow* flow) {
  std::string text;
  const Restore<std::string*> into(&out_, &text);
  *flow = Execute(body);
  return heap_->Text(std::move(text));
}

void JinjaEvaluator::ExecuteGeneration(const JinjaStatement& statement) {
  JinjaFrame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  const Restore<JinjaFrame*> in_block(&frame_, frame);
  Flow flow = Flow::kNext;
  std::string* const into = out_;
  const JinjaValue text = Capture(statement.body, &flow);
  if (into != &output_.text) output_.generated_elsewhere = true;
  const size_t begin = into->size();
  Emit(text.text());
  if (into == &output_.text) output_.generated.emplace_back(begin, into->size());
}

JinjaEvaluator::Flow JinjaEvaluator::ExecuteSetBlock(const JinjaStatement& statement) {
  JinjaFrame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  JinjaValue text;
  {
    const Restore<JinjaFrame*> in_block(&frame_, frame);
    Flow flow = Flow::kNext;
    text = Capture(statement.body, &flow);
    if (flow != Flow::kNext) return flow;  // out of the loop around it, nothing is assigned
    const Restore<JinjaValue> captured(&captured_, text);
    if (statement.value != nullptr) text = Evaluate(*statement.value);
  }
  Assign(*statement.target, text);
  return Flow::kNext;
}

JinjaEvaluator::Flow JinjaEvaluator::ExecuteFilterBlock(const JinjaStatement& statement) {
  JinjaFrame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  const Restore<JinjaFrame*> in_block(&frame_, frame);
  Flow flow = Flow::kNext;
  const JinjaValue text = Capture(statement.body, &flow);
  if (flow != Flow::kNext) return flow;  // out of the loop around it, what was caught is dropped
  const Restore<JinjaValue> captured(&captured_, text);
  Emit(JinjaText(heap_, Evaluate(*statement.value)));
  return Flow::kNext;
}

JinjaEvaluator::Flow JinjaEvaluator::ExecuteWith(const JinjaStatement& statement) {
  JinjaFrame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  for (const auto& [name, value] : statement.bindings) {
    const JinjaValue made = Evaluate(*value);
    const Restore<JinjaFrame*> in_block(&frame_, frame);
    Assign(*name, made);
  }
  const Restore<JinjaFrame*> in_block(&frame_, frame);
  return Execute(statement.body);
}

}  // namespace temper
