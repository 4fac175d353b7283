#include "policy/jinja/loop.h"

#include "cluster/base/error.h"

namespace temper::jinja {

void Loop::Start(Heap* heap, const Value& iterable, std::function<std::optional<Value>()> next) {
  heap_ = heap;
  next_ = std::move(next);
  length_ = jinja::Length(iterable);
}

bool Loop::Peek() {
  if (ahead_at_ < ahead_.size()) return true;
  ahead_.clear();
  ahead_at_ = 0;
  const auto item = next_();
  if (item.has_value()) ahead_.push_back(*item);
  return item.has_value();
}

bool Loop::Advance() {
  if (!Peek()) return false;
  previous_ = current_;
  current_ = ahead_[ahead_at_++];
  ++index0_;
  return true;
}

int64_t Loop::Length() {
  if (!length_.has_value()) {
    while (const auto item = next_()) {
      heap_->Step();
      heap_->Charge(sizeof(Value));
      ahead_.push_back(*item);
    }
    length_ = index0_ + 1 + static_cast<int64_t>(ahead_.size() - ahead_at_);
  }
  return *length_;
}

std::optional<Value> Loop::Attribute(Heap* heap, std::string_view name) {
  if (name == "index") return Value::Int(index0_ + 1);
  if (name == "index0") return Value::Int(index0_);
  if (name == "first") return Value::Bool(index0_ == 0);
  if (name == "last") return Value::Bool(!Peek());
  if (name == "length") return Value::Int(Length());
  if (name == "revindex") return Value::Int(Length() - index0_);
  if (name == "revindex0") return Value::Int(Length() - index0_ - 1);
  if (name == "previtem") return index0_ == 0 ? heap->Undefined("there is no previous item") : previous_;
  if (name == "nextitem") return Peek() ? ahead_[ahead_at_] : heap->Undefined("there is no next item");
  if (name == "depth") return Value::Int(1);
  if (name == "depth0") return Value::Int(0);
  return std::nullopt;
}

Value Loop::Cycle(const std::vector<Value>& values) const {
  if (values.empty()) throw Failure("no items for cycling given");
  return values[static_cast<size_t>(index0_) % values.size()];
}

Value Loop::Changed(const std::vector<Value>& values) {
  bool same = last_changed_.has_value() && last_changed_->size() == values.size();
  for (size_t i = 0; same && i < values.size(); ++i) same = Equal(heap_, (*last_changed_)[i], values[i]);
  last_changed_ = values;
  return Value::Bool(!same);
}

}  // namespace temper::jinja
