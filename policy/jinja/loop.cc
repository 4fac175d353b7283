#include "policy/jinja/loop.h"

#include "cluster/base/error.h"

namespace temper {

void JinjaLoop::Start(JinjaHeap* heap, const JinjaValue& iterable, std::function<std::optional<JinjaValue>()> next) {
  heap_ = heap;
  next_ = std::move(next);
  length_ = JinjaLength(iterable);
}

bool JinjaLoop::Peek() {
  if (ahead_at_ < ahead_.size()) return true;
  ahead_.clear();
  ahead_at_ = 0;
  const auto item = next_();
  if (item.has_value()) ahead_.push_back(*item);
  return item.has_value();
}

bool JinjaLoop::Advance() {
  if (!Peek()) return false;
  previous_ = current_;
  current_ = ahead_[ahead_at_++];
  ++index0_;
  return true;
}

int64_t JinjaLoop::Length() {
  if (!length_.has_value()) {
    while (const auto item = next_()) {
      heap_->Step();
      heap_->Charge(sizeof(JinjaValue));
      ahead_.push_back(*item);
    }
    length_ = index0_ + 1 + static_cast<int64_t>(ahead_.size() - ahead_at_);
  }
  return *length_;
}

std::optional<JinjaValue> JinjaLoop::Attribute(JinjaHeap* heap, std::string_view name) {
  if (name == "index") return JinjaValue::Int(index0_ + 1);
  if (name == "index0") return JinjaValue::Int(index0_);
  if (name == "first") return JinjaValue::Bool(index0_ == 0);
  if (name == "last") return JinjaValue::Bool(!Peek());
  if (name == "length") return JinjaValue::Int(Length());
  if (name == "revindex") return JinjaValue::Int(Length() - index0_);
  if (name == "revindex0") return JinjaValue::Int(Length() - index0_ - 1);
  if (name == "previtem") return index0_ == 0 ? heap->Undefined("there is no previous item") : previous_;
  if (name == "nextitem") return Peek() ? ahead_[ahead_at_] : heap->Undefined("there is no next item");
  if (name == "depth") return JinjaValue::Int(1);
  if (name == "depth0") return JinjaValue::Int(0);
  return std::nullopt;
}

JinjaValue JinjaLoop::Cycle(const std::vector<JinjaValue>& values) const {
  if (values.empty()) throw JinjaFailure("no items for cycling given");
  return values[static_cast<size_t>(index0_) % values.size()];
}

JinjaValue JinjaLoop::Changed(const std::vector<JinjaValue>& values) {
  bool same = last_changed_.has_value() && last_changed_->size() == values.size();
  for (size_t i = 0; same && i < values.size(); ++i) same = JinjaEqual(heap_, (*last_changed_)[i], values[i]);
  last_changed_ = values;
  return JinjaValue::Bool(!same);
}

}  // namespace temper
