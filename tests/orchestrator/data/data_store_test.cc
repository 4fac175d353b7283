// What a job makes of a model folder and a dataset: prompts and demonstrations as token ids.
#include "orchestrator/data/data_store.h"

#include <filesystem>
#include <set>
#include <span>
#include <utility>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/formats/hf_checkpoint.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTemplate[] =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.role == 'assistant' %}<eos>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}";
constexpr char kGenerationBlocks[] =
    "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}|"
    "{% else %}{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

class DataStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    shape_.vocab_size = 260;
    shape_.hidden_size = 8;
    shape_.intermediate_size = 8;
    shape_.num_layers = 1;
    shape_.num_heads = shape_.num_kv_heads = 1;
    shape_.head_dim = 8;
    shape_.max_positions = 512;
    shape_.bos_id = 1;
    shape_.eos_ids = {2};
    config_ = ExperimentConfig();
    config_.stages = {"sft", "rl"};
    config_.policy.path = folder_ / "model";
    config_.data.source = DataSource::kFiles;
    config_.data.path = folder_ / "prompts.jsonl";
    config_.data.demonstrations = folder_ / "demonstrations.jsonl";
    config_.data.eval_fraction = 0;
    config_.data.columns.category = config_.data.columns.intent = "";
    spec_.id = "spec";
    for (const char* id : {"any", "other"}) spec_.categories[id];
    spec_.lexical.default_category = "any";
    Save(kTemplate);
    WriteBytes(config_.data.path,
               "{\"prompt\": \"hi\"}\n"
               "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}, "
               "{\"role\": \"user\", \"content\": \"c\"}]}\n"
               "{\"prompt\": [{\"role\": \"system\", \"content\": \"own\"}, {\"role\": \"user\", \"content\": \"d\"}]}\n");
    WriteBytes(config_.data.demonstrations, "{\"prompt\": \"hi\", \"response\": \"yes\"}\n");
  }

  void Save(const std::string& template_text) {
    Transformer model(shape_);
    SaveHfModel(model, {.tokenizer_json = ByteLevelTokenizerJson()}, config_.policy.path);
    if (!template_text.empty()) WriteBytes(config_.policy.path + "/chat_template.jinja", template_text);
  }
  DataStore Load() const { return LoadData(config_, spec_, EnsureWorld(config_, "")); }
  std::vector<std::string> Prompts(const DataStore& store) const {
    std::vector<std::string> texts;
    for (const Prompt& prompt : store.train) texts.push_back(store.tokenizer->Decode(store.PromptTokens(prompt), /*skip_specials=*/false));
    return texts;
  }
  // The texts before and of the answer of the first demonstration.
  std::pair<std::string, std::string> Answer(const DataStore& store) const {
    const SftExample& example = store.demonstrations.at(0);
    const std::span<const int32_t> all = example.tokens;
    const auto length = static_cast<size_t>(example.prompt_length);
    return {store.tokenizer->Decode(all.first(length), false), store.tokenizer->Decode(all.subspan(length), false)};
  }
  void Refused(const std::string& why) const {
    try {
      Load();
      ADD_FAILURE() << "accepted; expected: " << why;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  }

  TempFolder folder_;
  TransformerConfig shape_;
  ExperimentConfig config_;
  PolicySpec spec_;
};

TEST_F(DataStoreTest, RendersPromptsByTheTemplateOfThePolicy) {
  config_.data.system_prompt = "S";
  const DataStore store = Load();
  EXPECT_THAT(Prompts(store), ElementsAre("<system>S<user>hi<assistant>", "<system>S<user>a<assistant>b<eos>\n<user>c<assistant>",
                                          "<system>own<user>d<assistant>"));
  EXPECT_EQ(store.train[1].text, "c");  // what graders see
}

TEST_F(DataStoreTest, DemonstrationsAreLearnedFromTheAssistantsPart) {
  EXPECT_THAT(Answer(Load()), ::testing::Pair("<user>hi<assistant>", "yes<eos>"));  // nothing behind the stop token
  Save(kGenerationBlocks);
  EXPECT_THAT(Answer(Load()), ::testing::Pair("<user>hi<assistant>", "yes<eos>"));  // which the template does not write
  shape_.eos_ids = {3, 2};
  Save(kTemplate);
  EXPECT_THAT(Answer(Load()), ::testing::Pair("<user>hi<assistant>", "yes<eos>"));  // the one of the template, not the first
}

// A stage compares the digest when it goes on; other answers to the same prompts are other training data.
TEST_F(DataStoreTest, OtherDemonstrationsAreOtherTrainingData) {
  const uint64_t yes = Load().digest;
  EXPECT_EQ(Load().digest, yes);
  WriteBytes(config_.data.demonstrations, "{\"prompt\": \"hi\", \"response\": \"no\"}\n");
  EXPECT_NE(Load().digest, yes);
  config_.stages = {"rl"};
  const uint64_t unread = Load().digest;
  WriteBytes(config_.data.demonstrations, "{\"prompt\": \"hi\", \"response\": \"yes\"}\n");
  EXPECT_EQ(Load().digest, unread) << "nothing is learned from them";
}

TEST_F(DataStoreTest, AConversationsEarlierTurnsAreLearnedWhereAskedFor) {
  WriteBytes(config_.data.demonstrations,
             "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"bc\"}, "
             "{\"role\": \"user\", \"content\": \"d\"}], \"response\": \"yes\"}\n");
  EXPECT_THAT(Answer(Load()), ::testing::Pair("<user>a<assistant>bc<eos>\n<user>d<assistant>", "yes<eos>"));
  config_.sft.turns = LearnedTurns::kAll;
  const DataStore store = Load();
  EXPECT_THAT(Answer(store), ::testing::Pair("<user>a<assistant>", "bc<eos>\n<user>d<assistant>yes<eos>"));
  const SftExample& example = store.demonstrations.at(0);
  std::vector<int32_t> learned;
  for (size_t i = 0; i < example.learned.size(); ++i)
    if (example.learned[i] != 0) learned.push_back(example.tokens[static_cast<size_t>(example.prompt_length) + i]);
  EXPECT_EQ(store.tokenizer->Decode(learned, false), "bc<eos>yes<eos>");
}

// Bytes are tokens here. The unsafe answer is of the assistant's turn, and is read only where something is made of it.
TEST_F(DataStoreTest, UnsafeAnswersComeWithTheDemonstrationsThatHaveThem) {
  config_.data.columns.harmful_response = "bad";
  WriteBytes(config_.data.demonstrations,
             "{\"prompt\": \"hi\", \"response\": \"yes\", \"bad\": \"uvw\"}\n{\"prompt\": \"ho\", \"response\": \"no\"}\n");
  EXPECT_TRUE(Load().unsafe_answers.empty());
  config_.sft.derta.prefix_share = 1;
  config_.sft.derta.transition_weight = 1;
  config_.sft.derta.transition_target = "no";
  const DataStore store = Load();
  ASSERT_EQ(store.unsafe_answers.size(), 2u);
  EXPECT_EQ(store.unsafe_answers[0].tokens, store.tokenizer->Encode("uvw"));
  EXPECT_EQ(store.unsafe_answers[0].answer_begin, store.demonstrations[0].prompt_length);
  EXPECT_TRUE(store.unsafe_answers[1].tokens.empty());
  EXPECT_EQ(store.transition_target, store.tokenizer->Encode("n").front());
  config_.sft.derta.transition_target = "";
  config_.sft.derta.transition_target_id = 260;
  Refused("target_id is no token of the model, which has the ids 0 to 259");
  config_.sft.derta.transition_target_id = 259;
  EXPECT_EQ(Load().transition_target, 259);
  config_.data.columns.harmful_response = "";
  Refused("sft.derta: no demonstration has an unsafe answer");
}

TEST_F(DataStoreTest, APrefilledSetBeginsTheSameAnswersAtEveryDepth) {
  config_.stages = {"eval"};
  config_.data.chat_template = ChatTemplateChoice::kNone;
  config_.data.columns.harmful_response = "bad";
  WriteBytes(config_.data.path, "{\"prompt\": \"hi\"}\n");
  WriteBytes(folder_ / "own.jsonl",
             "{\"prompt\": \"a\", \"bad\": \"One. Two\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \"c\", \"bad\": \"One.\"}\n");
  config_.data.eval = {{"own", folder_ / "own.jsonl"}};
  EXPECT_EQ(Load().eval_sets.size(), 1u);
  config_.prefill.depths = {0, 6};
  const DataStore store = Load();
  ASSERT_EQ(store.eval_sets.size(), 3u);
  EXPECT_EQ(store.eval_sets[0].prompts.size(), 3u);
  EXPECT_EQ(store.eval_sets[1].name, "own.prefill_0");
  EXPECT_EQ(store.eval_sets[2].name, "own.prefill_6");
  for (const size_t set : {1u, 2u}) {
    ASSERT_EQ(store.eval_sets[set].prompts.size(), 1u) << "the answer to c is not longer than the deepest";
    EXPECT_EQ(store.eval_sets[set].prompts[0].text, "a");
  }
  EXPECT_TRUE(store.eval_sets[1].answers_begun.at(0).empty());
  const std::vector<int32_t>& begun = store.eval_sets[2].answers_begun.at(0);
  EXPECT_EQ(store.tokenizer->Decode(begun), "One. T");
  EXPECT_EQ(store.tokenizer->Decode(store.UnfinishedSentence(begun)), "T") << "blanks behind a sentence belong to it";
  EXPECT_TRUE(store.UnfinishedSentence(store.tokenizer->Encode("One.")).empty());
  EXPECT_THAT(store.remarks, ElementsAre(HasSubstr("1 prompts of evaluation set own are not prefilled")));
  config_.prefill.depths = {64};
  Refused("eval.prefill: no evaluation set has an unsafe answer of more than 64 tokens");
}

TEST_F(DataStoreTest, WithoutATemplatePromptsAreBareTexts) {
  WriteBytes(config_.data.path, "{\"prompt\": \"hi\"}\n");
  config_.data.prompt_template = "Q: {prompt} A:";
  config_.data.chat_template = ChatTemplateChoice::kNone;
  EXPECT_THAT(Prompts(Load()), ElementsAre("<bos>Q: hi A:"));
  EXPECT_THAT(Answer(Load()), ::testing::Pair("<bos>Q: hi A:", "yes<eos>"));
  config_.data.system_prompt = "S";
  Refused("data.system_prompt needs a chat template");
}

TEST_F(DataStoreTest, SaysWhichPromptIsWrong) {
  config_.data.chat_template = ChatTemplateChoice::kNone;
  Refused("prompt prompts.jsonl:2: a list of messages needs a chat template");
  config_.data.chat_template = ChatTemplateChoice::kAuto;
  Save("{{ raise_exception('never') }}");
  Refused("chat_template.jinja:1:4: never");
  Save(kTemplate);
  WriteBytes(config_.data.path, "{\"prompt\": [{\"role\": \"assistant\", \"content\": \"b\"}]}\n");
  Refused("prompts.jsonl:1: column prompt holds a conversation that ends with the role assistant");
  WriteBytes(config_.data.path, "{\"prompt\": [{\"role\": \"user\"}]}\n");
  Refused("prompts.jsonl:1: column prompt holds a list that is none of messages");
  WriteBytes(config_.data.path, "{\"prompt\": []}\n");
  Refused("prompts.jsonl:1: column prompt holds a list that is none of messages");
}

TEST_F(DataStoreTest, SaysWhichPromptCannotBeGraded) {
  config_.stages = {"rl"};
  config_.data.demonstrations = "";
  config_.data.columns.category = "kind";
  const std::string graded = "{\"prompt\": \"hi\", \"kind\": \"other\"}\n";
  WriteBytes(config_.data.path, graded + "{\"prompt\": \"ho\", \"kind\": \"strange\"}\n");
  Refused("prompts.jsonl:2: category \"strange\" is not in policy spec spec, which has any, other; name the column");
  config_.data.bad_row_budget = 1;
  EXPECT_EQ(Load().train.size(), 1u);
  config_.data.bad_row_budget = 0;
  config_.stages = {"sft"};  // nothing is graded
  spec_.demonstrations.emplace_back().text = "no";
  EXPECT_EQ(Load().train.size(), 2u);
  config_.stages = {"eval"};
  config_.data.columns.category = "";
  EXPECT_EQ(Load().train.size(), 2u);
  spec_.lexical.default_category = "";
  Refused("prompts.jsonl:1: the prompt has no category, and policy spec spec has no lexical.default_category");
  spec_.facts.present = true;  // the prompts name it
  EXPECT_EQ(Load().train.size(), 2u);
}

TEST_F(DataStoreTest, SaysWhatIsLeftOutWithItsCount) {
  config_.data.chat_template = ChatTemplateChoice::kNone;
  WriteBytes(config_.data.path, "{\"prompt\": \"hi\"}\n");
  EXPECT_THAT(Load().remarks, ::testing::IsEmpty());
  config_.data.bad_row_budget = 2;
  config_.data.max_prompt_tokens = 4;
  config_.sft.max_tokens = 10;
  WriteBytes(config_.data.path, "{\"prompt\": \"hi\"}\n{\"prompt\": \"much longer\"}\n{\"no\": 1}\n");
  WriteBytes(config_.data.demonstrations,
             "{\"prompt\": \"hi\", \"response\": \"yes\"}\n{\"prompt\": \"hi\", \"response\": \"a long answer\"}\n");
  EXPECT_THAT(Load().remarks, ElementsAre(::testing::EndsWith("prompts.jsonl could not be read: left out"),
                                          "1 of 2 demonstrations are longer than 10 tokens (sft.max_tokens): left out",
                                          ::testing::StartsWith("1 of 2 prompts of the training data are longer than 4 tokens (")));
}

// 512 positions: not a word of prompts that are longer than -88 tokens.
TEST_F(DataStoreTest, ACompletionWithoutRoomForAPromptIsSaidFirst) {
  config_.rollout.sampling.max_new_tokens = 600;
  ::testing::internal::CaptureStderr();
  Refused("rollout.max_new_tokens 600 leaves no room for a prompt: the model has 512 positions");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("longer than")));
  EXPECT_THAT([&] { CheckDataFiles(config_); }, ::testing::ThrowsMessage<ConfigError>(HasSubstr("leaves no room for a prompt")));
}

TEST_F(DataStoreTest, TellsWhatIsEvaluatedAndTrainedOn) {
  config_.stages = {"sft", "rl", "eval"};
  WriteBytes(folder_ / "own.jsonl",
             "{\"prompt\": \"hi\"}\n{\"prompt\": \"other\"}\n{\"prompt\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n");
  config_.data.eval = {{"own", folder_ / "own.jsonl"}};
  EXPECT_THAT(
      Load().remarks,
      ElementsAre("2 of 3 prompts of evaluation set own are training prompts, too: its figures tell of what was learned by heart",
                  "2 of 3 prompts of evaluation set own are answered by demonstrations: its figures tell of what was learned by heart"));
  config_.stages = {"eval"};
  EXPECT_THAT(Load().remarks, ::testing::IsEmpty()) << "nothing is trained";
}

TEST_F(DataStoreTest, HeldOutAnswersAreReadWhereSomethingIsEvaluated) {
  WriteBytes(folder_ / "answers.jsonl", "{\"prompt\": \"hi\", \"response\": \"no\"}\n{\"prompt\": \"where?\", \"response\": \"here\"}\n");
  config_.data.held_out_answers = folder_ / "answers.jsonl";
  EXPECT_TRUE(Load().held_out_answers.empty()) << "no evaluation, nothing to tell it in";
  config_.stages = {"sft", "eval"};
  const DataStore store = Load();
  ASSERT_EQ(store.held_out_answers.size(), 2U);
  EXPECT_EQ(store.held_out_answers[1].tokens.size() - static_cast<size_t>(store.held_out_answers[1].prompt_length), 5U) << "here, end";
  EXPECT_THAT(store.remarks, ElementsAre("1 of 2 held-out answers are to questions that demonstrations answer: their perplexity tells of "
                                         "what was learned by heart"));
  config_.data.held_out_answers = folder_ / "none.jsonl";
  EXPECT_THAT([&] { CheckDataFiles(config_); }, ::testing::ThrowsMessage<ConfigError>(HasSubstr("none.jsonl: no such file")));
}

// One file for both, where some prompts come twice: nothing that asks what is held out is trained on.
TEST_F(DataStoreTest, WhatIsHeldOutIsInNoDemonstrationAndNoOtherRow) {
  std::string rows;
  for (int i = 0; i < 40; ++i) {
    const std::string text =
        i % 8 == 7 ? "[{\"role\": \"user\", \"content\": \"p" + std::to_string(i % 20) + "\"}]" : "\"p" + std::to_string(i % 20) + "\"";
    rows += "{\"prompt\": " + text + ", \"response\": \"r\"}\n";
  }
  WriteBytes(config_.data.path, rows);
  config_.data.demonstrations = config_.data.path;
  config_.data.eval_fraction = 0.3;
  config_.stages = {"sft", "rl", "eval"};
  const DataStore store = Load();
  ASSERT_EQ(store.eval_sets.size(), 1u);
  std::set<std::string> held_out, trained;
  for (const Prompt& prompt : store.eval_sets[0].prompts) held_out.insert(prompt.text);
  for (const Prompt& prompt : store.train) trained.insert(prompt.text);
  ASSERT_GE(held_out.size(), 3u);
  ASSERT_GE(trained.size(), 3u);
  EXPECT_EQ(held_out.size() + trained.size(), 20u) << "a prompt is on both sides, or lost";
  for (const std::string& text : trained) EXPECT_FALSE(held_out.contains(text)) << text;
  EXPECT_EQ(store.demonstrations.size(), 2 * trained.size());
  for (const SftExample& example : store.demonstrations) {
    const std::string asked = store.tokenizer->Decode(std::span(example.tokens).first(static_cast<size_t>(example.prompt_length)), false);
    for (const std::string& text : held_out) EXPECT_EQ(asked.find("<user>" + text + "<"), std::string::npos) << asked;
  }
}

TEST_F(DataStoreTest, ASuiteIsAnEvaluationSetBesideWhatIsHeldOut) {
  config_.stages = {"sft", "rl", "eval"};
  config_.data.eval_fraction = 0.5;
  const std::string csv = folder_ / "xstest.csv";
  WriteBytes(csv, "id,prompt,type,label,focus,note\n1,kill it,a,safe,b,c\n2,kill him,a,unsafe,b,c\n");
  WriteBytes(config_.data.path, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \"c\"}\n{\"prompt\": \"d\"}\n");
  config_.data.suites = {{"xstest", csv}};
  const DataStore store = Load();
  ASSERT_EQ(store.eval_sets.size(), 2u);
  EXPECT_EQ(store.eval_sets[0].name, "held_out");
  EXPECT_EQ(store.eval_sets[1].name, "xstest");
  ASSERT_EQ(store.eval_sets[1].prompts.size(), 2u);
  EXPECT_EQ(store.eval_sets[1].prompts[0].intent, "benign");
  EXPECT_EQ(store.eval_sets[1].prompts[1].intent, "malicious");
  std::filesystem::remove(csv);
  EXPECT_THROW(CheckDataFiles(config_), ConfigError);
}

TEST_F(DataStoreTest, ASuiteForEvaluationAloneIsRefusedAsTrainingData) {
  const std::string suite = folder_ / "suite.csv", civics = folder_ / "civics.csv";
  WriteBytes(suite, "id,prompt,type,label,focus,note\n1,kill it,a,safe,b,c\n2,hi,a,unsafe,b,c\n");
  config_.data.suites = {{"xstest", suite}};
  Refused("has 1 prompt of the suite xstest, and nothing may be trained on that");
  config_.stages = {"sft"};
  Refused("data.demonstrations: ");
  const std::string demonstrations = std::exchange(config_.data.demonstrations, "");
  Refused("data.path: ");
  config_.data.demonstrations = demonstrations;
  config_.stages = {"eval"};
  EXPECT_EQ(Load().eval_sets.size(), 1u) << "nothing is trained";
  config_.stages = {"rl"};
  config_.data.suites = {{"or_bench", suite}};
  EXPECT_EQ(Load().train.size(), 3u) << "OR-Bench may be trained on";
  config_.data.suites.clear();
  WriteBytes(civics, "ID,Topic,Language,Country,Statement,Statement - translated\n1,a,b,c,d,e\n");
  config_.data.demonstrations = "";
  config_.data.path = civics;
  config_.data.columns.prompt = "Statement";
  Refused("has the columns of the suite civics, and nothing may be trained on that: its terms of access forbid training on it");
}

TEST_F(DataStoreTest, AMissingLabelIsSaidBeforeAnythingIsTrained) {
  config_.reward.composer.type = &Composers().At("refusal_baseline");
  Refused("needs a label comply or refuse on every prompt; prompts.jsonl:1 has ''");
  config_.data.columns.label = "l";
  WriteBytes(config_.data.path, "{\"prompt\": \"hi\", \"l\": \"comply\"}\n");
  WriteBytes(config_.data.demonstrations, "{\"prompt\": \"hi\", \"response\": \"yes\", \"l\": \"\"}\n");
  EXPECT_EQ(Load().train.size(), 1u);
  const std::string sets = folder_ / "eval.jsonl";
  WriteBytes(sets, "{\"prompt\": \"ho\", \"l\": \"\"}\n");
  config_.data.eval = {{"mine", sets}};
  EXPECT_EQ(Load().train.size(), 1u) << "nothing is evaluated";
  config_.stages = {"sft", "rl", "eval"};
  Refused("eval.jsonl:1 has ''");
  config_.stages = {"sft"};
  config_.data.columns.label = "";
  EXPECT_EQ(Load().train.size(), 1u) << "nothing is rewarded";
}

// tests/golden/auto_tokenizer_golden.py wrote the ids. Every folder names a bos token in config.json.
TEST_F(DataStoreTest, PromptsHaveAroundThemWhatAutoTokenizerPutsThere) {
  const auto goldens = nlohmann::json::parse(ReadFile(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/auto_tokenizer.json"));
  ASSERT_EQ(goldens.size(), 7u);
  config_.data.chat_template = ChatTemplateChoice::kNone;
  config_.stages = {"rl"};
  for (const auto& [name, golden] : goldens.items()) {
    const std::string file = Concat(TEMPER_SOURCE_DIR, "/tests/golden/tokenizer/", golden["tokenizer"].get<std::string>(), ".json");
    auto tokenizer = nlohmann::json::parse(ReadFile(file))["tokenizer"];
    if (golden.contains("post_processor")) tokenizer["post_processor"] = golden["post_processor"];
    const auto parsed = ParseTokenizer(tokenizer.dump());
    shape_.vocab_size = parsed->vocab_size();
    shape_.bos_id = parsed->IdOf("<s>");
    shape_.eos_ids = {parsed->IdOf("</s>")};
    Transformer model(shape_);
    SaveHfModel(model, {.tokenizer_json = tokenizer.dump()}, config_.policy.path);
    std::string rows;
    for (const auto& prompt : golden["prompts"]) rows += nlohmann::json{{"prompt", prompt["text"]}}.dump() + "\n";
    WriteBytes(config_.data.path, rows);
    const DataStore store = Load();
    ASSERT_EQ(store.train.size(), golden["prompts"].size());
    for (size_t i = 0; i < store.train.size(); ++i)
      EXPECT_EQ(store.PromptTokens(store.train[i]), golden["prompts"][i]["ids"].get<std::vector<int32_t>>()) << name << " " << i;
  }
}

TEST_F(DataStoreTest, NeedsAStopToken) {
  shape_.eos_ids = {};
  Save(kTemplate);
  Refused("names no stop token, so no answer could ever end");
}

// A fine-tune for chat whose configs are the base's: its template ends turns with a token that only the tokenizer's file names.
TEST_F(DataStoreTest, StopsAtEveryEndTokenThatAFileOfTheFolderNames) {
  shape_.eos_ids = {3};
  Save(kTemplate);
  WriteBytes(config_.policy.path + "/tokenizer_config.json", "{\"eos_token\": \"<eos>\"}");
  const DataStore store = Load();
  EXPECT_THAT(store.Sampling({}, "").stop_ids, ElementsAre(2, 3));
  EXPECT_THAT(Answer(store), ::testing::Pair("<user>hi<assistant>", "yes<eos>"));
}

TEST_F(DataStoreTest, StopsAreTheModelsAndTheConfigs) {
  SamplingOptions wanted;
  wanted.top_k = 5;
  wanted.stop_strings = {"###", "<unk>"};
  const SamplingOptions sampling = Load().Sampling(wanted, "");
  EXPECT_EQ(sampling.top_k, 5);
  EXPECT_THAT(sampling.stop_ids, ElementsAre(2, 3));
  EXPECT_THAT(sampling.stop_strings, ElementsAre("###"));
}

}  // namespace
}  // namespace temper
