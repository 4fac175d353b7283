#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reward/spec/pattern_tree.h"

namespace temper {

// Tells in one pass over a text which of several patterns cannot match in it, and where a match
// could begin at the earliest. It is a finite automaton over bytes whose states are made when a
// text first leads to them (Thompson 1968; the subset construction, lazily, as grep and RE2 have
// it). It may say "perhaps" where a pattern does not match, never "no" where it does (PatternTree).
// Keeps at most kMaxEntries transitions, then begins again. Not thread-safe.
class PatternScanner {
 public:
  static constexpr size_t kMaxPatterns = 64;
  static constexpr size_t kNowhere = std::string_view::npos;

  // At most kMaxPatterns.
  explicit PatternScanner(std::span<const PatternTree> patterns);

  // Bit k is 0 where pattern k does not match in the text.
  uint64_t MayMatch(std::string_view text);
  // No match that begins at or after `from` begins before this place, the start of a character; kNowhere where there is none at all.
  size_t FirstPlace(std::string_view text, size_t from);

 private:
  static constexpr size_t kMaxEntries = size_t{1} << 19;
  static constexpr uint32_t kAsk = uint32_t{1} << 31;  // of a transition: not made yet, or patterns end there
  enum class Kind : uint8_t { kBytes, kSplit, kAssertion, kEnd };
  struct Node {
    Kind kind = Kind::kEnd;
    Assertion assertion = Assertion::kWordBoundary;
    uint32_t next = 0, other = 0;  // other: the second way of a split; the pattern of an end
    uint32_t bytes = 0;            // in sets_
  };
  // What stands before a place.
  enum Before : uint8_t { kOther, kWord, kLineStart, kNumBefore };
  struct Step {
    std::vector<uint32_t> nodes;  // that are reached, rising
    uint64_t ends = 0;            // patterns that end before the byte
    bool known = false;
  };

  uint32_t Add(const Node& node);
  uint32_t AddBytes(const ByteSet& bytes, uint32_t next);
  uint32_t AddTree(const PatternTree& tree, uint32_t next);
  uint32_t AddRepetition(const PatternTree& tree, uint32_t next);
  void FindClasses();
  static Before BeforeOf(unsigned char c);
  bool Holds(Assertion assertion, Before before, size_t next_class) const;
  void Follow(uint32_t node, Before before, size_t next_class, Step* step);
  const Step& FromStart(Before before, size_t next_class);
  uint32_t StateOf(std::vector<uint32_t> nodes, Before before, uint64_t ends);
  uint32_t Make(uint32_t from, size_t next_class);
  void Forget();

  std::vector<Node> nodes_;
  std::vector<ByteSet> sets_;
  std::vector<uint32_t> starts_;           // of each pattern
  std::array<uint8_t, 256> classes_{};     // bytes that no set tells apart have one class; the class behind the last is the end of the text
  std::vector<unsigned char> example_of_;  // a byte of each class
  size_t width_ = 0;                       // classes, the end of the text included
  std::vector<Step> from_start_;           // by Before and class
  std::vector<uint32_t> seen_;             // by node: the walk that was last there
  uint32_t walk_ = 0;

  struct State {
    std::vector<uint32_t> nodes;
    Before before = kOther;
    uint64_t ends = 0;
  };
  std::vector<State> states_;  // the first kNumBefore are those in which no match has begun
  std::unordered_map<std::u32string, uint32_t> known_;
  std::vector<uint32_t> next_;  // [state * width_ + class] = state * width_ of the next one, with kAsk
};

}  // namespace temper
