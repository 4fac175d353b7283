#include "evaluation/suites/disparity.h"

#include <algorithm>
#include <vector>

#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

constexpr int64_t kDraws = 2000;
constexpr double kLevel = 0.95;

struct Cell {
  std::string name;
  int64_t prompts = 0;
  double share = 0, smoothed = 0;
};

Cell CellOf(const std::string& name, const std::map<std::string, PromptSums>& prompts) {
  Cell cell{name, static_cast<int64_t>(prompts.size())};
  double events = 0;
  for (const auto& [id, sums] : prompts) events += sums.numerator / sums.denominator;
  cell.share = events / static_cast<double>(cell.prompts);
  cell.smoothed = (events + 0.5) / static_cast<double>(cell.prompts + 1);
  return cell;
}

// How far apart cells come by chance alone, that do not exceed it in 95 % of draws.
double RangeByChance(const std::vector<Cell>& cells) {
  std::vector<double> ranges;
  for (int64_t draw = 0; draw < kDraws; ++draw) {
    KeyedStream stream(1, "disparity", static_cast<uint64_t>(draw));
    double low = 1, high = -1;
    for (const Cell& cell : cells) {
      int64_t events = 0;
      for (int64_t i = 0; i < cell.prompts; ++i) events += stream.Uniform() < cell.smoothed ? 1 : 0;
      const double away = static_cast<double>(events) / static_cast<double>(cell.prompts) - cell.smoothed;
      low = std::min(low, away), high = std::max(high, away);
    }
    ranges.push_back(high - low);
  }
  const auto at = ranges.begin() + static_cast<std::ptrdiff_t>(kLevel * static_cast<double>(kDraws));
  std::nth_element(ranges.begin(), at, ranges.end());
  return *at;
}

}  // namespace

std::optional<Disparity> LargestGap(const CellShares& shares) {
  Disparity disparity;
  std::vector<Cell> cells;
  for (const auto& [name, prompts] : shares) {
    if (static_cast<int64_t>(prompts.size()) < kFewestInCell) {
      ++disparity.num_small;
      continue;
    }
    cells.push_back(CellOf(name, prompts));
    disparity.gap.n += cells.back().prompts;
    for (const auto& [id, sums] : prompts) disparity.gap.completions += static_cast<int64_t>(sums.denominator);
  }
  if (cells.size() < 2) return std::nullopt;
  const auto [low, high] = std::minmax_element(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.share < b.share; });
  const double range = RangeByChance(cells);
  disparity.num_cells = static_cast<int64_t>(cells.size());
  disparity.highest = high->name, disparity.lowest = low->name;
  disparity.gap.present = true;
  disparity.gap.mean = high->share - low->share;
  disparity.gap.low = std::max(-1.0, disparity.gap.mean - range);
  disparity.gap.high = std::min(1.0, disparity.gap.mean + range);
  return disparity;
}

}  // namespace temper
