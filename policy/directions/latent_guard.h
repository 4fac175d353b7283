#pragma once

#include <span>
#include <vector>

#include "policy/directions/directions.h"

namespace temper {

// Latent Guard (arXiv 2507.11878, classifier.ipynb): delta_l(x) = cos(h_l(x), mu_with^l) - cos(h_l(x), mu_without^l). h_l is the state of
// a prompt behind layer l at the direction's place, mu are the class means. Delta(x) is the mean over layers. A prompt is called harmful
// where Delta(x) >= alpha, 0 in the paper.
class LatentGuard {
 public:
  explicit LatentGuard(const Direction& direction);

  // states: [layers, width] of a prompt. One number a layer, in [-2, 2].
  std::vector<double> ByLayer(std::span<const float> states) const;
  double Delta(std::span<const float> states) const;

 private:
  std::vector<std::vector<double>> with_, without_;  // by layer
};

double MeanOf(std::span<const double> values);  // 0 of none

}  // namespace temper
