#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/jinja/value.h"

namespace temper {

struct JinjaStatement;

// Variables of one scope while it runs; `parent` is the scope around it in the template.
struct JinjaFrame : JinjaObject {
  std::vector<JinjaValue> slots;
  JinjaFrame* parent = nullptr;
};

// A macro with the variables it was defined among.
struct JinjaMacro : JinjaObject {
  std::string_view name;
  const JinjaStatement* definition = nullptr;
  JinjaFrame* frame = nullptr;
};

// `loop` of one {% for %} that runs. Items come one by one, so that a filter on the loop sees what the body before it did; `last`,
// `nextitem` and `length` look ahead.
class JinjaLoop : public JinjaObject {
 public:
  JinjaLoop() = default;
  void Start(JinjaHeap* heap, const JinjaValue& iterable, std::function<std::optional<JinjaValue>()> next);

  // The next item; false at the end.
  bool Advance();
  const JinjaValue& item() const { return current_; }
  // loop.index and its kin; nothing where there is none of that name.
  std::optional<JinjaValue> Attribute(JinjaHeap* heap, std::string_view name);
  JinjaValue Cycle(const std::vector<JinjaValue>& values) const;
  JinjaValue Changed(const std::vector<JinjaValue>& values);

 private:
  bool Peek();  // whether there is a next item
  int64_t Length();

  JinjaHeap* heap_ = nullptr;
  std::function<std::optional<JinjaValue>()> next_;
  std::optional<int64_t> length_;
  std::vector<JinjaValue> ahead_;  // read already, the next one first; from `ahead_at_` on
  size_t ahead_at_ = 0;
  int64_t index0_ = -1;
  JinjaValue previous_;
  JinjaValue current_;
  std::optional<std::vector<JinjaValue>> last_changed_;
};

}  // namespace temper
