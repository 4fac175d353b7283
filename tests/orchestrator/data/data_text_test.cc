// What the terminal says at the start of the data that was read.
#include "orchestrator/data/data_text.h"

#include <memory>

#include <gtest/gtest.h>

namespace temper {
namespace {

Prompt Of(const std::string& intent) {
  Prompt prompt;
  prompt.intent = intent;
  return prompt;
}

class DataTextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.stages = {"sft", "rl", "eval"};
    config_.data.source = DataSource::kFiles;
    config_.data.demonstrations = "answers.jsonl";
    data_.prompt_template = config_.data.prompt_template;
    data_.train = {Of("dual_use"), Of("benign"), Of("dual_use")};
    data_.demonstrations.resize(2);
    data_.held_out_answers.resize(1);
    data_.eval_sets.push_back({"id", {Of("benign")}});
    data_.eval_sets.push_back({"xstest", std::vector<Prompt>(250)});
  }

  ExperimentConfig config_;
  DataStore data_;
};

TEST_F(DataTextTest, CountsWhatIsTrainedOnAndEvaluated) {
  EXPECT_EQ(DataText(config_, data_),
            "data: 3 training prompts (1 benign, 2 dual_use), 2 demonstrations, 1 held-out answer, evaluation sets: id 1, xstest 250\n"
            "prompts: the bare text\n");
  config_.stages = {"rl"};
  data_.held_out_answers.clear();
  data_.train.resize(1);
  EXPECT_EQ(DataText(config_, data_, "arms a, b"), "data of arms a, b: 1 training prompt\nprompts of arms a, b: the bare text\n")
      << "one intent says nothing, and what no stage reads is left out";
  config_.eval.every = 5;
  data_.eval_sets.resize(1);
  EXPECT_EQ(DataText(config_, data_), "data: 1 training prompt, evaluation set: id 1\nprompts: the bare text\n");
  data_.eval_sets.clear();
  EXPECT_EQ(DataText(config_, data_), "data: 1 training prompt, no evaluation set\nprompts: the bare text\n");
  config_.stages = {"sft"};
  config_.eval.every = 0;
  config_.data.demonstrations = "";
  EXPECT_EQ(DataText(config_, data_), "data: 2 demonstrations written from the policy spec's templates\nprompts: the bare text\n");
  config_.stages = {};
  EXPECT_EQ(DataText(config_, data_), "");
}

TEST_F(DataTextTest, SaysHowOftenAnIntentIsMissingAndLeavesLongListsOut) {
  config_.stages = {"rl"};
  data_.train = {Of(""), Of("benign")};
  EXPECT_TRUE(DataText(config_, data_).starts_with("data: 2 training prompts (1 without, 1 benign)"));
  data_.train.clear();
  for (const char* intent : {"a", "b", "c", "d", "e", "f", "g", "h", "i"}) data_.train.push_back(Of(intent));
  EXPECT_TRUE(DataText(config_, data_).starts_with("data: 9 training prompts, "));
}

TEST_F(DataTextTest, NamesWhatPromptsAreRenderedBy) {
  const auto rendered = [&] {
    const std::string text = DataText(config_, data_);
    return text.substr(text.find("prompts: ") + 9);
  };
  config_.stages = {"sft"};
  config_.policy.path = "models/x";
  EXPECT_EQ(rendered(), "the bare text (models/x has no chat template)\n");
  config_.data.chat_template = ChatTemplateChoice::kNone;
  EXPECT_EQ(rendered(), "the bare text (data.chat_template: none)\n");
  data_.prompt_template = "Q: {prompt}\nA:";
  EXPECT_EQ(rendered(), "filled into data.prompt_template \"Q: {prompt}\\nA:\", without a chat template\n");
  data_.chat_template = std::make_unique<const ChatTemplate>("models/x/chat_template.jinja", "{{ messages }}");
  EXPECT_EQ(rendered(), "rendered by the chat template models/x/chat_template.jinja, of data.prompt_template \"Q: {prompt}\\nA:\"\n");
  data_.prompt_template = "{prompt}";
  data_.system_prompt = "Be kind.";
  EXPECT_EQ(rendered(), "rendered by the chat template models/x/chat_template.jinja, with data.system_prompt\n");
}

}  // namespace
}  // namespace temper
