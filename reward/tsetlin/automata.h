#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace temper {

// Truth values of literals, 64 a word: literal k is bit k % 64 of word k / 64.
using LiteralWords = std::span<const uint64_t>;

inline constexpr size_t kWordBits = 64;
inline constexpr int kStateBits = 8;
inline constexpr int kMaxState = (1 << kStateBits) - 1;
inline constexpr int kFirstIncluded = 1 << (kStateBits - 1);  // an automaton in a state from here up includes its literal
inline constexpr size_t WordsFor(size_t bits) { return (bits + kWordBits - 1) / kWordBits; }

// The Tsetlin automata of one clause, one for each literal, with 2 * 128 states each (Granmo, arXiv
// 1804.01508, section 2). States are held as bit planes, so that 64 automata are asked or moved at
// once. Plane b of word w is planes[w * kStateBits + b], and the top plane tells which literals are
// included. The memory is borrowed. Not thread-safe; two teams share no memory.
class AutomataTeam {
 public:
  explicit AutomataTeam(std::span<uint64_t> planes) : planes_(planes) {}
  static size_t PlaneWords(size_t num_words) { return num_words * kStateBits; }

  size_t num_words() const { return planes_.size() / kStateBits; }
  uint64_t Included(size_t word) const { return planes_[word * kStateBits + kStateBits - 1]; }
  int NumIncluded() const;
  int StateOf(size_t literal) const;
  void SetState(size_t literal, int state);  // 0 to kMaxState
  // Moves each automaton of `which` by one state; the first and the last state are kept.
  void Increment(size_t word, uint64_t which);
  void Decrement(size_t word, uint64_t which);
  // The automata of the word that are not in their first state: those that a Decrement moves.
  uint64_t AboveFirst(size_t word) const;
  // Whether every included literal holds. A clause that includes none matches.
  bool Matches(LiteralWords literals) const;

 private:
  std::span<uint64_t> planes_;
};

// Draws for Type I feedback: bit k is 1 with probability 1/s. `Word()` is asked for words of the team in rising order, and only for those
// where a draw can matter.
class ErasureDraws {
 public:
  virtual ~ErasureDraws() = default;
  virtual uint64_t Word() = 0;
};

// Type I feedback (arXiv 1804.01508, table 2), which makes a clause match more often what it should match. With r = 1 at the probability
// 1/s, for the automaton of a literal:
//   clause 1, literal 1: one state up where r = 0; always where `boost` is set (boosted true positives)
//   clause 1, literal 0: one state down where r = 1
//   clause 0:            one state down where r = 1
void TypeIFeedback(AutomataTeam team, bool clause, LiteralWords literals, bool boost, ErasureDraws* erasure);

// Type II feedback (arXiv 1804.01508, table 3), which makes a clause match less often what it
// should not match. Where it matches, each automaton that excludes a literal that does not hold
// goes one state up. `valid` has a bit for every literal that there is.
void TypeIIFeedback(AutomataTeam team, LiteralWords literals, LiteralWords valid);

}  // namespace temper
