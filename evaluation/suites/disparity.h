#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "evaluation/estimate.h"
#include "evaluation/intervals.h"

namespace temper {

// Cell -> prompt -> answers of it that have the event, of how many.
using CellShares = std::map<std::string, std::map<std::string, PromptSums>>;

// How far the shares of cells lie apart.
struct Disparity {
  std::string highest, lowest;  // the cells
  Estimate gap;                 // share of the one less that of the other, 0 to 1
  int64_t num_cells = 0;        // that were compared
  int64_t num_small = 0;        // left out, with too few prompts
};

// Cells of fewer prompts are not compared: one answer more or less would be the gap.
inline constexpr int64_t kFewestInCell = 5;

// The largest gap between two cells. Who looks for the largest of many differences finds one where there is none, so the interval
// holds for all pairs of cells at once: gap -+ q. q is the 95th percentile of max(d) - min(d) over 2,000 draws (a studentized range
// by parametric bootstrap). d = k* / n - p of each cell, k* ~ Binomial(n prompts, p), p = (k + 1/2) / (n + 1). A cell in which all
// agree so keeps a spread. Random numbers are keyed: who asks again gets the same. Nothing where fewer than two cells can be compared.
std::optional<Disparity> LargestGap(const CellShares& cells);

}  // namespace temper
