// How often intervals hold the truth, by simulation: at least 93 % of 95, and more than that is no fault. Seeds are fixed; of 2,000 trials
// at 0.95 the standard error is 0.005.
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "evaluation/intervals.h"

namespace temper {
namespace {

constexpr int kTrials = 2000;
constexpr double kLeast = 0.93;
constexpr int kCompletions = 4;

// The share of trials whose interval holds `truth`; every one must have a width and lie within the scale.
double Coverage(double truth, FigureScale scale, const std::function<Estimate()>& draw, int trials = kTrials) {
  int held = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Estimate estimate = draw();
    EXPECT_TRUE(estimate.has_interval());
    EXPECT_LT(estimate.low, estimate.high);
    EXPECT_GE(estimate.low, scale.low - 1e-12);
    EXPECT_LE(estimate.high, scale.high + 1e-12);
    EXPECT_LE(estimate.low, estimate.mean);
    EXPECT_GE(estimate.high, estimate.mean);
    held += estimate.low <= truth && truth <= estimate.high ? 1 : 0;
    if (::testing::Test::HasFailure()) break;
  }
  return static_cast<double>(held) / trials;
}

// Completions of one prompt are the prompt's own yes or no with probability sqrt(correlation), else drawn again, so that two of them have
// that correlation.
std::vector<PromptSums> DrawEvents(KeyedStream& stream, int prompts, double p, double correlation) {
  std::vector<PromptSums> all;
  for (int i = 0; i < prompts; ++i) {
    const bool own = stream.Uniform() < p;
    PromptSums sums{0, kCompletions};
    for (int k = 0; k < kCompletions; ++k)
      sums.numerator += (stream.Uniform() < std::sqrt(correlation) ? own : stream.Uniform() < p) ? 1 : 0;
    all.push_back(sums);
  }
  return all;
}

TEST(Coverage, OfShares) {
  const std::pair<int, double> cases[] = {{8, 0.5},    {8, 0.3},   {20, 0.5},   {20, 0.3}, {40, 0.3}, {120, 0.5},
                                          {120, 0.01}, {120, 0.1}, {40, 0.025}, {8, 0.1},  {40, 0.1}};
  for (const auto& [prompts, p] : cases) {
    for (const double correlation : {0.0, 0.3, 0.6}) {
      KeyedStream stream(1, Concat("shares/", prompts, "/", p, "/", correlation));
      const double held = Coverage(
          p, kShareScale, [&, n = prompts, p = p] { return RatioOverPrompts(DrawEvents(stream, n, p, correlation), kShareScale); });
      EXPECT_GE(held, kLeast) << prompts << " prompts, p " << p << ", correlation " << correlation;
    }
  }
}

// A score that is often 0 or 1 and else between, the same for all completions of a prompt but for noise.
TEST(Coverage, OfScores) {
  for (const int prompts : {8, 20, 120}) {
    KeyedStream stream(2, Concat("scores/", prompts));
    const double held = Coverage(0.5, kScoreScale, [&] {
      std::vector<PromptSums> all;
      for (int i = 0; i < prompts; ++i) {
        const double of_prompt = stream.Uniform() < 0.4 ? (stream.Uniform() < 0.5 ? 0 : 1) : stream.Uniform();
        PromptSums sums{0, kCompletions};
        for (int k = 0; k < kCompletions; ++k) sums.numerator += 0.8 * of_prompt + 0.2 * stream.Uniform();
        all.push_back(sums);
      }
      return RatioOverPrompts(all, kScoreScale);
    });
    EXPECT_GE(held, kLeast) << prompts;
  }
}

// Both arms answer a prompt alike with probability `alike`.
TEST(Coverage, OfPairedDifferences) {
  const std::pair<double, double> cases[] = {{0.9, 0.9}, {0.95, 0.7}, {0.99, 0.98}, {1, 0.99}};
  for (const int prompts : {8, 20, 40, 120}) {
    for (const auto& [p, q] : cases) {
      for (const double alike : {0.0, 0.8}) {
        KeyedStream stream(3, Concat("pairs/", prompts, "/", p, "/", q, "/", alike));
        const double held = Coverage(
            p - q, kShareScale.OfDifference(),
            [&, p = p, q = q] {
              std::vector<PromptSums> a, b;
              for (int i = 0; i < prompts; ++i) {
                const double own = stream.Uniform(), other = stream.Uniform() < alike ? own : stream.Uniform();
                PromptSums left{0, kCompletions}, right{0, kCompletions};
                for (int k = 0; k < kCompletions; ++k) {
                  const bool again = stream.Uniform() < 0.3;
                  left.numerator += (again ? stream.Uniform() : own) < p ? 1 : 0;
                  right.numerator += (again ? stream.Uniform() : other) < q ? 1 : 0;
                }
                a.push_back(left), b.push_back(right);
              }
              return DifferenceOverPrompts(a, b, kShareScale);
            },
            kTrials / 2);  // they are slower, for their p-values
        EXPECT_GE(held, kLeast) << prompts << " prompts, " << p << " and " << q << ", alike " << alike;
      }
    }
  }
}

TEST(Coverage, OfRises) {
  for (const int steps : {20, 40, 100}) {
    for (const double correlation : {0.0, 0.3, 0.6}) {
      for (const double climb : {0.0, 4.0}) {
        KeyedStream stream(4, Concat("rises/", steps, "/", correlation, "/", climb));
        const auto trend = [&](int i) { return climb * i / (steps - 1); };
        const double held = Coverage(trend(steps - 10) - trend(0), kNoScale, [&] {
          std::vector<double> values;
          double noise = stream.Normal();
          for (int i = 0; i < steps; ++i) {
            values.push_back(trend(i) + noise);
            noise = correlation * noise + std::sqrt(1 - correlation * correlation) * stream.Normal();
          }
          return RiseOfSeries(values, 10);
        });
        EXPECT_GE(held, kLeast) << steps << " steps, correlation " << correlation << ", climb " << climb;
      }
    }
  }
}

// Runs whose own share varies by training, over prompts of their own or the same ones.
TEST(Coverage, OverRuns) {
  for (const int runs : {2, 3, 5}) {
    for (const bool shared : {false, true}) {
      for (const double luck : {0.0, 0.05}) {
        KeyedStream stream(5, Concat("runs/", runs, "/", shared, "/", luck));
        const double held = Coverage(0.9, kShareScale, [&] {
          std::vector<double> own(40);
          std::vector<Estimate> all;
          std::vector<PromptSums> pooled(own.size(), PromptSums{0, 0});
          for (int run = 0; run < runs; ++run) {
            const double p = std::clamp(0.9 + luck * (2 * stream.Uniform() - 1), 0.0, 1.0);
            std::vector<PromptSums> prompts(own.size(), PromptSums{0, kCompletions});
            for (size_t i = 0; i < own.size(); ++i) {
              if (run == 0 || !shared) own[i] = stream.Uniform();
              for (int k = 0; k < kCompletions; ++k)
                prompts[i].numerator += (stream.Uniform() < 0.5 ? own[i] : stream.Uniform()) < p ? 1 : 0;
              pooled[i].numerator += prompts[i].numerator, pooled[i].denominator += kCompletions;
            }
            all.push_back(RatioOverPrompts(prompts, kShareScale));
          }
          const Estimate over_prompts = RatioOverPrompts(pooled, kShareScale);
          return IntervalOverRuns(all, shared ? &over_prompts : nullptr, kShareScale);
        });
        EXPECT_GE(held, kLeast) << runs << " runs, shared " << shared << ", luck " << luck;
      }
    }
  }
}

}  // namespace
}  // namespace temper
