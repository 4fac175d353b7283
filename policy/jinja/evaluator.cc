#include "policy/jinja/evaluator.h"

#include "cluster/base/error.h"
#include "policy/jinja/print.h"

namespace temper::jinja {
namespace {

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

Output Evaluator::Run() {
  out_ = &output_.text;
  try {
    frame_ = NewFrame(template_.scope, nullptr);
    Begin(template_.scope, frame_);
    Execute(template_.body);
  } catch (const Failure& failure) {
    template_.source.Fail(offset_, failure.what());
  }
  return std::move(output_);
}

Frame* Evaluator::NewFrame(const Scope& scope, Frame* parent) {
  auto* frame = heap_->New<Frame>();
  heap_->Charge(scope.variables.size() * sizeof(Value));
  frame->slots.resize(scope.variables.size());
  frame->parent = parent;
  return frame;
}

void Evaluator::Begin(const Scope& scope, Frame* frame) {
  for (size_t i = 0; i < scope.variables.size(); ++i) {
    const Scope::Variable& variable = scope.variables[i];
    switch (variable.origin) {
      case Scope::Origin::kParameter:
        break;
      case Scope::Origin::kResolve:
        frame->slots[i] = Outside(variable.name);
        break;
      case Scope::Origin::kAlias: {
        Frame* from = frame->parent;
        for (int hop = 0; hop < variable.hops; ++hop) from = from->parent;
        frame->slots[i] = from->slots[static_cast<size_t>(variable.slot)];
        break;
      }
      case Scope::Origin::kUnassigned:
        frame->slots[i] = Value();
        break;
    }
  }
}

Frame* Evaluator::FrameAt(int hops) const {
  Frame* frame = frame_;
  for (; hops > 0; --hops) frame = frame->parent;
  return frame;
}

Value Evaluator::Outside(const std::string& name) {
  if (const auto found = variables_.find(name); found != variables_.end()) return found->second;
  if (!IsGlobal(name)) return {};
  auto* global = heap_->New<Global>();
  global->name = name;
  return Value::Object(Kind::kGlobal, global);
}

void Evaluator::Assign(const Expr& target, const Value& value) {
  offset_ = target.offset;
  if (target.kind == ExprKind::kName) {
    FrameAt(target.hops)->slots[static_cast<size_t>(target.slot)] = value;
    return;
  }
  if (target.kind == ExprKind::kNamespaceRef) {
    const Value space = Evaluate(*target.children[0]);
    if (!space.Is(Kind::kNamespace)) throw Failure("cannot assign attribute on non-namespace object");
    if (target.name.starts_with('_')) {
      throw Failure(Concat("a namespace cannot store the underscore-prefixed attribute '", target.name, "'"));
    }
    Set(heap_, &space.object<Namespace>()->attributes, Value::String(target.name), value);
    return;
  }
  const auto items = Items(heap_, value);
  const size_t wanted = target.children.size();
  if (items.size() > wanted) throw Failure(Concat("too many values to unpack (expected ", wanted, ")"));
  if (items.size() < wanted) throw Failure(Concat("not enough values to unpack (expected ", wanted, ", got ", items.size(), ")"));
  for (size_t i = 0; i < wanted; ++i) Assign(*target.children[i], items[i]);
}

void Evaluator::Emit(std::string_view text) {
  heap_->Charge(text.size());
  *out_ += text;
}

Evaluator::Flow Evaluator::Execute(const Body& body) {
  for (const Statement* statement : body) {
    const Flow flow = Execute(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Execute(const Statement& statement) {
  const Heap::Depth depth(heap_);
  heap_->Step();
  offset_ = statement.offset;
  switch (statement.kind) {
    case StatementKind::kData:
      Emit(statement.text);
      return Flow::kNext;
    case StatementKind::kOutput: {
      const Value value = Evaluate(*statement.value);
      Emit(Text(heap_, value));
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

Evaluator::Flow Evaluator::ExecuteIf(const Statement& statement) {
  for (const auto& [test, body] : statement.branches) {
    if (test == nullptr || Truth(Evaluate(*test))) return Execute(body);
  }
  return Flow::kNext;
}

// The items the test of a for lets through; each is tested when it is its turn.
std::function<std::optional<Value>()> Evaluator::Filtered(const Statement& statement, const Value& items) {
  return [this, &statement, next = Iterate(heap_, items), outer = frame_,
          frame = static_cast<Frame*>(nullptr)]() mutable -> std::optional<Value> {
    if (frame == nullptr) {
      frame = NewFrame(statement.test_scope, outer);
      Begin(statement.test_scope, frame);
    }
    const Restore<Frame*> in_test(&frame_, frame);
    while (const auto item = next()) {
      heap_->Step();
      Assign(*statement.test_target, *item);
      if (Truth(Evaluate(*statement.test))) return item;
    }
    return std::nullopt;
  };
}

void Evaluator::ExecuteFor(const Statement& statement) {
  Value items = Evaluate(*statement.value);
  offset_ = statement.value->offset;
  if (statement.test != nullptr) items = heap_->Iterator(Filtered(statement, items));
  auto* loop = heap_->New<Loop>();
  loop->Start(heap_, items, Iterate(heap_, items));
  Frame* frame = NewFrame(statement.scope, frame_);
  bool completed = false;  // a turn of the body, as jinja2 counts for else: one that continue or break ended is none
  while (loop->Advance()) {
    heap_->Step();
    const Restore<Frame*> in_body(&frame_, frame);
    if (statement.scope.loop_slot >= 0) {
      frame->slots[static_cast<size_t>(statement.scope.loop_slot)] = Value::Object(Kind::kLoop, loop);
    }
    Assign(*statement.target, loop->item());
    Begin(statement.scope, frame);
    const Flow flow = Execute(statement.body);
    if (flow == Flow::kBreak) break;
    completed = completed || flow == Flow::kNext;
  }
  if (completed || statement.otherwise.empty()) return;
  Frame* otherwise = NewFrame(statement.otherwise_scope, frame_);
  Begin(statement.otherwise_scope, otherwise);
  const Restore<Frame*> in_else(&frame_, otherwise);
  Execute(statement.otherwise);
}

void Evaluator::ExecuteMacro(const Statement& statement) {
  auto* macro = heap_->New<Macro>();
  macro->name = statement.text;
  macro->definition = &statement;
  macro->frame = frame_;
  Assign(*statement.target, Value::Object(Kind::kMacro, macro));
}

Value Evaluator::Capture(const Body& body, Flow* flow) {
  std::string text;
  const Restore<std::string*> into(&out_, &text);
  *flow = Execute(body);
  return heap_->Text(std::move(text));
}

void Evaluator::ExecuteGeneration(const Statement& statement) {
  Frame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  const Restore<Frame*> in_block(&frame_, frame);
  Flow flow = Flow::kNext;
  std::string* const into = out_;
  const Value text = Capture(statement.body, &flow);
  if (into != &output_.text) output_.generated_elsewhere = true;
  const size_t begin = into->size();
  Emit(text.text());
  if (into == &output_.text) output_.generated.emplace_back(begin, into->size());
}

Evaluator::Flow Evaluator::ExecuteSetBlock(const Statement& statement) {
  Frame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  Value text;
  {
    const Restore<Frame*> in_block(&frame_, frame);
    Flow flow = Flow::kNext;
    text = Capture(statement.body, &flow);
    if (flow != Flow::kNext) return flow;  // out of the loop around it, nothing is assigned
    const Restore<Value> captured(&captured_, text);
    if (statement.value != nullptr) text = Evaluate(*statement.value);
  }
  Assign(*statement.target, text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::ExecuteFilterBlock(const Statement& statement) {
  Frame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  const Restore<Frame*> in_block(&frame_, frame);
  Flow flow = Flow::kNext;
  const Value text = Capture(statement.body, &flow);
  if (flow != Flow::kNext) return flow;  // out of the loop around it, what was caught is dropped
  const Restore<Value> captured(&captured_, text);
  Emit(Text(heap_, Evaluate(*statement.value)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::ExecuteWith(const Statement& statement) {
  Frame* frame = NewFrame(statement.scope, frame_);
  Begin(statement.scope, frame);
  for (const auto& [name, value] : statement.bindings) {
    const Value made = Evaluate(*value);
    const Restore<Frame*> in_block(&frame_, frame);
    Assign(*name, made);
  }
  const Restore<Frame*> in_block(&frame_, frame);
  return Execute(statement.body);
}

}  // namespace temper::jinja
