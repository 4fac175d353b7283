#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reward/tsetlin/model.h"

namespace temper {

// What a model says of a text.
struct TsetlinVerdict {
  size_t label = 0;            // index of the class that wins; of equals the first, with two classes the second
  std::vector<int64_t> votes;  // of each bank
  std::vector<double> shares;  // of each class, summing to 1: with v its bank's votes cut to [-T, T], (T + v) / 2T, and with more than two
                               // classes that over the classes' sum. A measure of how sure the votes are, not a calibrated probability
};

// Classifies texts by the clauses of a model, as lists of the few literals that each includes. A clause without literals does not vote.
// Immutable, so that several threads may ask it.
class TsetlinTextClassifier {
 public:
  explicit TsetlinTextClassifier(const TsetlinModel& model);

  const std::vector<std::string>& labels() const { return labels_; }
  TsetlinVerdict Classify(std::string_view text) const;

 private:
  struct Clause {
    uint32_t first = 0, last = 0;  // its literals in literals_
    uint32_t bank = 0;
    int64_t vote = 0;
  };

  std::vector<std::string> labels_;
  TextBinariser binariser_;
  int64_t threshold_;
  size_t num_banks_;
  std::vector<Clause> clauses_;
  std::vector<uint32_t> literals_;  // feature * 2, + 1 where it must be absent
};

}  // namespace temper
