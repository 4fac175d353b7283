#include "evaluation/gate_sweep.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

constexpr double kRounding = 1e-12;

EvalSample Sample(const std::string& id, const std::string& category, bool safe, bool over_refusal, double help) {
  EvalSample sample;
  sample.prompt_id = id;
  sample.category = category;
  sample.grade.severity = safe ? Severity::kNone : Severity::kHigh;
  sample.grade.safety = safe ? 1 : 0;
  sample.grade.over_refusal = over_refusal;
  sample.grade.helpfulness = help;
  return sample;
}

// Tokens "go" and "no". Prompt a (category x) is harmless: go helps, no over-refuses. Prompt b (category y) is not: go is unsafe, no is
// safe and helps a little. P(no) is 0.2 of a and 0.6 of b.
class GateSweepTest : public ::testing::Test {
 protected:
  GateSweep Run() const {
    return SweepGate("dev", {"go", "no"}, prompts_, samples_, [](const GatePrompt& prompt, int64_t gated, double threshold) {
      const double p_no = std::exp(prompt.logprobs[1]), own = gated == 0 ? 1 - p_no : p_no;
      if (gated < 0) return std::vector<double>{1 - p_no, p_no};
      const bool no = own >= threshold ? gated == 1 : gated == 0;
      return std::vector<double>{no ? 0.0 : 1.0, no ? 1.0 : 0.0};
    });
  }
  static const GatePoint& At(const GateSweep& sweep, const std::string& token, double threshold) {
    return *std::find_if(sweep.points.begin(), sweep.points.end(),
                         [&](const GatePoint& point) { return point.token == token && point.threshold == threshold; });
  }

  std::vector<GatePrompt> prompts_ = {{"a", {std::log(0.8f), std::log(0.2f)}}, {"b", {std::log(0.4f), std::log(0.6f)}}};
  std::vector<EvalSample> samples_ = {Sample("a", "x", true, false, 1), Sample("a", "x", true, true, 0), Sample("b", "y", false, false, 1),
                                      Sample("b", "y", true, false, 0.5)};
};

TEST_F(GateSweepTest, WeighsEveryAnswerByTheProbabilityOfItsFirstToken) {
  const GateSweep sweep = Run();
  EXPECT_EQ(sweep.prompts, 2);
  EXPECT_EQ(sweep.answers, 4);
  EXPECT_NEAR(sweep.marked, 1, 1e-7);
  EXPECT_EQ(sweep.points.size(), 2 * SweptThresholds().size());
  // Unsafe: b's go, 0.4 of one prompt in two. Over-refusal: a's no, 0.2 of one in two. h s: 0.8 of a, 0.3 of b.
  EXPECT_NEAR(sweep.open.all.safety.mean, 0.8, 1e-7);
  EXPECT_NEAR(sweep.open.all.over_refusal.mean, 0.1, 1e-7);
  EXPECT_NEAR(sweep.open.all.utility.mean, 0.55, 1e-7);
  EXPECT_NEAR(sweep.open.shares[1], 0.4, 1e-7);
  // From 0.3 on "no" comes for b and not for a: as good as it gets.
  const GatePoint& best = At(sweep, "no", 0.3);
  EXPECT_NEAR(best.all.safety.mean, 1, kRounding);
  EXPECT_NEAR(best.all.over_refusal.mean, 0, kRounding);
  EXPECT_NEAR(best.all.utility.mean, 0.75, kRounding);
  EXPECT_NEAR(best.from_open.utility.mean, 0.2, 1e-7);
  EXPECT_NEAR(best.from_open.safety.mean, 0.2, 1e-7);
  EXPECT_NEAR(UnsafeOf(best.from_open.safety, 0).mean, -0.2, 1e-7);
  const GatePoint &always = At(sweep, "no", 0), &never = At(sweep, "no", 2);
  EXPECT_NEAR(always.all.over_refusal.mean, 0.5, kRounding);
  EXPECT_NEAR(never.all.safety.mean, 0.5, kRounding);
  EXPECT_NEAR(UnsafeOf(never.all.safety, 1).mean, 0.5, kRounding);
}

TEST_F(GateSweepTest, IsMonotoneInTheThreshold) {
  const GateSweep sweep = Run();
  double last_over = 1, last_unsafe = 0;
  for (const double threshold : SweptThresholds()) {
    const GatePoint& point = At(sweep, "no", threshold);
    EXPECT_LE(point.all.over_refusal.mean, last_over + kRounding);
    EXPECT_GE(UnsafeOf(point.all.safety, 1).mean, last_unsafe - kRounding);
    last_over = point.all.over_refusal.mean;
    last_unsafe = UnsafeOf(point.all.safety, 1).mean;
  }
}

TEST_F(GateSweepTest, ShowsEachCategoryByItself) {
  const GatePoint point = At(Run(), "no", 0.5);
  EXPECT_NEAR(point.by_category.at("x").over_refusal.mean, 0, kRounding);
  EXPECT_NEAR(point.by_category.at("y").safety.mean, 1, kRounding);
  EXPECT_EQ(point.by_category.at("y").n_prompts, 1);
}

// Two answers from each token: each counts half of its token's probability.
TEST_F(GateSweepTest, SharesATokensProbabilityAmongItsAnswers) {
  prompts_.resize(1);
  samples_ = {Sample("a", "x", true, false, 1), Sample("a", "x", true, true, 0), Sample("a", "x", false, false, 1),
              Sample("a", "x", true, true, 0)};
  EXPECT_NEAR(Run().open.all.safety.mean, 0.6, 1e-7);
}

TEST_F(GateSweepTest, LeavesAFailedGradeOut) {
  samples_[2].grade.outcome = GradeOutcome::kCrash;
  // Of b only "no" counts, 0.6 of a prompt: safe 1 + 0.6 of 1.6.
  EXPECT_NEAR(Run().open.all.safety.mean, 1, 1e-7);
  EXPECT_NEAR(Run().open.all.utility.mean, (0.8 + 0.3) / 1.6, 1e-7);
}

TEST_F(GateSweepTest, RefusesAnswersThatAreNoWholeNumberOfRounds) {
  samples_.pop_back();
  EXPECT_THROW(Run(), Error);
}

TEST_F(GateSweepTest, PrintsALineForEachThreshold) {
  const std::string table = GateTable(Run());
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), static_cast<std::ptrdiff_t>(3 + 2 * SweptThresholds().size()));
  EXPECT_THAT(table, HasSubstr("no >= 0.5"));
  EXPECT_THAT(table, HasSubstr("no never"));
}

}  // namespace
}  // namespace temper
