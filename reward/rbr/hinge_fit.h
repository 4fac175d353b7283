#pragma once

#include <cstdint>
#include <vector>

namespace temper {

// Two completions of one prompt, the first of which people put above the second.
struct OrderedPair {
  std::vector<double> difference;  // phi(better) - phi(worse), one number for each weight
  double margin = 1;               // by which the better one is to score above the worse one
};

struct HingeOptions {
  double l2 = 1e-3;                // lambda, above 0
  std::vector<bool> ignored = {};  // weights that stay 0; empty = none
  int max_passes = 2000;
  double tolerance = 1e-6;  // of the largest violation of the optimality conditions, in units of score
};

struct HingeFit {
  std::vector<double> weights;
  double loss = 0;            // mean hinge loss of the pairs, without the penalty
  double order_accuracy = 0;  // share of the pairs that the weights put right; a tie counts half
  int passes = 0;
  bool converged = false;
};

// The w that minimises lambda/2 |w|^2 + mean over the pairs of max(0, margin - w . difference): the
// weight fit of rule-based rewards (Mu et al., "Rule based rewards for language model safety",
// arXiv 2411.01111, section 4.2). A squared penalty takes the place of its optimiser's weight
// decay, so that there is one answer. It is found by dual coordinate descent (Hsieh et al., "A dual
// coordinate descent method for large-scale linear SVM", ICML 2008). Pairs are in an order keyed by
// the pass, so the same pairs give the same bits. Throws Error where the pairs are not of one
// length, or there are none.
HingeFit FitHinge(const std::vector<OrderedPair>& pairs, const HingeOptions& options);

// Of pairs that the weights were not fitted on.
double OrderAccuracy(const std::vector<OrderedPair>& pairs, const std::vector<double>& weights);

}  // namespace temper
