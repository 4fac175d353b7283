#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluation/estimate.h"

namespace temper {

// Figures of some rows, given by their indices (which may repeat); absent where one is undefined for them. Always as many, in one order.
using FiguresOfRows = std::function<std::vector<std::optional<double>>(std::span<const size_t> rows)>;

struct BootstrapOptions {
  int64_t resamples = 1000;
  uint64_t seed = 1;
};

// Figures of all rows, each with an interval of 95 %. Groups (prompts, whose rows are alike) are
// drawn with replacement, as many as there are. The interval is from the 2.5 to the 97.5 percentile
// of the figure over the resamples (Efron's percentile method; linear between order statistics).
// `groups` has the group of each row. Random numbers are keyed by seed, resample and place: who
// asks again gets the same. With `strata`, of each row, groups are drawn within each stratum, as
// many as it has: every resample has all strata. An interval is absent (Estimate::has_interval)
// where there are fewer than two groups. It is absent, too, where more than a tenth of the
// resamples leave the figure undefined, or where none of them moves it. Estimate::n is the number
// of groups, `completions` that of rows.
std::vector<Estimate> FiguresOverGroups(const std::vector<std::string>& groups, const FiguresOfRows& figures,
                                        const BootstrapOptions& options, const std::vector<std::string>& strata = {});

}  // namespace temper
