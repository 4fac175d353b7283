#include "reward/tsetlin/automata.h"

#include <bit>

namespace temper {

int AutomataTeam::NumIncluded() const {
  int count = 0;
  for (size_t word = 0; word < num_words(); ++word) count += std::popcount(Included(word));
  return count;
}

int AutomataTeam::StateOf(size_t literal) const {
  const uint64_t* planes = &planes_[literal / kWordBits * kStateBits];
  int state = 0;
  for (int bit = 0; bit < kStateBits; ++bit) state |= static_cast<int>(planes[bit] >> literal % kWordBits & 1) << bit;
  return state;
}

void AutomataTeam::SetState(size_t literal, int state) {
  uint64_t* planes = &planes_[literal / kWordBits * kStateBits];
  const uint64_t mask = uint64_t{1} << literal % kWordBits;
  for (int bit = 0; bit < kStateBits; ++bit) planes[bit] = (state >> bit & 1) != 0 ? planes[bit] | mask : planes[bit] & ~mask;
}

void AutomataTeam::Increment(size_t word, uint64_t which) {
  uint64_t* planes = &planes_[word * kStateBits];
  uint64_t carry = which;
  for (int bit = 0; bit < kStateBits && carry != 0; ++bit) {
    const uint64_t next = planes[bit] & carry;
    planes[bit] ^= carry;
    carry = next;
  }
  for (int bit = 0; bit < kStateBits && carry != 0; ++bit) planes[bit] |= carry;  // what overflowed stays in the last state
}

void AutomataTeam::Decrement(size_t word, uint64_t which) {
  uint64_t* planes = &planes_[word * kStateBits];
  uint64_t borrow = which;
  for (int bit = 0; bit < kStateBits && borrow != 0; ++bit) {
    const uint64_t next = ~planes[bit] & borrow;
    planes[bit] ^= borrow;
    borrow = next;
  }
  for (int bit = 0; bit < kStateBits && borrow != 0; ++bit) planes[bit] &= ~borrow;
}

uint64_t AutomataTeam::AboveFirst(size_t word) const {
  const uint64_t* planes = &planes_[word * kStateBits];
  uint64_t any = 0;
  for (int bit = 0; bit < kStateBits; ++bit) any |= planes[bit];
  return any;
}

bool AutomataTeam::Matches(LiteralWords literals) const {
  for (size_t word = 0; word < num_words(); ++word)
    if ((Included(word) & ~literals[word]) != 0) return false;
  return true;
}

void TypeIFeedback(AutomataTeam team, bool clause, LiteralWords literals, bool boost, ErasureDraws* erasure) {
  for (size_t word = 0; word < team.num_words(); ++word) {
    const uint64_t holds = clause ? literals[word] : 0;
    const uint64_t may_fall = ~holds & team.AboveFirst(word);
    const bool draw = may_fall != 0 || (holds != 0 && !boost);
    const uint64_t erased = draw ? erasure->Word() : 0;
    team.Increment(word, boost ? holds : holds & ~erased);
    team.Decrement(word, may_fall & erased);
  }
}

void TypeIIFeedback(AutomataTeam team, LiteralWords literals, LiteralWords valid) {
  for (size_t word = 0; word < team.num_words(); ++word) team.Increment(word, valid[word] & ~literals[word] & ~team.Included(word));
}

}  // namespace temper
