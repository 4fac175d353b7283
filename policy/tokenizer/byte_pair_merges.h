#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace temper {

// The merges of a byte-pair encoding, in the order in which they were learned. Immutable once filled.
class BytePairMerges {
 public:
  // The next merge: left, right -> merged. Of two merges of one pair the later one holds.
  void Add(int32_t left, int32_t right, int32_t merged);

  // Merges neighbours until none are left that merge: always the pair that was learned first, of equals the leftmost. O(n log n).
  void Apply(std::vector<int32_t>* symbols) const;

 private:
  struct Merge {
    uint32_t rank;
    int32_t merged;
  };
  const Merge* Find(int32_t left, int32_t right) const;

  std::unordered_map<uint64_t, Merge> merges_;
  uint32_t next_rank_ = 0;
};

}  // namespace temper
