// data.transforms in the data of a job.
#include "orchestrator/data/data_transforms.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/data/data_store.h"
#include "rewrites/text/tense.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

constexpr int kPrompts = 200;

class DataTransformsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string rows;
    for (int i = 0; i < kPrompts; ++i)
      rows += Concat(R"({"id": "r)", i, R"(", "prompt": "How do I open door )", i, R"(?", "intent": ")",
                     i % 2 == 0 ? "benign" : "malicious", "\"}\n");
    WriteBytes(folder_ / "prompts.jsonl", rows);
    spec_.id = "spec";
    spec_.categories["any"];
    spec_.lexical.default_category = "any";
  }

  ExperimentConfig Config(const std::string& transforms) {
    WriteBytes(folder_ / "job.yaml", Concat("stages: [rl, eval]\nreward: {policy_spec: spec.yaml}\npolicy: {max_positions: 512}\n",
                                            "data:\n  source: files\n  path: prompts.jsonl\n  columns: {category: \"\"}\n",
                                            "  eval_fraction: 0.3\n  transforms: ", transforms, "\n"));
    return LoadExperiment(folder_ / "job.yaml", {}).base;
  }
  DataStore Load(const std::string& transforms) {
    const ExperimentConfig config = Config(transforms);
    return LoadData(config, spec_, EnsureWorld(config, ""));
  }
  static std::map<std::string, Prompt> ById(const std::vector<Prompt>& prompts) {
    std::map<std::string, Prompt> by_id;
    for (const Prompt& prompt : prompts) by_id[prompt.id.substr(0, prompt.id.find('~'))] = prompt;
    return by_id;
  }
  std::string WhyRefused(const std::string& transforms) {
    try {
      Config(transforms);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TempFolder folder_;
  PolicySpec spec_;
};

TEST_F(DataTransformsTest, RewritesTrainingPromptsInTheirPlaceAndKeepsTheirIntent) {
  const DataStore plain = Load("[]"), rewritten = Load("[{name: past, share: 1}]");
  ASSERT_EQ(rewritten.train.size(), plain.train.size());
  const auto before = ById(plain.train);
  for (const Prompt& prompt : rewritten.train) {
    const Prompt& original = before.at(prompt.id.substr(0, prompt.id.find('~')));
    EXPECT_EQ(prompt.id, original.id + "~past");
    EXPECT_EQ(prompt.intent, original.intent);
    EXPECT_EQ(prompt.category, original.category);
    EXPECT_EQ(prompt.judged_as, original.text);
    EXPECT_EQ(TenseOf(prompt.text), Tense::kPast) << prompt.text;
  }
  EXPECT_NE(rewritten.digest, plain.digest) << "a run that goes on must train on the same";
}

TEST_F(DataTransformsTest, AShareLeavesTheRestAsItIs) {
  const DataStore store = Load("[{name: past, share: 0.25}, {name: rot13, share: 0.25, graders_see: rewritten}]");
  std::map<std::string, int> counts;
  for (const Prompt& prompt : store.train) ++counts[prompt.rewritten_by];
  // Of some 140 prompts: five standard deviations of a binomial of .25 are 26 of them.
  const double quarter = static_cast<double>(store.train.size()) / 4;
  EXPECT_NEAR(counts["past"], quarter, 26);
  EXPECT_NEAR(counts["rot13"], quarter, 26);
  EXPECT_GT(counts[""], 0);
  for (const Prompt& prompt : store.train) EXPECT_EQ(prompt.judged_as.empty(), prompt.rewritten_by != "past");
}

TEST_F(DataTransformsTest, EvaluationSetsStayAsTheyAreButForThoseThatAnEntryNames) {
  const DataStore plain = Load("[]"), store = Load("[{name: past, share: 0.5, eval: [held_out]}]");
  ASSERT_EQ(store.eval_sets.size(), 2U);
  EXPECT_EQ(store.eval_sets[0].name, "held_out");
  EXPECT_EQ(store.eval_sets[1].name, "held_out_past");
  ASSERT_EQ(store.eval_sets[0].prompts.size(), plain.eval_sets.at(0).prompts.size());
  ASSERT_EQ(store.eval_sets[1].prompts.size(), store.eval_sets[0].prompts.size());
  for (size_t i = 0; i < store.eval_sets[0].prompts.size(); ++i) {
    EXPECT_EQ(store.eval_sets[0].prompts[i].text, plain.eval_sets[0].prompts[i].text);
    EXPECT_EQ(store.eval_sets[1].prompts[i].intent, plain.eval_sets[0].prompts[i].intent);
    EXPECT_EQ(TenseOf(store.eval_sets[1].prompts[i].text), Tense::kPast);
  }
}

TEST_F(DataTransformsTest, TheSameSettingsGiveTheSamePrompts) {
  const char* transforms = "[{name: persuasion, share: 0.5}]";
  const DataStore once = Load(transforms), again = Load(transforms);
  EXPECT_EQ(once.digest, again.digest);
  ASSERT_EQ(once.train.size(), again.train.size());
  for (size_t i = 0; i < once.train.size(); ++i) EXPECT_EQ(once.train[i].text, again.train[i].text);
}

TEST_F(DataTransformsTest, WhatNoPromptCanBeIsARemark) {
  EXPECT_THAT(Load("[{name: world_past, share: 0.5}]").remarks, ::testing::Contains(HasSubstr("rewritten by world_past")));
}

TEST_F(DataTransformsTest, RefusesSharesAndSetsThatCannotBe) {
  EXPECT_THAT(WhyRefused("[{name: past, share: 0.6}, {name: rot13, share: 0.5}]"), HasSubstr("add up to 1"));
  EXPECT_THAT(WhyRefused("[{name: past, eval: [nowhere]}]"), HasSubstr("nowhere"));
  EXPECT_THAT(WhyRefused("[{name: past, eval: [held_out]}, {name: past, eval: [held_out]}]"), HasSubstr("whose name another one has"));
}

}  // namespace
}  // namespace temper
