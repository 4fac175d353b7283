// How the evaluator computes expressions and calls macros.
#include <algorithm>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/evaluator.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"

namespace temper {

namespace {
using Kind = JinjaExprKind;
}  // namespace

JinjaValue JinjaEvaluator::Evaluate(const JinjaExpr& expr) {
  const JinjaHeap::Depth depth(heap_);
  heap_->Step();
  offset_ = expr.offset;
  return EvaluateKind(expr);
}

JinjaValue JinjaEvaluator::EvaluateKind(const JinjaExpr& expr) {
  const auto child = [&](size_t i) { return Evaluate(*expr.children[i]); };
  switch (expr.kind) {
    case Kind::kConstant:
      return expr.constant;
    case Kind::kName:
      return EvaluateName(expr);
    case Kind::kTuple:
    case Kind::kList:
      return EvaluateItems(expr);
    case Kind::kDict:
      return EvaluateDict(expr);
    case Kind::kAttribute: {
      const JinjaValue value = child(0);
      offset_ = expr.offset;
      return JinjaAttribute(heap_, value, expr.name);
    }
    case Kind::kItem: {
      const JinjaValue value = child(0);
      const JinjaValue key = child(1);
      offset_ = expr.offset;
      return JinjaItem(heap_, value, key);
    }
    case Kind::kSlice:
      return EvaluateSlice(expr);
    case Kind::kCall:
      return EvaluateCall(expr);
    case Kind::kFilter: {
      const JinjaValue value = child(0);
      const JinjaArguments arguments = EvaluateArguments(expr);
      offset_ = expr.offset;
      return JinjaCallFilter(heap_, expr.name, value, arguments);
    }
    case Kind::kTest: {
      const JinjaValue value = child(0);
      const JinjaArguments arguments = EvaluateArguments(expr);
      offset_ = expr.offset;
      return JinjaValue::Bool(JinjaCallTest(heap_, expr.name, value, arguments));
    }
    case Kind::kNot:
      return JinjaValue::Bool(!JinjaTruth(child(0)));
    case Kind::kAnd: {
      const JinjaValue left = child(0);
      return JinjaTruth(left) ? child(1) : left;
    }
    case Kind::kOr: {
      const JinjaValue left = child(0);
      return JinjaTruth(left) ? left : child(1);
    }
    case Kind::kNegate:
    case Kind::kPlus: {
      const JinjaValue value = child(0);
      offset_ = expr.offset;
      return JinjaNegate(value, expr.kind == Kind::kNegate);
    }
    case Kind::kBinary: {
      const JinjaValue left = child(0);
      const JinjaValue right = child(1);
      offset_ = expr.offset;
      return JinjaApply(heap_, expr.op, left, right);
    }
    case Kind::kCompare:
      return EvaluateCompare(expr);
    case Kind::kConcat:
      return EvaluateConcat(expr);
    case Kind::kConditional:
      return EvaluateConditional(expr);
    case Kind::kCaptured:
      return captured_;
    case Kind::kNamespaceRef:
      break;
  }
  TEMPER_FAIL("an expression of a template that has no value");
}

JinjaValue JinjaEvaluator::EvaluateName(const JinjaExpr& expr) {
  const JinjaValue value = FrameAt(expr.hops)->slots[static_cast<size_t>(expr.slot)];
  return value.Is(JinjaKind::kMissing) ? heap_->Undefined(Concat("'", expr.name, "' is undefined")) : value;
}

JinjaValue JinjaEvaluator::EvaluateItems(const JinjaExpr& expr) {
  std::vector<JinjaValue> items;
  items.reserve(expr.children.size());
  for (const JinjaExpr* child : expr.children) items.push_back(Evaluate(*child));
  return expr.kind == Kind::kList ? heap_->List(std::move(items)) : heap_->Tuple(std::move(items));
}

JinjaValue JinjaEvaluator::EvaluateDict(const JinjaExpr& expr) {
  auto* dict = heap_->New<JinjaDict>();
  for (size_t i = 0; i < expr.children.size(); i += 2) {
    const JinjaValue key = Evaluate(*expr.children[i]);
    const JinjaValue value = Evaluate(*expr.children[i + 1]);
    offset_ = expr.children[i]->offset;
    JinjaSet(heap_, dict, key, value);
  }
  return JinjaValue::Dict(dict);
}

JinjaValue JinjaEvaluator::EvaluateSlice(const JinjaExpr& expr) {
  JinjaValue parts[4];
  for (size_t i = 0; i < 4; ++i) parts[i] = expr.children[i] != nullptr ? Evaluate(*expr.children[i]) : JinjaValue::None();
  offset_ = expr.offset;
  return JinjaSlice(heap_, parts[0], parts[1], parts[2], parts[3]);
}

JinjaValue JinjaEvaluator::EvaluateCompare(const JinjaExpr& expr) {
  JinjaValue left = Evaluate(*expr.children[0]);
  for (size_t i = 0; i < expr.comparisons.size(); ++i) {
    const JinjaValue right = Evaluate(*expr.children[i + 1]);
    offset_ = expr.offset;
    if (!JinjaCompare(heap_, expr.comparisons[i], left, right)) return JinjaValue::Bool(false);
    left = right;
  }
  return JinjaValue::Bool(true);
}

JinjaValue JinjaEvaluator::EvaluateConcat(const JinjaExpr& expr) {
  std::string text;
  for (const JinjaExpr* child : expr.children) {
    const JinjaValue value = Evaluate(*child);
    offset_ = child->offset;
    const std::string_view part = JinjaText(heap_, value);
    heap_->Charge(part.size());
    text += part;
  }
  return heap_->Text(std::move(text));
}

JinjaValue JinjaEvaluator::EvaluateConditional(const JinjaExpr& expr) {
  if (JinjaTruth(Evaluate(*expr.children[0]))) return Evaluate(*expr.children[1]);
  if (expr.children[2] != nullptr) return Evaluate(*expr.children[2]);
  return JinjaValue::Undefined("the inline if-expression evaluated to false and no else section was defined.");
}

JinjaArguments JinjaEvaluator::EvaluateArguments(const JinjaExpr& expr) {
  JinjaArguments arguments;
  for (const JinjaExpr* value : expr.positional) arguments.positional.push_back(Evaluate(*value));
  for (const auto& [name, value] : expr.keyword) arguments.keyword.emplace_back(name, Evaluate(*value));
  if (expr.unpacked != nullptr) {
    for (const JinjaValue& value : JinjaItems(heap_, Evaluate(*expr.unpacked))) arguments.positional.push_back(value);
  }
  if (expr.unpacked_keywords != nullptr) {
    const JinjaValue keywords = Evaluate(*expr.unpacked_keywords);
    if (!keywords.Is(JinjaKind::kDict)) throw JinjaFailure(Concat("argument after ** must be a mapping, not ", JinjaTypeName(keywords)));
    for (const auto& [key, value] : keywords.dict().items) {
      const std::string_view name = JinjaTextArgument(key, "a keyword");
      const auto same = [&](const auto& other) { return other.first == name; };
      if (std::any_of(arguments.keyword.begin(), arguments.keyword.end(), same)) {
        throw JinjaFailure(Concat("got multiple values for keyword argument '", name, "'"));
      }
      arguments.keyword.emplace_back(name, value);
    }
  }
  return arguments;
}

JinjaValue JinjaEvaluator::EvaluateCall(const JinjaExpr& expr) {
  const JinjaValue callee = Evaluate(*expr.children[0]);
  const JinjaArguments arguments = EvaluateArguments(expr);
  offset_ = expr.children[0]->offset;
  return Call(callee, arguments);
}

JinjaValue JinjaEvaluator::Call(const JinjaValue& callee, const JinjaArguments& arguments) {
  JinjaRequireDefined(callee);
  switch (callee.kind()) {
    case JinjaKind::kMacro:
      return CallMacro(*callee.object<JinjaMacro>(), arguments);
    case JinjaKind::kGlobal:
      return JinjaCallGlobal(heap_, callee.object<JinjaGlobal>()->name, arguments, now_);
    case JinjaKind::kMethod:
      return JinjaCallMethod(heap_, *callee.object<JinjaMethod>(), arguments);
    default:
      throw JinjaFailure(Concat("'", JinjaTypeName(callee), "' object is not callable"));
  }
}

JinjaValue JinjaEvaluator::CallMacro(const JinjaMacro& macro, const JinjaArguments& arguments) {
  if (macro_depth_ >= heap_->limits().macro_depth) {
    throw JinjaFailure(Concat("macros that call each other more than ", heap_->limits().macro_depth, " levels deep"));
  }
  JinjaFrame* const caller = frame_;
  ++macro_depth_;
  frame_ = NewFrame(macro.definition->scope, macro.frame);
  BindParameters(macro, arguments, frame_);
  Flow flow = Flow::kNext;
  const JinjaValue text = Capture(macro.definition->body, &flow);
  frame_ = caller;
  --macro_depth_;
  return text;
}

void JinjaEvaluator::BindParameters(const JinjaMacro& macro, const JinjaArguments& arguments, JinjaFrame* frame) {
  const JinjaStatement& definition = *macro.definition;
  const JinjaScope& scope = definition.scope;
  const size_t count = definition.bindings.size();
  auto keywords = arguments.keyword;
  const auto slot = [&](size_t i) -> JinjaValue& { return frame->slots[static_cast<size_t>(definition.bindings[i].first->slot)]; };
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
    throw JinjaFailure(Concat("macro '", macro.name, "' takes not more than ", count, " argument(s)"));
  }
  if (scope.kwargs_slot >= 0) {
    auto* rest = heap_->New<JinjaDict>();
    for (const auto& [key, value] : keywords) JinjaSet(heap_, rest, JinjaValue::String(key), value);
    frame->slots[static_cast<size_t>(scope.kwargs_slot)] = JinjaValue::Dict(rest);
  } else if (!keywords.empty()) {
    throw JinjaFailure(Concat("macro '", macro.name, "' takes no keyword argument '", keywords[0].first, "'"));
  }
  Begin(scope, frame);
  for (size_t i = 0; i < count; ++i) {
    if (!slot(i).Is(JinjaKind::kMissing)) continue;
    const auto& [name, value] = definition.bindings[i];
    slot(i) = value != nullptr ? Evaluate(*value) : heap_->Undefined(Concat("parameter '", name->name, "' was not provided"));
  }
}

}  // namespace temper
