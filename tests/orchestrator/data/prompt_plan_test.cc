#include "orchestrator/data/prompt_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "orchestrator/config/group_id.h"

namespace temper {
namespace {

class PromptPlanTest : public testing::Test {
 protected:
  PromptPlanTest() {
    config_.run.seed = 7;
    config_.rl.prompts_per_step = 3;
    config_.rl.max_resampled_per_step = 2;
    for (const char* intent : {"benign", "dual_use", "malicious"}) {
      for (int i = 0; i < 4; ++i) {
        Prompt prompt;
        prompt.id = std::string(intent) + std::to_string(i);
        prompt.intent = intent;
        prompts_.push_back(prompt);
      }
    }
  }
  std::string Id(int64_t step, int64_t index) { return PromptPlan(config_, prompts_).PromptOf(GroupIdOf(step, index)).id; }

  ExperimentConfig config_;
  std::vector<Prompt> prompts_;
};

TEST_F(PromptPlanTest, AGroupsPromptDoesNotDependOnWhenItIsAskedFor) {
  PromptPlan plan(config_, prompts_);
  for (const auto& [step, index] : std::vector<std::pair<int64_t, int64_t>>{{5, 2}, {0, 0}, {5, 4}, {2, 1}, {0, 0}}) {
    EXPECT_EQ(plan.PromptOf(GroupIdOf(step, index)).id, Id(step, index)) << step << ", " << index;
  }
}

TEST_F(PromptPlanTest, EveryStepTakesEachIntentOnceAndFourStepsTakeEveryPromptOnce) {
  PromptPlan plan(config_, prompts_);
  std::multiset<std::string> drawn;
  for (int64_t step = 0; step < 4; ++step) {
    std::set<std::string> intents;
    for (int64_t index = 0; index < 3; ++index) {
      const Prompt& prompt = plan.PromptOf(GroupIdOf(step, index));
      intents.insert(prompt.intent);
      drawn.insert(prompt.id);
    }
    EXPECT_EQ(intents.size(), 3U) << "step " << step;
  }
  for (const Prompt& prompt : prompts_) EXPECT_EQ(drawn.count(prompt.id), 1U) << prompt.id;
}

TEST_F(PromptPlanTest, ReplacementsHaveAnOrderOfTheirOwnAndLeaveTheMainOneAlone) {
  const std::string next = Id(1, 0);
  PromptPlan plan(config_, prompts_);
  std::vector<std::string> spare;
  for (int64_t step = 0; step < 3; ++step) {
    for (int64_t index = 3; index < 5; ++index) spare.push_back(plan.PromptOf(GroupIdOf(step, index)).id);
  }
  EXPECT_EQ(plan.PromptOf(GroupIdOf(1, 0)).id, next);
  EXPECT_EQ(std::set<std::string>(spare.begin(), spare.end()).size(), 6U) << "six draws of twelve prompts repeat none";
}

TEST_F(PromptPlanTest, WithoutStrataThePromptsAreOneOrder) {
  config_.data.stratify_by_intent = false;
  PromptPlan plan(config_, prompts_);
  std::set<std::string> drawn;
  for (int64_t group = 0; group < 12; ++group) drawn.insert(plan.PromptOf(GroupIdOf(group / 3, group % 3)).id);
  EXPECT_EQ(drawn.size(), 12U) << "an epoch has each prompt once";
}

}  // namespace
}  // namespace temper
