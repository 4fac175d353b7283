#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/jinja/value.h"

namespace temper::jinja {

struct Statement;

// Variables of one scope while it runs; `parent` is the scope around it in the template.
struct Frame : Object {
  std::vector<Value> slots;
  Frame* parent = nullptr;
};

// A macro with the variables it was defined among.
struct Macro : Object {
  std::string_view name;
  const Statement* definition = nullptr;
  Frame* frame = nullptr;
};

// `loop` of one {% for %} that runs. Items come one by one, so that a filter on the loop sees what the body before it did; `last`,
// `nextitem` and `length` look ahead.
class Loop : public Object {
 public:
  Loop() = default;
  void Start(Heap* heap, const Value& iterable, std::function<std::optional<Value>()> next);

  // The next item; false at the end.
  bool Advance();
  const Value& item() const { return current_; }
  // loop.index and its kin; nothing where there is none of that name.
  std::optional<Value> Attribute(Heap* heap, std::string_view name);
  Value Cycle(const std::vector<Value>& values) const;
  Value Changed(const std::vector<Value>& values);

 private:
  bool Peek();  // whether there is a next item
  int64_t Length();

  Heap* heap_ = nullptr;
  std::function<std::optional<Value>()> next_;
  std::optional<int64_t> length_;
  std::vector<Value> ahead_;  // read already, the next one first; from `ahead_at_` on
  size_t ahead_at_ = 0;
  int64_t index0_ = -1;
  Value previous_;
  Value current_;
  std::optional<std::vector<Value>> last_changed_;
};

}  // namespace temper::jinja
