// A whole job on what a user brings: a model folder with a chat template, conversations as prompts, stop strings, adapters.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/peft_adapter.h"
#include "policy/tokenizer/tokenizer.h"
#include "tests/cluster_of_processes/tiny_job.h"
#include "tests/support/temp_folder.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kTemplate[] =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.role == 'assistant' %}<eos>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}";

// Pays for capital letters, so that what a random model says is worth something now and then.
constexpr char kSpec[] = R"(id: letters
version: "1"
title: Capital letters
severity_scores: {none: 1, negligible: 0.9, low: 0.6, moderate: 0.2, high: 0}
categories:
  any:
    content_policy: Nothing is restricted.
    style: {direct: Say anything., safe_complete: Say anything., redirect: Say anything.}
common_clauses: []
propositions:
  letter: {meaning: a capital letter, in: response, regexes: ['[A-Z]']}
  letters: {meaning: several, in: response, regexes: ['[A-Z]'], min_count: 3}
  never: {meaning: nothing, in: response, phrases: ['never said']}
lexical:
  present: true
  default_category: any
  restricted: never
  declined: never
  gave_requested: letter
  direct: {bias: 0.1, weights: {letter: 0.4, letters: 0.4}}
  indirect: {bias: 0, weights: {never: 1}}
  modes: [{mode: direct, when: letter}]
)";

class CheckpointJob : public ::testing::Test {
 protected:
  void SetUp() override {
    TransformerConfig shape;
    shape.vocab_size = 260;
    shape.hidden_size = 16;
    shape.intermediate_size = 32;
    shape.num_layers = 2;
    shape.num_heads = shape.num_kv_heads = 2;
    shape.head_dim = 8;
    shape.max_positions = 256;
    shape.bos_id = 1;
    shape.eos_ids = {2};
    Transformer model(shape);
    model.Initialize(7);
    SaveHfModel(model, {.tokenizer_json = ByteLevelTokenizerJson()}, folder_ / "model");
    WriteBytes(folder_ / "model/chat_template.jinja", kTemplate);
    WriteBytes(folder_ / "spec.yaml", kSpec);
    std::string prompts, demonstrations;
    for (int i = 0; i < 8; ++i) {
      const nlohmann::json conversation = {{{"role", "system"}, {"content", "brief"}},
                                           {{"role", "user"}, {"content", "first " + std::to_string(i)}},
                                           {{"role", "assistant"}, {"content", "A"}},
                                           {{"role", "user"}, {"content", "second"}}};
      prompts += nlohmann::json{{"prompt", conversation}}.dump() + "\n";
      demonstrations += nlohmann::json{{"prompt", conversation}, {"response", "ABC"}}.dump() + "\n";
    }
    WriteBytes(folder_ / "prompts.jsonl", prompts);
    WriteBytes(folder_ / "demonstrations.jsonl", demonstrations);
    WriteBytes(folder_ / "job.yaml", R"(
run: {name: checkpoint, seed: 1}
stages: [sft, rl]
policy: {path: model, lora: {rank: 2, target_modules: [q_proj, v_proj, down_proj]}}
data: {source: files, path: prompts.jsonl, demonstrations: demonstrations.jsonl, eval_fraction: 0, stratify_by_intent: false,
       columns: {id: "", category: "", intent: ""}}
sft: {steps: 3, batch_size: 4, turns: all}
rl: {steps: 3, prompts_per_step: 4, resample_dead_groups: false, advantage: {dead_eps: 0}}
rollout: {group_size: 4, max_new_tokens: 24, stop: [a, b, c, d, e, f, g, h]}
reward: {policy_spec: spec.yaml}
checkpoint: {every: 2, sft_every: 10}
monitor: {progress: plain, traces_every: 1, traces_per_step: 4}
)");
  }

  // The weights that a stage wrote.
  static std::string Written(const std::string& stage) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(stage + "/weights")) found.push_back(entry.path());
    EXPECT_EQ(found.size(), 1U) << stage;
    return found.at(0);
  }
  static at::Tensor Flat(const std::string& model) { return LoadHfModel(model).flat(); }

  TempFolder folder_;
};

TEST_F(CheckpointJob, TrainsAdaptersOnConversations) {
  TinyJob job("checkpoint");
  job.config = folder_ / "job.yaml";
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.RlRows().size(), 3U);

  const std::string start = Written(job.folder() + "/sft"), end = Written(job.folder() + "/main");
  for (const std::string& adapter : {start, end}) {
    EXPECT_EQ(ReadBytes(adapter + "/chat_template.jinja"), kTemplate);
    const auto config = nlohmann::json::parse(ReadBytes(adapter + "/adapter_config.json"));
    EXPECT_EQ(config["base_model_name_or_path"], folder_ / "model");
    EXPECT_FALSE(fs::exists(adapter + "/model.safetensors"));
  }
  EXPECT_FALSE(Flat(start).equal(Flat(folder_ / "model")));
  EXPECT_FALSE(Flat(end).equal(Flat(start)));

  for (const nlohmann::json& row : job.Rows("main/traces/step_1.jsonl")) {
    for (const nlohmann::json& sample : row.at("samples")) {
      const auto response = sample.at("response").get<std::string>();
      EXPECT_EQ(response.find_first_of("abcdefgh"), std::string::npos) << "the grader saw the stop string: " << response;
    }
  }
  EXPECT_LT(job.RlRows().front().at("response/truncated_fraction").get<double>(), 0.9);
}

// With an adapter on the output projection, too, which is tied to the embedding in the folder.
TEST_F(CheckpointJob, TheMergedModelIsWrittenWhenAskedForAndChangesNothing) {
  const std::string targets = "policy.lora.target_modules=[q_proj, lm_head]";
  TinyJob adapters("checkpoint", {targets}), merged("checkpoint", {targets, "policy.lora.write_merged=true"});
  ASSERT_TRUE(LoadHfConfig(folder_ / "model").tie_embeddings);
  for (TinyJob* job : {&adapters, &merged}) {
    job->config = folder_ / "job.yaml";
    ASSERT_EQ(job->Run(4), 0);
  }
  for (const char* stage : {"/sft", "/main"}) {
    const std::string adapter = Written(adapters.folder() + stage), model = Written(merged.folder() + stage);
    EXPECT_TRUE(Flat(model).equal(Flat(adapter))) << stage;
    EXPECT_EQ(ReadBytes(model + "/adapter/adapter_model.safetensors"), ReadBytes(adapter + "/adapter_model.safetensors")) << stage;
    EXPECT_EQ(ReadBytes(model + "/adapter/adapter_config.json"), ReadBytes(adapter + "/adapter_config.json")) << stage;
    EXPECT_FALSE(LoadHfConfig(adapter).tie_embeddings);
    EXPECT_FALSE(LoadHfModel(model).output_weight().equal(LoadHfModel(model).parameters().front().second)) << "they have parted";
  }
}

// RL on the folder's own model: nothing of it is copied, at the start or into a checkpoint.
TEST_F(CheckpointJob, NothingOfTheBaseIsWrittenAndAStoppedRunGoesOnToTheSameAdapter) {
  const std::vector<std::string> rl = {"stages=[rl]", "rl.kl.coef=0.1", "checkpoint.every=1"};
  TinyJob unbroken("checkpoint", rl), stopped("checkpoint", rl);
  unbroken.config = stopped.config = folder_ / "job.yaml";
  ASSERT_EQ(unbroken.Run(4), 0);
  const auto process = stopped.StartLaunch();
  ASSERT_TRUE(stopped.HoldAtRlStep(0));
  process->Signal(SIGTERM);
  stopped.Release();
  ASSERT_EQ(stopped.Finish(process.get()), 85);
  ASSERT_EQ(stopped.Run(4), 0);
  EXPECT_EQ(ReadBytes(Written(stopped.folder() + "/main") + "/adapter_model.safetensors"),
            ReadBytes(Written(unbroken.folder() + "/main") + "/adapter_model.safetensors"));
  for (const auto& entry : fs::recursive_directory_iterator(stopped.folder())) {
    const std::string name = entry.path().filename();
    EXPECT_NE(name, "model.safetensors") << entry.path();
    if (!name.ends_with(".safetensors")) continue;
    EXPECT_LT(fs::file_size(entry.path()), fs::file_size(folder_ / "model/model.safetensors")) << entry.path();
  }
}

TEST_F(CheckpointJob, AnAdapterIsEvaluatedOnItsBaseAndNeverAdaptedItself) {
  TinyJob job("checkpoint", {"stages=[rl]"});
  job.config = folder_ / "job.yaml";
  ASSERT_EQ(job.Run(4), 0);
  const std::string adapter = Written(job.folder() + "/main");
  TinyJob evaluated("evaluated", {"stages=[eval]", "policy.lora.rank=0", "policy.path=" + adapter, "data.eval_fraction=0.5"});
  evaluated.config = folder_ / "job.yaml";
  EXPECT_EQ(evaluated.Run(4), 0) << evaluated.output();
  TinyJob adapted("adapted", {"stages=[rl]", "policy.path=" + adapter});
  adapted.config = folder_ / "job.yaml";
  EXPECT_EQ(adapted.Run(4), 78);
  EXPECT_NE(adapted.output().find("temper convert --model " + adapter), std::string::npos) << adapted.output();
}

}  // namespace
}  // namespace temper::testing
