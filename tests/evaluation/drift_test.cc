// The drift test of gold probes: by hand, and how often and how soon it alarms, by simulation.
#include "evaluation/drift.h"

#include <cmath>

#include <gtest/gtest.h>

#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

constexpr int64_t kSteps = 80;    // rl.steps' default
constexpr int64_t kPerStep = 32;  // reward.gold.per_step's default

TEST(DriftTest, AddsLogLikelihoodRatiosAndNeverFallsBelowZero) {
  // e0 = .1, e1 = .1 + .3 x .8 = .34: ln 3.4 for a wrong one, ln(.66 / .9) for a right one; alarm at ln(80 / .01).
  DriftTest test({.base_error = 0.1, .flip_rate = 0.3, .false_alarm = 0.01, .looks = 80});
  test.Add(0, 10);
  EXPECT_EQ(test.level(), 0);
  test.Add(3, 5);
  EXPECT_NEAR(test.level(), (3 * std::log(3.4) + 2 * std::log(0.66 / 0.9)) / std::log(8000), 1e-12);
  EXPECT_FALSE(test.alarm());
  test.Add(6, 6);
  EXPECT_TRUE(test.alarm()) << "9.7 above 8.99";
}

int64_t Wrong(double error, int64_t probes, KeyedStream* random) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < probes; ++i) wrong += random->Uniform() < error ? 1 : 0;
  return wrong;
}

// The first step with an alarm, of a run whose grader turns that share of its verdicts from `from` on; kSteps = none.
int64_t FirstAlarm(double base_error, double flips, int64_t from, uint64_t run) {
  KeyedStream random(11, "drift", run);
  DriftTest test({.base_error = base_error, .flip_rate = 0.3, .false_alarm = 0.01, .looks = kSteps});
  for (int64_t step = 0; step < kSteps; ++step) {
    const double error = step < from ? base_error : base_error + flips * (1 - 2 * base_error);
    test.Add(Wrong(error, kPerStep, &random), kPerStep);
    if (test.alarm()) return step;
  }
  return kSteps;
}

TEST(DriftTest, AlarmsInAtMostOneRunOfAHundredWhoseGraderStays) {
  for (const double base_error : {0.02, 0.1, 0.25}) {
    int alarms = 0;
    for (uint64_t run = 0; run < 2000; ++run) alarms += FirstAlarm(base_error, 0, kSteps, run) < kSteps;
    EXPECT_LE(alarms, 20) << "of 2,000 whole runs of 80 steps, base error " << base_error;
  }
}

TEST(DriftTest, FindsThatThirtyPercentOfTheVerdictsTurnedWithinFiveSteps) {
  for (const double base_error : {0.02, 0.1, 0.15}) {
    int in_time = 0;
    for (uint64_t run = 0; run < 2000; ++run) {
      const int64_t alarm = FirstAlarm(base_error, 0.3, 40, run);
      in_time += alarm >= 40 && alarm < 45;
    }
    EXPECT_GE(in_time, base_error > 0.1 ? 1860 : 1900) << "of 2,000, base error " << base_error;
  }
}

}  // namespace
}  // namespace temper
