#include "reward/rbr/hinge_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

double Dot(std::span<const double> a, std::span<const double> b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

// The dual: min over 0 <= a_i <= C of 1/2 |sum a_i d_i|^2 - sum m_i a_i  with C = 1 / (lambda n), and w = sum a_i d_i.
class DualDescent {
 public:
  DualDescent(std::vector<OrderedPair> pairs, double bound) : pairs_(std::move(pairs)), bound_(bound), alpha_(pairs_.size(), 0.0) {
    weights_.assign(pairs_.front().difference.size(), 0.0);
    for (const OrderedPair& pair : pairs_) norms_.push_back(Dot(pair.difference, pair.difference));
    order_.resize(pairs_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
  }

  // Takes each pair once, and gives the largest violation that it met.
  double Pass(int number) {
    KeyedStream(static_cast<uint64_t>(number), "hinge_fit").Shuffle(order_);
    double worst = 0;
    for (const size_t i : order_) worst = std::max(worst, Step(i));
    return worst;
  }
  const std::vector<double>& weights() const { return weights_; }

 private:
  double Step(size_t i) {
    if (norms_[i] == 0) return 0;  // no weight tells these two apart
    const std::vector<double>& difference = pairs_[i].difference;
    const double gradient = Dot(weights_, difference) - pairs_[i].margin;
    const bool at_bound = (alpha_[i] == 0 && gradient > 0) || (alpha_[i] == bound_ && gradient < 0);
    if (at_bound) return 0;
    const double next = std::clamp(alpha_[i] - gradient / norms_[i], 0.0, bound_);
    for (size_t k = 0; k < difference.size(); ++k) weights_[k] += (next - alpha_[i]) * difference[k];
    alpha_[i] = next;
    return std::abs(gradient);
  }

  const std::vector<OrderedPair> pairs_;
  const double bound_;
  std::vector<double> alpha_, norms_, weights_;
  std::vector<size_t> order_;
};

}  // namespace

double OrderAccuracy(const std::vector<OrderedPair>& pairs, const std::vector<double>& weights) {
  double right = 0;
  for (const OrderedPair& pair : pairs) {
    const double ahead = Dot(weights, pair.difference);
    right += ahead > 0 ? 1 : ahead == 0 ? 0.5 : 0;
  }
  return pairs.empty() ? 0 : right / static_cast<double>(pairs.size());
}

HingeFit FitHinge(const std::vector<OrderedPair>& pairs, const HingeOptions& options) {
  TEMPER_CHECK(!pairs.empty(), "a hinge fit of no pairs");
  TEMPER_CHECK(options.l2 > 0, "a hinge fit needs an l2 above 0, not ", options.l2);
  const size_t size = pairs.front().difference.size();
  std::vector<OrderedPair> used = pairs;
  for (OrderedPair& pair : used) {
    TEMPER_CHECK(pair.difference.size() == size, "a pair of ", pair.difference.size(), " numbers beside one of ", size);
    for (size_t k = 0; k < options.ignored.size(); ++k)
      if (options.ignored[k]) pair.difference[k] = 0;
  }
  DualDescent descent(std::move(used), 1 / (options.l2 * static_cast<double>(pairs.size())));
  HingeFit fit;
  while (fit.passes < options.max_passes && !fit.converged) fit.converged = descent.Pass(fit.passes++) < options.tolerance;
  fit.weights = descent.weights();
  for (const OrderedPair& pair : pairs) fit.loss += std::max(0.0, pair.margin - Dot(fit.weights, pair.difference));
  fit.loss /= static_cast<double>(pairs.size());
  fit.order_accuracy = OrderAccuracy(pairs, fit.weights);
  return fit;
}

}  // namespace temper
