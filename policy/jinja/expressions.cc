// How the evaluator computes expressions and calls macros.
#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/evaluator.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"

namespace temper::jinja {

namespace {}  // namespace

Value Evaluator::Evaluate(const Expr& expr) {
  const Heap::Depth depth(heap_);
  heap_->Step();
  offset_ = expr.offset;
  return EvaluateKind(expr);
}

Value Evaluator::EvaluateKind(const Expr& expr) {
  const auto child = [&](size_t i) { return Evaluate(*expr.children[i]); };
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.constant;
    case ExprKind::kName:
      return EvaluateName(expr);
    case ExprKind::kTuple:
    case ExprKind::kList:
      return EvaluateItems(expr);
    case ExprKind::kDict:
      return EvaluateDict(expr);
    case ExprKind::kAttribute: {
      const Value value = child(0);
      offset_ = expr.offset;
      return Attribute(heap_, value, expr.name);
    }
    case ExprKind::kItem: {
      const Value value = child(0);
      const Value key = child(1);
      offset_ = expr.offset;
      return Item(heap_, value, key);
    }
    case ExprKind::kSlice:
      return EvaluateSlice(expr);
    case ExprKind::kCall:
      return EvaluateCall(expr);
    case ExprKind::kFilter: {
      const Value value = child(0);
      const Arguments arguments = EvaluateArguments(expr);
      offset_ = expr.offset;
      return CallFilter(heap_, expr.name, value, arguments);
    }
    case ExprKind::kTest: {
      const Value value = child(0);
      const Arguments arguments = EvaluateArguments(expr);
      offset_ = expr.offset;
      return Value::Bool(CallTest(heap_, expr.name, value, arguments));
    }
    case ExprKind::kNot:
      return Value::Bool(!Truth(child(0)));
    case ExprKind::kAnd: {
      const Value left = child(0);
      return Truth(left) ? child(1) : left;
    }
    case ExprKind::kOr: {
      const Value left = child(0);
      return Truth(left) ? left : child(1);
    }
    case ExprKind::kNegate:
    case ExprKind::kPlus: {
      const Value value = child(0);
      offset_ = expr.offset;
      return Negate(value, expr.kind == ExprKind::kNegate);
    }
    case ExprKind::kBinary: {
      const Value left = child(0);
      const Value right = child(1);
      offset_ = expr.offset;
      return Apply(heap_, expr.op, left, right);
    }
    case ExprKind::kCompare:
      return EvaluateCompare(expr);
    case ExprKind::kConcat:
      return EvaluateConcat(expr);
    case ExprKind::kConditional:
      return EvaluateConditional(expr);
    case ExprKind::kCaptured:
      return captured_;
    case ExprKind::kNamespaceRef:
      break;
  }
  TEMPER_FAIL("an expression of a template that has no value");
}

Value Evaluator::EvaluateName(const Expr& expr) {
  const Value value = FrameAt(expr.hops)->slots[static_cast<size_t>(expr.slot)];
  return value.Is(Kind::kMissing) ? heap_->Undefined(Concat("'", expr.name, "' is undefined")) : value;
}

Value Evaluator::EvaluateItems(const Expr& expr) {
  std::vector<Value> items;
  items.reserve(expr.children.size());
  for (const Expr* child : expr.children) items.push_back(Evaluate(*child));
  return expr.kind == ExprKind::kList ? heap_->List(std::move(items)) : heap_->Tuple(std::move(items));
}

Value Evaluator::EvaluateDict(const Expr& expr) {
  auto* dict = heap_->New<Dict>();
  for (size_t i = 0; i < expr.children.size(); i += 2) {
    const Value key = Evaluate(*expr.children[i]);
    const Value value = Evaluate(*expr.children[i + 1]);
    offset_ = expr.children[i]->offset;
    Set(heap_, dict, key, value);
  }
  return Value::Dict(dict);
}

Value Evaluator::EvaluateSlice(const Expr& expr) {
  Value parts[4];
  for (size_t i = 0; i < 4; ++i) parts[i] = expr.children[i] != nullptr ? Evaluate(*expr.children[i]) : Value::None();
  offset_ = expr.offset;
  return Slice(heap_, parts[0], parts[1], parts[2], parts[3]);
}

Value Evaluator::EvaluateCompare(const Expr& expr) {
  Value left = Evaluate(*expr.children[0]);
  for (size_t i = 0; i < expr.comparisons.size(); ++i) {
    const Value right = Evaluate(*expr.children[i + 1]);
    offset_ = expr.offset;
    if (!Compare(heap_, expr.comparisons[i], left, right)) return Value::Bool(false);
    left = right;
  }
  return Value::Bool(true);
}

Value Evaluator::EvaluateConcat(const Expr& expr) {
  std::string text;
  for (const Expr* child : expr.children) {
    const Value value = Evaluate(*child);
    offset_ = child->offset;
    const std::string_view part = Text(heap_, value);
    heap_->Charge(part.size());
    text += part;
  }
  return heap_->Text(std::move(text));
}

Value Evaluator::EvaluateConditional(const Expr& expr) {
  if (Truth(Evaluate(*expr.children[0]))) return Evaluate(*expr.children[1]);
  if (expr.children[2] != nullptr) return Evaluate(*expr.children[2]);
  return Value::Undefined("the inline if-expression evaluated to false and no else section was defined.");
}

Arguments Evaluator::EvaluateArguments(const Expr& expr) {
  Arguments arguments;
  for (const Expr* value : expr.positional) arguments.positional.push_back(Evaluate(*value));
  for (const auto& [name, value] : expr.keyword) arguments.keyword.emplace_back(name, Evaluate(*value));
  if (expr.unpacked != nullptr) {
    for (const Value& value : Items(heap_, Evaluate(*expr.unpacked))) arguments.positional.push_back(value);
  }
  if (expr.unpacked_keywords != nullptr) {
    const Value keywords = Evaluate(*expr.unpacked_keywords);
    if (!keywords.Is(Kind::kDict)) throw Failure(Concat("argument after ** must be a mapping, not ", TypeName(keywords)));
    for (const auto& [key, value] : keywords.dict().items) {
      const std::string_view name = TextArgument(key, "a keyword");
      const auto same = [&](const auto& other) { return other.first == name; };
      if (std::any_of(arguments.keyword.begin(), arguments.keyword.end(), same)) {
        throw Failure(Concat("got multiple values for keyword argument '", name, "'"));
      }
      arguments.keyword.emplace_back(name, value);
    }
  }
  return arguments;
}

Value Evaluator::EvaluateCall(const Expr& expr) {
  const Value callee = Evaluate(*expr.children[0]);
  const Arguments arguments = EvaluateArguments(expr);
  offset_ = expr.children[0]->offset;
  return Call(callee, arguments);
}

Value Evaluator::Call(const Value& callee, const Arguments& arguments) {
  RequireDefined(callee);
  switch (callee.kind()) {
    case Kind::kMacro:
      return CallMacro(*callee.object<Macro>(), arguments);
    case Kind::kGlobal:
      return CallGlobal(heap_, callee.object<Global>()->name, arguments, now_);
    case Kind::kMethod:
      return CallMethod(heap_, *callee.object<Method>(), arguments);
    default:
      throw Failure(Concat("'", TypeName(callee), "' object is not callable"));
  }
}

Value Evaluator::CallMacro(const Macro& macro, const Arguments& arguments) {
  if (macro_depth_ >= heap_->limits().macro_depth) {
    throw Failure(Concat("macros that call each other more than ", heap_->limits().macro_depth, " levels deep"));
  }
  Frame* const caller = frame_;
  ++macro_depth_;
  frame_ = NewFrame(macro.definition->scope, macro.frame);
  BindParameters(macro, arguments, frame_);
  Flow flow = Flow::kNext;
  const Value text = Capture(macro.definition->body, &flow);
  frame_ = caller;
  --macro_depth_;
  return text;
}

void Evaluator::BindParameters(const Macro& macro, const Arguments& arguments, Frame* frame) {
  const Statement& definition = *macro.definition;
  const Scope& scope = definition.scope;
  const size_t count = definition.bindings.size();
  auto keywords = arguments.keyword;
  const auto slot = [&](size_t i) -> Value& { return frame->slots[static_cast<size_t>(definition.bindings[i].first->slot)]; };
  for (size_t i = 0; i < count; ++i) {
    if (i < arguments.positional.size()) {
      slot(i) = arguments.positional[i];
      continue;
    }
    const auto named = [&](const auto& keyword) { return keyword.first == definition.bindings[i].first->name; };
    const auto found = std::find_if(keywords.begin(), keywords.end(), named);
    if (found == keywords.end()) continue;
    slot(i) = found->second;
    keywords.erase(found);
  }
  const size_t taken = std::min(count, arguments.positional.size());
  if (scope.varargs_slot >= 0) {
    frame->slots[static_cast<size_t>(scope.varargs_slot)] =
        heap_->Tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(taken), arguments.positional.end()});
  } else if (arguments.positional.size() > count) {
    throw Failure(Concat("macro '", macro.name, "' takes not more than ", count, " argument(s)"));
  }
  if (scope.kwargs_slot >= 0) {
    auto* rest = heap_->New<Dict>();
    for (const auto& [key, value] : keywords) Set(heap_, rest, Value::String(key), value);
    frame->slots[static_cast<size_t>(scope.kwargs_slot)] = Value::Dict(rest);
  } else if (!keywords.empty()) {
    throw Failure(Concat("macro '", macro.name, "' takes no keyword argument '", keywords[0].first, "'"));
  }
  Begin(scope, frame);
  for (size_t i = 0; i < count; ++i) {
    if (!slot(i).Is(Kind::kMissing)) continue;
    const auto& [name, value] = definition.bindings[i];
    slot(i) = value != nullptr ? Evaluate(*value) : heap_->Undefined(Concat("parameter '", name->name, "' was not provided"));
  }
}

}  // namespace temper::jinja
