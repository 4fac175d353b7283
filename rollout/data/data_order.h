#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// An endless, deterministic order over `size` items: epoch e is a permutation keyed by (seed, e). Resumable: `position` is the whole state.
class DataOrder {
 public:
  DataOrder(uint64_t seed, std::string purpose, int64_t size, bool shuffle = true);
  int64_t Next();  // index of the next item
  int64_t position() const { return position_; }
  void Seek(int64_t position);

 private:
  void FillEpoch();
  uint64_t seed_;
  std::string purpose_;
  int64_t size_;
  bool shuffle_;
  int64_t position_ = 0;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

// Like DataOrder but every run of `strata.size()` draws takes one item of each stratum in turn (e.g. equal thirds by intent).
class StratifiedOrder {
 public:
  StratifiedOrder(uint64_t seed, const std::string& purpose, std::vector<std::vector<int64_t>> strata);
  int64_t Next();
  int64_t position() const { return position_; }
  void Seek(int64_t position);

 private:
  std::vector<std::vector<int64_t>> strata_;
  std::vector<DataOrder> orders_;
  int64_t position_ = 0;
};

}  // namespace temper
