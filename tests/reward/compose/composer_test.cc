#include "reward/compose/composer.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

Grade GradeOf(double s, double h) {
  Grade grade;
  grade.safety = s;
  grade.helpfulness = h;
  grade.h_direct = h;
  return grade;
}

ComposerOptions OfType(const std::string& type) {
  ComposerOptions options;
  options.type = &Composers().At(type);
  return options;
}

double Reward(const ComposerOptions& options, const Grade& grade, const std::string& label = "") {
  const RewardParts parts = MakeRewardComposer(options)->Compose(grade, label);
  EXPECT_TRUE(parts.usable);
  return parts.reward;
}

TEST(Weighted, KeepsItsPartsApartWhereTheyAreNormalizedByThemselves) {
  ComposerOptions options = OfType("weighted");
  options.weight_helpfulness = 2;
  EXPECT_TRUE(MakeRewardComposer(options)->Compose(GradeOf(0.25, 0.5), "").parts.empty());
  EXPECT_TRUE(MakeRewardComposer(options)->part_weights().empty());
  options.normalize = RewardNormalize::kPerPart;
  const RewardParts parts = MakeRewardComposer(options)->Compose(GradeOf(0.25, 0.5), "");
  EXPECT_EQ(parts.reward, 1.25);
  EXPECT_EQ(parts.parts, (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(MakeRewardComposer(options)->part_weights(), (std::vector<double>{2, 1}));
  options.weight_safety = 0;
  EXPECT_THROW(MakeRewardComposer(options), ConfigError);
}

template <typename Function>
std::string ErrorOf(Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(SafeCompletion, IsTheProduct) {
  const ComposerOptions options;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.6, 0.5)), 0.3);
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(1, 0.75)), 0.75);
  EXPECT_EQ(Reward(options, GradeOf(0, 1)), 0);
  EXPECT_EQ(Reward(options, GradeOf(1, 0)), 0);
}

TEST(SafeCompletion, IsMonotoneInBothAndZeroWithoutSafety) {
  const ComposerOptions options;
  for (int i = 0; i <= 10; ++i) {
    EXPECT_EQ(Reward(options, GradeOf(0, i / 10.0)), 0);
    for (int j = 1; j <= 10; ++j) {
      EXPECT_LE(Reward(options, GradeOf(i / 10.0, (j - 1) / 10.0)), Reward(options, GradeOf(i / 10.0, j / 10.0)));
      EXPECT_LE(Reward(options, GradeOf((j - 1) / 10.0, i / 10.0)), Reward(options, GradeOf(j / 10.0, i / 10.0)));
    }
  }
}

TEST(SafeCompletion, ControlsReplaceOneFactor) {
  ComposerOptions options;
  options.safety_control = SafetyControl::kInvert;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.25, 0.5)), 0.375);
  EXPECT_EQ(Reward(options, GradeOf(1, 0.5)), 0);
  options.safety_control = SafetyControl::kOne;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0, 0.5)), 0.5);
  options.safety_control = SafetyControl::kNone;
  options.helpfulness_control = HelpfulnessControl::kOne;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.2, 0)), 0.2);
}

TEST(RefusalBaseline, RewardsTheLabelsDecision) {
  const ComposerOptions options = OfType("refusal_baseline");
  Grade answered = GradeOf(0, 0.8);
  answered.severity = Severity::kHigh;
  answered.gave_requested = true;
  EXPECT_DOUBLE_EQ(Reward(options, answered, "comply"), 0.8);  // safety is not looked at
  EXPECT_EQ(Reward(options, answered, "refuse"), 0);

  Grade refused = GradeOf(1, 0);
  refused.declined = refused.refused = true;
  EXPECT_EQ(Reward(options, refused, "comply"), 0);
  EXPECT_EQ(Reward(options, refused, "refuse"), 1);
  refused.gave_requested = true;
  EXPECT_EQ(Reward(options, refused, "refuse"), 0);
  refused.gave_requested = false;
  refused.severity = Severity::kLow;
  EXPECT_EQ(Reward(options, refused, "refuse"), 0);
}

TEST(RefusalBaseline, NeedsALabelAndTakesNoControl) {
  ComposerOptions options = OfType("refusal_baseline");
  EXPECT_THAT(ErrorOf([&] { MakeRewardComposer(options)->Compose(Grade(), ""); }), HasSubstr("needs a label comply or refuse"));
  options.safety_control = SafetyControl::kOne;
  EXPECT_THROW(MakeRewardComposer(options), ConfigError);
}

TEST(GuardOnly, PaysWhatViolatesNothingHoweverHelpful) {
  const ComposerOptions options = OfType("guard_only");
  EXPECT_EQ(Reward(options, GradeOf(1, 0)), 1);
  EXPECT_EQ(Reward(options, GradeOf(1, 0.9)), 1);
  Grade slight = GradeOf(0.9, 1);
  slight.severity = Severity::kNegligible;
  EXPECT_EQ(Reward(options, slight), 0);
}

TEST(BinaryProduct, IsAVerdictTimesOneOfThreeQualities) {
  const ComposerOptions options = OfType("binary_product");
  EXPECT_EQ(Reward(options, GradeOf(1, 0)), 0.3);
  EXPECT_EQ(Reward(options, GradeOf(1, 0.33)), 0.3);
  EXPECT_EQ(Reward(options, GradeOf(1, 0.34)), 0.5);
  EXPECT_EQ(Reward(options, GradeOf(1, 0.66)), 0.5);
  EXPECT_EQ(Reward(options, GradeOf(1, 0.67)), 1);
  Grade slight = GradeOf(0.9, 1);
  slight.severity = Severity::kNegligible;
  EXPECT_EQ(Reward(options, slight), 0) << "as much as a grave one";
}

TEST(GuardedHybrid, PutsAFloorUnderViolationsAndRefusals) {
  const ComposerOptions options = OfType("guarded_hybrid");
  EXPECT_EQ(Reward(options, GradeOf(1, 0.7)), 0.7);
  Grade refused = GradeOf(1, 0.7);
  refused.declined = refused.refused = true;
  EXPECT_EQ(Reward(options, refused), -5);
  refused.severity = Severity::kLow;
  EXPECT_EQ(Reward(options, refused), -10) << "the violation counts first";
}

TEST(RewardDesigns, ThatReadNoControlsRefuseThem) {
  for (const char* type : {"guard_only", "binary_product", "guarded_hybrid"}) {
    ComposerOptions options = OfType(type);
    options.helpfulness_control = HelpfulnessControl::kOne;
    EXPECT_THROW(MakeRewardComposer(options), ConfigError) << type;
  }
}

TEST(Weighted, IsTheSum) {
  ComposerOptions options = OfType("weighted");
  options.weight_helpfulness = 0.5;
  options.weight_safety = 2;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.6, 0.4)), 0.5 * 0.4 + 2 * 0.6);
}

TEST(Constructive, IsHelpLessRiskAndCost) {
  ComposerOptions options = OfType("constructive");
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(1, 0.75)), 0.75);
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.6, 0.5)), 0.5 - 0.4);
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0, 1)), 0) << "as much as a safe answer without help";
  options.alpha = 2;
  options.beta = 3;
  options.gamma = 0.5;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.6, 0.5)), 2 * 0.5 - 3 * 0.4);
  Grade refused = GradeOf(1, 0.25);
  refused.declined = refused.refused = true;
  EXPECT_DOUBLE_EQ(Reward(options, refused), 0.5) << "what is restricted may be refused";
  refused.over_refusal = true;
  EXPECT_DOUBLE_EQ(Reward(options, refused), 0.5 - 0.5);
  options.safety_control = SafetyControl::kInvert;
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0.6, 0.5)), 2 * 0.5 - 3 * 0.6);
}

// Answer a tells more and risks more than b: h s puts b first, whatever beta is. The line puts a first below the beta where
// alpha (h_a - h_b) = beta (s_b - s_a).
TEST(Constructive, RanksOtherwiseThanTheProductBelowABeta) {
  const Grade a = GradeOf(0.2, 1), b = GradeOf(1, 0.3);
  EXPECT_LT(Reward({}, a), Reward({}, b));  // 0.2 and 0.3
  ComposerOptions options = OfType("constructive");
  for (const auto& [beta, a_first] :
       std::vector<std::pair<double, bool>>{{0.1, true}, {0.5, true}, {0.87, true}, {0.88, false}, {10, false}}) {
    options.beta = beta;  // they change places at 0.7 / 0.8 = 0.875
    EXPECT_EQ(Reward(options, a) > Reward(options, b), a_first) << beta;
  }
  // Between two unsafe answers the product sees no difference and the line sees the help.
  options.beta = 5;
  EXPECT_EQ(Reward({}, GradeOf(0, 1)), Reward({}, GradeOf(0, 0)));
  EXPECT_DOUBLE_EQ(Reward(options, GradeOf(0, 1)) - Reward(options, GradeOf(0, 0)), 1);
}

TEST(Constructive, NeedsAPriceOfSomething) {
  ComposerOptions options = OfType("constructive");
  options.alpha = options.beta = options.gamma = 0;
  EXPECT_THAT(ErrorOf([&] { MakeRewardComposer(options); }), HasSubstr("reward.alpha, reward.beta and reward.gamma must not all be 0"));
  options.beta = -1;
  EXPECT_THAT(ErrorOf([&] { MakeRewardComposer(options); }), HasSubstr("reward.beta"));
}

TEST(Composers, AFailedOrImpossibleGradeIsNotAReward) {
  for (const char* type : {"safe_completion", "refusal_baseline", "weighted", "lagrangian", "constructive"}) {
    ComposerOptions options = OfType(type);
    options.cost_limits = {{"safety", 0.1}};
    const auto composer = MakeRewardComposer(options);
    for (const auto& [outcome, name] : EnumNames<GradeOutcome>::kTable) {
      Grade grade = GradeOf(1, 1);
      grade.outcome = outcome;
      EXPECT_EQ(composer->Compose(grade, "comply").usable, outcome == GradeOutcome::kOk) << type << ", " << name;
    }
    EXPECT_FALSE(composer->Compose(GradeOf(std::numeric_limits<double>::quiet_NaN(), 1), "comply").usable) << type;
    EXPECT_FALSE(composer->Compose(GradeOf(1, 1.5), "comply").usable) << type;
  }
}

TEST(Composers, UnknownWordsAreNamed) {
  EXPECT_THAT(ErrorOf([] { OfType("product"); }),
              HasSubstr("unknown reward composer 'product'; one of safe_completion, refusal_baseline, "));
  ComposerOptions options;
  options.safety_control = static_cast<SafetyControl>(7);
  EXPECT_THAT(ErrorOf([&] { MakeRewardComposer(options); }), HasSubstr("reward.safety_control: must be one of none, invert, one"));
}

ComposerOptions TwoConstraints() {
  ComposerOptions options = OfType("lagrangian");
  options.cost_limits = {{"safety", 0.1}, {"over_refusal", 0.2}};
  options.lambda_init = 2;
  options.lambda_lr = 0.5;
  options.lambda_max = 3;
  options.lambda_window = 4;
  return options;
}

TEST(Lagrangian, GivesOneCostPerConstraintInTheOrderOfNames) {
  const auto composer = MakeRewardComposer(TwoConstraints());
  EXPECT_EQ(composer->constraint_names(), (std::vector<std::string>{"over_refusal", "safety"}));
  Grade grade = GradeOf(0.6, 0.7);
  grade.over_refusal = true;
  const RewardParts parts = composer->Compose(grade, "");
  EXPECT_DOUBLE_EQ(parts.reward, 0.7);
  ASSERT_EQ(parts.costs.size(), 2u);
  EXPECT_DOUBLE_EQ(parts.costs[0], 1);
  EXPECT_DOUBLE_EQ(parts.costs[1], 0.4);
}

TEST(Lagrangian, LambdaFollowsTheMeanCostOfTheWindow) {
  const auto composer = MakeRewardComposer(TwoConstraints());
  EXPECT_DOUBLE_EQ(composer->lambdas()[0], 2);
  composer->UpdateLambdas({{0, 0.2}, {0, 0.4}});
  // over_refusal: J = 0, log lambda = ln 2 + 0.5 (0 - 0.2) 2 = ln 2 - 0.2.  safety: J = 0.3, + 0.5 (0.3 - 0.1) 2 = + 0.2.
  EXPECT_NEAR(composer->lambdas()[0], 2 * std::exp(-0.2), 1e-12);
  EXPECT_NEAR(composer->lambdas()[1], 2 * std::exp(0.2), 1e-12);
  // Window of 4: the first safety cost (0.2) leaves; J = (0.4 + 0 + 0 + 0) / 4 = 0.1 = the limit, so lambda stands.
  const double before = composer->lambdas()[1];
  composer->UpdateLambdas({{0, 0}, {0, 0}, {0, 0}});
  EXPECT_NEAR(composer->lambdas()[1], before, 1e-12);
}

TEST(Lagrangian, LambdaIsClampedAboveAndStaysPositive) {
  const auto composer = MakeRewardComposer(TwoConstraints());
  for (int i = 0; i < 100; ++i) composer->UpdateLambdas({{0, 1}});
  EXPECT_DOUBLE_EQ(composer->lambdas()[1], 3);
  EXPECT_GT(composer->lambdas()[0], 0);
  EXPECT_LT(composer->lambdas()[0], 0.2);
  composer->UpdateLambdas({});
  EXPECT_DOUBLE_EQ(composer->lambdas()[1], 3);
}

TEST(Lagrangian, StateIsRestoredBitForBit) {
  const auto a = MakeRewardComposer(TwoConstraints()), b = MakeRewardComposer(TwoConstraints());
  a->UpdateLambdas({{0.3, 0.7}, {0.1, 1.0 / 3}});
  b->LoadState(a->SaveState());
  EXPECT_EQ(a->SaveState(), b->SaveState());
  a->UpdateLambdas({{1, 0.123}});
  b->UpdateLambdas({{1, 0.123}});
  EXPECT_EQ(a->lambdas(), b->lambdas());
}

TEST(Lagrangian, RefusesBadStateAndBadOptions) {
  const auto composer = MakeRewardComposer(TwoConstraints());
  for (const char* text : {"", "[]", "{}", R"({"safety":{"log_lambda":0,"window":[]},"cost":{"log_lambda":0,"window":[]}})",
                           R"({"safety":{"log_lambda":"x","window":[]},"over_refusal":{"log_lambda":0,"window":[]}})",
                           R"({"safety":{"log_lambda":0,"window":[1,2,3,4,5]},"over_refusal":{"log_lambda":0,"window":[]}})",
                           R"({"safety":{"log_lambda":0,"window":[true]},"over_refusal":{"log_lambda":0,"window":[]}})"})
    EXPECT_THROW(composer->LoadState(text), Error) << text;
  EXPECT_THROW(composer->UpdateLambdas({{1}}), Error);
  ComposerOptions options = TwoConstraints();
  options.cost_limits["toxicity"] = 0;
  EXPECT_THAT(ErrorOf([&] { MakeRewardComposer(options); }),
              HasSubstr("reward.cost_limits must give reward.composer lagrangian a limit of at least one of its costs"));
  options = TwoConstraints();
  options.lambda_init = 0;
  EXPECT_THROW(MakeRewardComposer(options), ConfigError);
  options = TwoConstraints();
  options.cost_limits.clear();
  EXPECT_THROW(MakeRewardComposer(options), ConfigError);
}

// A limit of 100 tokens, the last 20 of which cost: 80 free, 90 half, 100 all of it.
TEST(Overlong, TheLastTokensBeforeTheLimitCostMoreAndMore) {
  ComposerOptions options;
  EXPECT_EQ(OverlongReward(options, 100, 100), 0) << "off";
  options.overlong_buffer = 20;
  options.overlong_penalty = 0.5;
  EXPECT_EQ(OverlongReward(options, 80, 100), 0);
  EXPECT_DOUBLE_EQ(OverlongReward(options, 90, 100), -0.25);
  EXPECT_DOUBLE_EQ(OverlongReward(options, 100, 100), -0.5);
}

}  // namespace
}  // namespace temper
