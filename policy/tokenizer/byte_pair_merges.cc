#include "policy/tokenizer/byte_pair_merges.h"

#include <cstddef>
#include <queue>
#include <tuple>

namespace temper {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

uint64_t PairKey(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

// A merge that was possible when it was queued. The lowest rank comes first, then the leftmost place.
struct Candidate {
  uint32_t rank;
  size_t at;
  int32_t merged;
  bool operator<(const Candidate& other) const { return std::tie(rank, at) > std::tie(other.rank, other.at); }
};

}  // namespace

void BytePairMerges::Add(int32_t left, int32_t right, int32_t merged) {
  merges_.insert_or_assign(PairKey(left, right), Merge{next_rank_++, merged});
}

const BytePairMerges::Merge* BytePairMerges::Find(int32_t left, int32_t right) const {
  const auto found = merges_.find(PairKey(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BytePairMerges::Apply(std::vector<int32_t>* symbols) const {
  const size_t size = symbols->size();
  if (size < 2 || merges_.empty()) return;
  // A doubly linked list over the symbols; a symbol that was merged into its left neighbour is -1.
  std::vector<size_t> next(size), previous(size);
  for (size_t i = 0; i < size; ++i) {
    next[i] = i + 1 < size ? i + 1 : kNone;
    previous[i] = i > 0 ? i - 1 : kNone;
  }
  std::priority_queue<Candidate> queue;
  const auto consider = [&](size_t at) {
    if (at == kNone || next[at] == kNone) return;
    const Merge* merge = Find((*symbols)[at], (*symbols)[next[at]]);
    if (merge != nullptr) queue.push({merge->rank, at, merge->merged});
  };
  for (size_t i = 0; i + 1 < size; ++i) consider(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const size_t right = next[best.at];
    if ((*symbols)[best.at] < 0 || right == kNone) continue;
    const Merge* merge = Find((*symbols)[best.at], (*symbols)[right]);
    if (merge == nullptr || merge->merged != best.merged) continue;  // a neighbour has changed since
    (*symbols)[best.at] = best.merged;
    (*symbols)[right] = -1;
    next[best.at] = next[right];
    if (next[right] != kNone) previous[next[right]] = best.at;
    consider(previous[best.at]);
    consider(best.at);
  }
  std::erase(*symbols, -1);
}

}  // namespace temper
