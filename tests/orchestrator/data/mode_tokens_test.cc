// Mode and refusal tokens of a job: which one a demonstration begins with, the gate of a prompt, the model that has them.
#include "orchestrator/data/mode_tokens.h"

#include <filesystem>
#include <span>

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/data/model_files.h"
#include "policy/formats/hf_checkpoint.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kChat[] =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.role == 'assistant' %}<eos>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}";

class ModeTokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    shape_.vocab_size = 260;
    shape_.hidden_size = shape_.intermediate_size = shape_.head_dim = 8;
    shape_.num_layers = shape_.num_heads = shape_.num_kv_heads = 1;
    shape_.max_positions = 512;
    shape_.bos_id = 1;
    shape_.eos_ids = {2};
    config_.stages = {"sft", "rl"};
    config_.policy.path = folder_ / "model";
    config_.policy.tokens.mode_tokens = {"direct", "safe_complete", "redirect"};
    config_.data.source = DataSource::kFiles;
    config_.data.path = folder_ / "prompts.jsonl";
    config_.data.demonstrations = folder_ / "demonstrations.jsonl";
    config_.data.eval_fraction = 0;
    config_.data.columns.category = config_.data.columns.intent = "";
    config_.data.columns.mode = "mode";
    spec_.id = "spec";
    for (const char* id : {"any", "other"}) spec_.categories[id];
    spec_.lexical.default_category = "any";
    Transformer model(shape_);
    model.Initialize(3);
    SaveHfModel(model, {.tokenizer_json = ByteLevelTokenizerJson()}, config_.policy.path);
    WriteBytes(config_.policy.path + "/chat_template.jinja", kChat);
    WriteBytes(config_.data.path, "{\"prompt\": \"hi\"}\n");
    Demonstrate("direct");
  }

  void Demonstrate(const std::string& mode, const std::string& category = "any") {
    WriteBytes(config_.data.demonstrations,
               Concat("{\"prompt\": \"hi\", \"response\": \"yes\", \"mode\": \"", mode, "\", \"kind\": \"", category, "\"}\n"));
  }
  DataStore Load() const { return LoadData(config_, spec_, EnsureWorld(config_, "")); }
  // The prompt and what is learned of the first demonstration.
  std::pair<std::string, std::string> Taught() const {
    const DataStore store = Load();
    const SftExample& example = store.demonstrations.at(0);
    const auto length = static_cast<size_t>(example.prompt_length);
    std::vector<int32_t> learned;
    for (size_t i = length; i < example.tokens.size(); ++i)
      if (example.learned.empty() || example.learned.at(i - length) != 0) learned.push_back(example.tokens[i]);
    EXPECT_TRUE(example.learned.empty() || example.learned.size() == example.tokens.size() - length);
    return {store.tokenizer->Decode(std::span(example.tokens).first(length), false), store.tokenizer->Decode(learned, false)};
  }
  std::string Problem() const {
    try {
      Load();
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  TempFolder folder_;
  TransformerConfig shape_;
  ExperimentConfig config_;
  PolicySpec spec_;
};

TEST_F(ModeTokensTest, ADemonstrationBeginsWithTheTokenOfItsModeWhichIsLearned) {
  EXPECT_THAT(Taught(), Pair("<user>hi<assistant>", "[direct]yes<eos>"));
  Demonstrate("safe_completion");
  EXPECT_THAT(Taught(), Pair("<user>hi<assistant>", "[safe_complete]yes<eos>"));
  Demonstrate("bare_refusal");
  EXPECT_THAT(Taught(), Pair("<user>hi<assistant>", "[redirect]yes<eos>"));
  config_.policy.tokens.mode_token_of = {{"bare_refusal", "safe_complete"}};
  EXPECT_THAT(Taught(), Pair("<user>hi<assistant>", "[safe_complete]yes<eos>"));
  config_.data.chat_template = ChatTemplateChoice::kNone;
  EXPECT_THAT(Taught(), Pair("<bos>hi", "[safe_complete]yes<eos>"));
}

TEST_F(ModeTokensTest, AModeWithoutATokenIsTaughtWithoutOneAndCounted) {
  Demonstrate("off_topic");
  EXPECT_THAT(Taught().second, "yes<eos>");
  EXPECT_THAT(Load().remarks, ElementsAre(HasSubstr("1 of 1 demonstrations are of a mode without a token")));
  Demonstrate("rude");
  EXPECT_THAT(Problem(), HasSubstr("rude is neither a mode"));
}

TEST_F(ModeTokensTest, ARefusalOfACategoryWithATokenBeginsWithThat) {
  config_.policy.tokens.category_tokens = {"other"};
  config_.data.columns.category = "kind";
  WriteBytes(config_.data.path, "{\"prompt\": \"hi\", \"kind\": \"any\"}\n");
  Demonstrate("redirect", "other");
  EXPECT_EQ(Taught().second, "[other]yes<eos>");
  Demonstrate("redirect", "any");
  EXPECT_EQ(Taught().second, "[redirect]yes<eos>");
  Demonstrate("direct", "other");
  EXPECT_EQ(Taught().second, "[direct]yes<eos>");
  config_.policy.tokens.category_tokens = {"unknown"};
  EXPECT_THAT(Problem(), HasSubstr("policy.category_tokens: category \"unknown\" is not in policy spec"));
}

TEST_F(ModeTokensTest, InAConversationTheTokenStandsBeforeTheLastTurnAlone) {
  WriteBytes(config_.data.demonstrations,
             "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"bc\"}, "
             "{\"role\": \"user\", \"content\": \"d\"}], \"response\": \"yes\", \"mode\": \"redirect\"}\n");
  config_.sft.turns = LearnedTurns::kAll;
  EXPECT_THAT(Taught(), Pair("<user>a<assistant>", "bc<eos>[redirect]yes<eos>"));
}

TEST_F(ModeTokensTest, TheGradersSayTheModeWhereTheRowHasNone) {
  config_.reward.policy_spec = TEMPER_SOURCE_DIR "/configs/policies/open_safe_intent.yaml";
  std::vector<Demonstration> demonstrations(2);
  demonstrations[0].prompt.text = demonstrations[1].prompt.text = "How do I bake bread?";
  demonstrations[0].response = "I'm sorry, but I can't help with that.";
  demonstrations[1].response = "I'm sorry, but I can't help with that.";
  demonstrations[1].mode = "direct";
  EXPECT_EQ(GradeModes(config_.reward, &demonstrations), 0);
  EXPECT_EQ(demonstrations[0].mode, "bare_refusal");
  EXPECT_EQ(demonstrations[1].mode, "direct");
}

TEST_F(ModeTokensTest, APromptsGateIsThatOfItsCategory) {
  config_.rollout.first_token_gate = {{.token = "redirect", .category = "", .threshold = 0.5, .bias = 0},
                                      {.token = "redirect", .category = "other", .threshold = 0.1, .bias = 0},
                                      {.token = "direct", .category = "", .threshold = -1, .bias = 1.5}};
  const DataStore store = Load();
  const FirstTokenGate any = store.Sampling({}, "any").gate, other = store.Sampling({}, "other").gate;
  ASSERT_EQ(any.tokens.size(), 3U);
  EXPECT_EQ(any.tokens[0].id, 260);
  EXPECT_EQ(any.tokens[0].bias, 1.5);
  EXPECT_FALSE(any.tokens[1].has_threshold());
  EXPECT_EQ(any.tokens[2].threshold, 0.5);
  EXPECT_EQ(other.tokens[2].threshold, 0.1);
  EXPECT_EQ(other.tokens[0].bias, 1.5);
  config_.rollout.first_token_gate = {};
  EXPECT_THAT(Load().Sampling({}, "any").gate.tokens, IsEmpty());
}

// Whatever is drawn for the prompts of the others: their gates are the same objects.
TEST_F(ModeTokensTest, ACategorysThresholdMovesNoOtherCategory) {
  config_.rollout.first_token_gate = {{.token = "redirect", .category = "", .threshold = 0.5, .bias = 0}};
  const std::vector<float> logits = {0.3f, -0.2f, 0.6f};
  const std::vector<double> before = FirstTokenShares(Load().Sampling({}, "any").gate, logits, 1);
  for (const double threshold : {0.0, 0.2, 0.9, 2.0}) {
    config_.rollout.first_token_gate.resize(1);
    config_.rollout.first_token_gate.push_back({.token = "redirect", .category = "other", .threshold = threshold, .bias = 0});
    EXPECT_EQ(FirstTokenShares(Load().Sampling({}, "any").gate, logits, 1), before) << threshold;
  }
}

TEST_F(ModeTokensTest, TheModelGrowsByTheTokensItLacks) {
  config_.policy.tokens.token_words = {{"direct", "a b"}};
  const DataStore store = Load();
  EXPECT_EQ(store.model.vocab_size, 263);
  EXPECT_EQ(GrownModel(config_, store.tokenizer_json, folder_ / "grown"), folder_ / "grown");
  const Transformer before = LoadHfModel(config_.policy.path), grown = LoadHfModel(folder_ / "grown");
  const at::Tensor old = before.parameters()[0].second, made = grown.parameters()[0].second;
  ASSERT_EQ(made.size(0), 263);
  EXPECT_TRUE(made.narrow(0, 0, 260).equal(old));
  const auto row = [&](char byte) { return old.select(0, 4 + byte); };  // of the byte-level tokenizer
  EXPECT_TRUE(made.select(0, 260).equal((row(' ') + row('a') + row(' ') + row('b')) / 4));
  EXPECT_EQ(ReadFile(folder_ / "grown/chat_template.jinja"), kChat);
  // Another model with the same tokenizer: the copy that is there is not of it.
  const std::string first = config_.policy.path, other = folder_ / "other";
  Transformer shifted = LoadHfModel(first);
  {
    const c10::NoGradGuard no_grad;
    shifted.parameters()[0].second.add_(1);
  }
  SaveHfModel(shifted, {.companions = ReadCompanionFiles(first)}, other);
  config_.policy.path = other;
  GrownModel(config_, store.tokenizer_json, folder_ / "grown");
  EXPECT_TRUE(LoadHfModel(folder_ / "grown").parameters()[0].second.narrow(0, 0, 260).equal(old + 1));
  // A folder that has them is what the policy starts from.
  config_.policy.path = folder_ / "grown";
  EXPECT_EQ(Load().tokenizer_json, store.tokenizer_json);
  EXPECT_EQ(GrownModel(config_, store.tokenizer_json, folder_ / "again"), folder_ / "grown");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "again"));
}

}  // namespace
}  // namespace temper
