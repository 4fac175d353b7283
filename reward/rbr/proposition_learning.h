#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reward/rbr/completions.h"

namespace temper {

struct LearnedProposition {
  double accuracy = 0;  // on rows that it was not trained on, each once
  std::string file;     // of the classifier of all rows
};

// A classifier of one proposition from what people said of the completions: n-grams of the answer, and of the prompt at a lower scale.
// Every fifth of the groups is left out in turn. Nothing where people said yes or no fewer than ten times. data_hash: of the completions.
std::optional<LearnedProposition> LearnProposition(const std::vector<RatedCompletion>& completions, const std::string& proposition,
                                                   const std::string& data_hash);

}  // namespace temper
