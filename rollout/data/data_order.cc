#include "rollout/data/data_order.h"

#include <numeric>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {

DataOrder::DataOrder(uint64_t seed, std::string purpose, int64_t size, bool shuffle)
    : seed_(seed), purpose_(std::move(purpose)), size_(size), shuffle_(shuffle) {
  TEMPER_CHECK(size_ > 0, "an order over no items (", purpose_, ")");
}

int64_t DataOrder::Next() {
  FillEpoch();
  return order_[static_cast<size_t>(position_++ % size_)];
}

void DataOrder::Seek(int64_t position) {
  TEMPER_CHECK(position >= 0, "cannot seek to position ", position, " (", purpose_, ")");
  position_ = position;
}

void DataOrder::FillEpoch() {
  const int64_t epoch = position_ / size_;
  if (epoch == epoch_) return;
  epoch_ = epoch;
  order_.resize(static_cast<size_t>(size_));
  std::iota(order_.begin(), order_.end(), 0);
  if (shuffle_) KeyedStream(seed_, purpose_, static_cast<uint64_t>(epoch)).Shuffle(order_);
}

StratifiedOrder::StratifiedOrder(uint64_t seed, const std::string& purpose, std::vector<std::vector<int64_t>> strata)
    : strata_(std::move(strata)) {
  TEMPER_CHECK(!strata_.empty(), "an order over no strata (", purpose, ")");
  for (size_t k = 0; k < strata_.size(); ++k) {
    TEMPER_CHECK(!strata_[k].empty(), "stratum ", k, " of ", strata_.size(), " has no items (", purpose, ")");
    orders_.emplace_back(seed, Concat(purpose, "/", k), static_cast<int64_t>(strata_[k].size()));
  }
}

int64_t StratifiedOrder::Next() {
  const size_t k = static_cast<size_t>(position_++) % strata_.size();
  return strata_[k][static_cast<size_t>(orders_[k].Next())];
}

void StratifiedOrder::Seek(int64_t position) {
  TEMPER_CHECK(position >= 0, "cannot seek to position ", position);
  position_ = position;
  const auto count = static_cast<int64_t>(strata_.size());
  for (int64_t k = 0; k < count; ++k) orders_[static_cast<size_t>(k)].Seek(position / count + (k < position % count ? 1 : 0));
}

}  // namespace temper
