#include "policy/tokenizer/split_behavior.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

struct Part {
  TextSpan span;
  bool is_match;
};

// Matches and what lies between them. Empty matches are parts too: they keep their neighbours from being merged.
std::vector<Part> AllParts(const std::vector<TextSpan>& matches, size_t size, bool invert) {
  std::vector<Part> parts;
  parts.reserve(2 * matches.size() + 1);
  size_t done = 0;
  for (const TextSpan& match : matches) {
    if (match.first > done) parts.push_back({{done, match.first}, invert});
    parts.push_back({match, !invert});
    done = match.second;
  }
  if (done < size) parts.push_back({{done, size}, invert});
  return parts;
}

// Joins a part to the one before it in `parts` where `joins` says so.
template <typename Joins>
std::vector<TextSpan> Merge(const std::vector<Part>& parts, Joins joins) {
  std::vector<TextSpan> merged;
  bool previous_match = false;
  for (const Part& part : parts) {
    if (!merged.empty() && joins(part.is_match, previous_match)) {
      merged.back() = {std::min(merged.back().first, part.span.first), std::max(merged.back().second, part.span.second)};
    } else {
      merged.push_back(part.span);
    }
    previous_match = part.is_match;
  }
  return merged;
}

std::vector<TextSpan> Keep(const std::vector<Part>& parts, bool keep_matches) {
  std::vector<TextSpan> kept;
  kept.reserve(parts.size());
  for (const Part& part : parts) {
    if (keep_matches || !part.is_match) kept.push_back(part.span);
  }
  return kept;
}

}  // namespace

SplitBehavior SplitBehaviorNamed(const std::string& name) {
  if (const auto behavior = ValueOf<SplitBehavior>(name)) return *behavior;
  throw ConfigError(Concat("tokenizer.json: split behavior ", Quoted(name), " is not supported"));
}

std::vector<TextSpan> SplitAt(const std::vector<TextSpan>& matches, size_t size, SplitBehavior behavior, bool invert) {
  std::vector<Part> parts = AllParts(matches, size, invert);
  const auto first_match = [](bool is_match, bool previous_match) { return is_match && !previous_match; };
  std::vector<TextSpan> spans;
  switch (behavior) {
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      spans = Keep(parts, behavior == SplitBehavior::kIsolated);
      break;
    case SplitBehavior::kMergedWithPrevious:
      spans = Merge(parts, first_match);
      break;
    case SplitBehavior::kMergedWithNext:
      std::reverse(parts.begin(), parts.end());
      spans = Merge(parts, first_match);
      std::reverse(spans.begin(), spans.end());
      break;
    case SplitBehavior::kContiguous:
      spans = Merge(parts, [](bool is_match, bool previous_match) { return is_match == previous_match; });
      break;
  }
  std::erase_if(spans, [](const TextSpan& span) { return span.first == span.second; });
  return spans;
}

}  // namespace temper
