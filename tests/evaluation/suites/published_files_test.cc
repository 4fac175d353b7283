// The loaders and the plane of over-refusal and safety, on the files as published. Counts are those of the rows in this copy.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "evaluation/suites/eval_only.h"
#include "evaluation/suites/given_answers.h"
#include "evaluation/suites/measure.h"
#include "evaluation/suites/suite.h"

namespace temper {
namespace {

using ::testing::ElementsAreArray;

const std::string kData = TEMPER_SOURCE_DIR "/../shared/data/";

struct Published {
  std::string suite;
  std::vector<std::string> files;
  int64_t to_answer, to_decline, others;  // prompts
};

const std::vector<Published>& AllPublished() {
  static const std::vector<Published> kAll = {
      {"advbench", {"harmful_prompts/advbench_behaviors.csv"}, 0, 520, 0},
      {"ailuminate", {"ailuminate/airr_official_1.0_demo_en_us_prompt_set_release.csv"}, 0, 0, 759},
      {"coconot", {"coconot/coconot_eval.jsonl", "coconot/coconot_contrast_eval.jsonl"}, 379, 1001, 0},
      {"do_not_answer",
       {"do_not_answer/discrimination_exclusion_toxicity_hateful_offensive.jsonl", "do_not_answer/human_chatbox.jsonl",
        "do_not_answer/information_hazard.jsonl", "do_not_answer/malicious_uses.jsonl", "do_not_answer/misinformation_harms.jsonl"},
       0,
       939,
       0},
      {"harmbench", {"harmful_prompts/harmbench_behaviors_text_all.csv"}, 0, 400, 0},
      {"jailbreakbench", {"jailbreakbench/harmful_behaviors.csv"}, 0, 100, 0},
      {"open_safe_intent", {"open_safe_intent/triplets.jsonl"}, 400, 400, 400},
      {"or_bench", {"or_bench/or-bench-hard-1k.csv", "or_bench/or-bench-toxic.csv"}, 947, 444, 0},
      {"overt", {"overt/OVERT_mini.csv", "overt/OVERT_unsafe.csv"}, 1399 + 1383, 1383, 0},
      {"strata_sword",
       {"strata_sword/strata_sword_en_level_1.xlsx", "strata_sword/strata_sword_en_level_2.xlsx",
        "strata_sword/strata_sword_en_level_3.xlsx"},
       0,
       400,
       0},
      {"strongreject", {"harmful_prompts/strongreject_dataset.csv"}, 0, 313, 0},
      {"xstest", {"xstest/xstest_prompts.csv"}, 250, 200, 0},
  };
  return kAll;
}

class PublishedFiles : public testing::TestWithParam<Published> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kData)) GTEST_SKIP() << "public data are not part of the project: " << kData << " is absent";
    std::vector<std::string> paths;
    for (const std::string& file : GetParam().files) paths.push_back(kData + file);
    suite_ = &FindSuite(GetParam().suite);
    prompts_ = ReadSuite(*suite_, paths);
  }
  // Where a policy lies by the suite's words. `refuses` says of which prompts.
  SuitePoint PointOf(const std::function<bool(const Prompt&)>& refuses) {
    std::vector<GivenAnswer> given;
    for (const Prompt& prompt : prompts_) {
      const bool no = refuses(prompt);
      given.push_back(
          {prompt.id, "", no ? "I'm sorry, but I cannot help with that." : "Sure, here is how: first, take it.", false, {}, ""});
    }
    MatchedAnswers matched = MatchAnswers(prompts_, given);
    EXPECT_EQ(matched.num_unmatched, 0);
    EXPECT_EQ(matched.num_prompts_answered, static_cast<int64_t>(prompts_.size()));
    const SuiteResult result = MeasureSuite(*suite_, &matched.answers);
    return result.points.empty() ? SuitePoint{} : result.points.at(0);
  }
  const Suite* suite_ = nullptr;
  std::vector<Prompt> prompts_;
};

TEST_P(PublishedFiles, HaveTheirCountsAndFields) {
  const auto count = [&](SuiteSide side) {
    return std::count_if(prompts_.begin(), prompts_.end(), [side](const Prompt& prompt) { return IsOnSide(side, prompt); });
  };
  EXPECT_EQ(count(SuiteSide::kToAnswer), GetParam().to_answer);
  EXPECT_EQ(count(SuiteSide::kToDecline), GetParam().to_decline);
  EXPECT_EQ(static_cast<int64_t>(prompts_.size()), GetParam().to_answer + GetParam().to_decline + GetParam().others);
  // Every field that a rate is told apart by is in the file, but for what only one of two layouts has.
  for (const SuiteRate& rate : suite_->rates) {
    for (const std::string& field : rate.by) {
      if (field == "types_of_harm") continue;
      const auto has = [&](const Prompt& prompt) { return prompt.columns.contains(field) && !prompt.columns.at(field).empty(); };
      EXPECT_TRUE(std::any_of(prompts_.begin(), prompts_.end(), has)) << field;
    }
  }
}

TEST_P(PublishedFiles, PutPoliciesWhereTheyBelongOnThePlane) {
  const SuitePoint always = PointOf([](const Prompt&) { return true; }), never = PointOf([](const Prompt&) { return false; });
  // Refuses where the prompt holds an alarming word.
  const SuitePoint keyword = PointOf([](const Prompt& prompt) {
    static const std::set<std::string> kAlarms = {"kill", "bomb", "hack", "steal", "weapon", "drug", "illegal", "attack", "blood", "fake"};
    return std::any_of(kAlarms.begin(), kAlarms.end(),
                       [&](const std::string& word) { return prompt.text.find(word) != std::string::npos; });
  });
  if (GetParam().to_answer > 0) {
    EXPECT_EQ(always.over_refusal.mean, 1);
    EXPECT_EQ(never.over_refusal.mean, 0);
    EXPECT_GT(keyword.over_refusal.mean, 0);
    EXPECT_LT(keyword.over_refusal.mean, 1);
    EXPECT_EQ(always.over_refusal.n, GetParam().to_answer);
    EXPECT_GT(always.over_refusal.low, 0.95);
  }
  if (GetParam().to_decline > 0) {
    EXPECT_EQ(always.right.mean, 1);
    EXPECT_EQ(never.right.mean, 0);
    EXPECT_GT(keyword.right.mean, 0);
    EXPECT_LT(keyword.right.mean, 1);
    EXPECT_EQ(always.right.n, GetParam().to_decline);
  }
}

TEST_P(PublishedFiles, AreTheOnesTheirSketchIsOf) {
  if (suite_->eval_only.empty()) {
    EXPECT_TRUE(suite_->sketch.empty()) << "its prompts may be trained on";
  } else {
    EXPECT_THAT(SuiteSketch(*suite_, prompts_), ElementsAreArray(suite_->sketch.begin(), suite_->sketch.end()));
  }
}

INSTANTIATE_TEST_SUITE_P(All, PublishedFiles, testing::ValuesIn(AllPublished()), [](const auto& param) { return param.param.suite; });

TEST(StringMatch, AgreesWithPeopleAsItsAuthorsMeasured) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "public data are not part of the project: " << kData << " is absent";
  int64_t agree = 0, all = 0;
  for (const char* model : {"gpt4", "llama2orig"}) {
    const std::string path = Concat(kData, "xstest/completions_", model, ".csv");
    const std::string text = ReadFile(path);
    const auto rows = OpenRows(path, text);
    for (DatasetRow row; rows->Next(&row); ++all)
      agree += kXsTestWords.Refuses(row.columns["completion"]) == (row.columns["final_label"] != "1_full_compliance") ? 1 : 0;
  }
  EXPECT_EQ(all, 900);
  EXPECT_EQ(agree, 823) << "91.4 % of two models; 88.4 % over all five";
}

}  // namespace
}  // namespace temper
