#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/base/enum_names.h"

namespace temper {

// What becomes of the matches when a text is split at them. All cover the text from left to right; empty parts are left out.
enum class SplitBehavior {
  kRemoved,             // matches vanish
  kIsolated,            // matches are parts of their own
  kMergedWithPrevious,  // a match joins the part before it, unless that is a match too
  kMergedWithNext,      // a match joins the part behind it, unless that is a match too
  kContiguous,          // neighbouring matches are one part
};

// As tokenizer.json names them.
template <>
struct EnumNames<SplitBehavior> {
  static constexpr std::string_view kWhat = "split behavior";
  static constexpr EnumTable<SplitBehavior, 5> kTable{{{SplitBehavior::kRemoved, "Removed"},
                                                       {SplitBehavior::kIsolated, "Isolated"},
                                                       {SplitBehavior::kMergedWithPrevious, "MergedWithPrevious"},
                                                       {SplitBehavior::kMergedWithNext, "MergedWithNext"},
                                                       {SplitBehavior::kContiguous, "Contiguous"}}};
};

SplitBehavior SplitBehaviorNamed(const std::string& name);  // ConfigError where there is none of that name

using TextSpan = std::pair<size_t, size_t>;  // [begin, end)

// The parts of a text of `size` bytes, given its matches in order. With `invert` what lies between the matches counts as the matches.
std::vector<TextSpan> SplitAt(const std::vector<TextSpan>& matches, size_t size, SplitBehavior behavior, bool invert);

}  // namespace temper
