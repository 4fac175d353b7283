#include "policy/directions/latent_guard.h"

#include "cluster/base/error.h"

namespace temper {

LatentGuard::LatentGuard(const Direction& direction) {
  for (int64_t layer = 0; layer < direction.with.layers; ++layer) {
    with_.push_back(direction.with.Mean(layer));
    without_.push_back(direction.without.Mean(layer));
  }
}

std::vector<double> LatentGuard::ByLayer(std::span<const float> states) const {
  const size_t width = with_.at(0).size();
  TEMPER_CHECK(states.size() == with_.size() * width, states.size(), " numbers of a prompt; the guard is of ", with_.size(), " layers of ",
               width);
  std::vector<double> deltas;
  for (size_t layer = 0; layer < with_.size(); ++layer) {
    const auto row = states.subspan(layer * width, width);
    const std::vector<double> h(row.begin(), row.end());
    deltas.push_back(Cosine(h, with_[layer]) - Cosine(h, without_[layer]));
  }
  return deltas;
}

double LatentGuard::Delta(std::span<const float> states) const { return MeanOf(ByLayer(states)); }

double MeanOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace temper
