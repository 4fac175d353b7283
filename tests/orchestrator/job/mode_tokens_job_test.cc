// A whole job with mode tokens on the built-in world, in this process: SFT teaches them, RL keeps them under a gate, the sweep reads them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "evaluation/gate_sweep.h"
#include "orchestrator/job/in_process_job.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/tokenizer/tokenizer.h"
#include "record/eval_files.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class ModeTokensJob : public testing::Test {
 protected:
  JobEnd Run(const std::string& name, std::vector<std::string> overrides) {
    overrides.insert(overrides.begin(), {"run.dir=" + folder_.path(), "run.name=" + name, "sft.steps=120", "rl.steps=2",
                                         "policy.mode_tokens=[direct, safe_complete, redirect]",
                                         "cluster.weight_folder=" + folder_.path() + "/weights", "monitor.progress=none"});
    return RunInProcess(LoadExperiment(TEMPER_SOURCE_DIR "/tests/cluster_of_processes/tiny.yaml", overrides), "auto");
  }
  std::string Read(const std::string& file) const { return ReadFile(folder_.path() + "/" + file); }
  json Sweep(const std::string& name) const { return json::parse(Read(name + "/main/eval/dev.gate_sweep.json")); }
  static double Share(const json& point, const std::string& token) { return point.at("shares").at(token).get<double>(); }

  const TempFolder folder_;
};

TEST_F(ModeTokensJob, TeachesTheTokensAndDrawsTheCurveFromOnePassAPrompt) {
  const TempFolder& folder = folder_;
  EXPECT_EQ(Run("job", {"eval.gate_sweep=true", "eval.samples_per_prompt=1"}).exit_code, kExitDone);

  // The exported folder has the tokens, and its model their rows.
  const std::string weights = folder / "job/main/weights/step_2";
  const auto tokenizer = LoadTokenizer(weights);
  const int32_t redirect = tokenizer->IdOf("[redirect]");
  EXPECT_EQ(redirect, tokenizer->vocab_size() - 1);
  EXPECT_EQ(LoadHfConfig(weights).vocab_size, tokenizer->vocab_size());

  // Graders saw no token.
  for (const EvalSample& sample : ReadEvalSamples(folder / "job/main/eval/dev.jsonl")) {
    EXPECT_THAT(sample.response, Not(HasSubstr("[direct]")));
    EXPECT_THAT(sample.response, Not(HasSubstr("[redirect]")));
  }

  // One answer from each of three tokens to each of 12 prompts; SFT taught that answers begin with one.
  const json sweep = Sweep("job");
  EXPECT_EQ(sweep.at("prompts"), 12);
  EXPECT_EQ(sweep.at("answers"), 36);
  const json& open = sweep.at("ungated");
  EXPECT_NEAR(Share(open, "direct") + Share(open, "safe_complete") + Share(open, "redirect"), 1, 1e-9);
  EXPECT_GT(sweep.at("marked"), 0.5) << "demonstrations that the grader calls off topic have no token";
  double last = 2;
  for (const json& point : sweep.at("points")) {
    if (point.at("token") != "redirect") continue;
    EXPECT_LE(Share(point, "redirect"), last);
    last = Share(point, "redirect");
  }
  EXPECT_EQ(last, 0) << "the last threshold means never";
}

// The log-probability of a token that the gate always gives is 0, and the job trains all the same.
TEST_F(ModeTokensJob, TrainsUnderAGate) {
  const std::string gate = "rollout.first_token_gate=[{token: direct, threshold: 0}]";
  EXPECT_EQ(Run("gated", {gate, "eval.gate_sweep=true", "eval.at_start=false"}).exit_code, kExitDone);
  std::istringstream rows(Read("gated/main/metrics.jsonl"));
  double furthest = 0;
  for (std::string line; std::getline(rows, line);) {
    const json row = json::parse(line);
    EXPECT_TRUE(std::isfinite(row.value("actor/loss", 0.0)));
    furthest = std::max(furthest, row.value("mismatch/logp_abs_mean", 0.0));
  }
  EXPECT_GT(furthest, 0) << "what the gate gives is not what the policy would have drawn: the correction must see it";
}

// A folder of a model: the job's copy has the tokens, the user's folder stays as it is, and a second start takes the copy as it is.
TEST_F(ModeTokensJob, GrowsACopyOfTheModelItStartsFrom) {
  const TempFolder& folder = folder_;
  EXPECT_EQ(Run("first", {"policy.mode_tokens=[]", "stages=[sft]"}).exit_code, kExitDone);
  const std::string base = folder / "first/sft/weights/step_120";
  const int64_t before = LoadHfConfig(base).vocab_size;
  const std::vector<std::string> overrides = {"policy.path=" + base, "stages=[sft, eval]", "eval.gate_sweep=true",
                                              "policy.token_words={direct: the, redirect: not, safe_complete: may}"};
  EXPECT_EQ(Run("second", overrides).exit_code, kExitDone);
  EXPECT_EQ(LoadHfConfig(base).vocab_size, before);
  EXPECT_EQ(LoadHfConfig(folder / "second/data/grown_model").vocab_size, before + 3);
  EXPECT_EQ(LoadHfConfig(folder / "second/sft/weights/step_120").vocab_size, before + 3);
  const std::string model = ReadFile(folder / "second/sft/weights/step_120/model.safetensors");
  EXPECT_EQ(Run("second", overrides).exit_code, kExitDone);
  EXPECT_EQ(ReadFile(folder / "second/sft/weights/step_120/model.safetensors"), model);
}

// An adapter trains the tokens through the output projection; PEFT's folder names the grown copy as its base.
TEST_F(ModeTokensJob, AdaptersLearnTheTokensThroughTheOutputProjection) {
  const TempFolder& folder = folder_;
  EXPECT_EQ(Run("first", {"policy.mode_tokens=[]", "stages=[sft]"}).exit_code, kExitDone);
  const std::vector<std::string> overrides = {
      "policy.path=" + (folder / "first/sft/weights/step_120"), "stages=[sft, eval]",   "eval.gate_sweep=true", "policy.lora.rank=8",
      "policy.lora.target_modules=[q_proj, v_proj, lm_head]",   "sft.optimizer.lr=1e-2"};
  EXPECT_EQ(Run("adapted", overrides).exit_code, kExitDone);
  const json adapter = json::parse(Read("adapted/sft/weights/step_120/adapter_config.json"));
  EXPECT_THAT(adapter.at("base_model_name_or_path").get<std::string>(), HasSubstr("data/grown_model"));
  const Transformer model = LoadHfModel(folder / "adapted/sft/weights/step_120");
  EXPECT_EQ(LoadTokenizer(folder / "adapted/sft/weights/step_120")->vocab_size(), model.config().vocab_size);
  EXPECT_GT(Sweep("adapted").at("marked"), 0.2) << "before SFT no answer began with a token";
}

}  // namespace
}  // namespace temper
