#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace temper {

// A figure with its 95 % interval.
struct Estimate {
  double mean = 0;
  double low = -std::numeric_limits<double>::infinity();  // infinite where nothing can be said: an interval is never of width zero
  double high = std::numeric_limits<double>::infinity();
  int64_t n = 0;            // prompts that count for the figure, of a difference on either side; over runs: runs; of a series: steps
  bool present = false;     // false = no sample: undefined, and never shown as 0
  int64_t completions = 0;  // behind the figure, of a difference on both sides; 0 over runs and of a series
  bool few = false;         // too little to lean on: see kFewPrompts and kFewEvents
  double p_zero = 1;        // of a difference or a rise: two-sided p-value of it being 0; 1 where its own interval holds 0
  bool settled = false;     // of a difference: its sign stands after the correction for all that are shown with it (SettleSigns)

  bool has_interval() const { return std::isfinite(low) && std::isfinite(high); }
};

// Figures of fewer prompts than the one, or shares with fewer prompts than the other that have the event, or that lack it, are marked.
inline constexpr int64_t kFewPrompts = 30;
inline constexpr int64_t kFewEvents = 5;

// What a figure of a completion can be.
struct FigureScale {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool yes_or_no = false;  // low or high and nothing between: a share has events to count

  bool bounded() const { return std::isfinite(low) && std::isfinite(high); }
  FigureScale OfDifference() const { return {low - high, high - low, false}; }
};
inline constexpr FigureScale kShareScale = {0, 1, true};
inline constexpr FigureScale kScoreScale = {0, 1, false};  // h s
inline constexpr FigureScale kHelpScale = {1, 4, false};   // 1 + 3 h
inline constexpr FigureScale kNoScale = {};

}  // namespace temper
