// What the commands say of folders and files that are not what they are taken for: at once, with exit code 78.
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/tokenizer/tokenizer.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliMessages : public ::testing::Test {
 protected:
  // The exit code; output and errors are in output().
  int Run(const std::string& arguments) const {
    const std::string command = Concat(TEMPER_BINARY, " ", arguments, " > ", scratch_ / "output", " 2>&1");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void Refused(const std::string& arguments, const std::string& why) const {
    EXPECT_EQ(Run(arguments), kExitConfig) << arguments << "\n" << output();
    EXPECT_THAT(output(), HasSubstr(why)) << arguments;
  }
  std::string output() const { return ReadBytes(scratch_ / "output"); }
  // A folder that looks like a finished run of two arms.
  std::string MakeRun() const {
    const std::string run = scratch_ / "run";
    for (const char* arm : {"one", "two"}) std::filesystem::create_directories(Concat(run, "/", arm, "/journal"));
    WriteBytes(run + "/run.json", R"({"format": 2, "name": "run", "seed": 1, "arms": [{"name": "one"}, {"name": "two"}]})");
    WriteBytes(run + "/status.json", R"({"run": "run", "state": "done"})");
    return run;
  }
  const std::string smoke_ = std::string(TEMPER_SOURCE_DIR) + "/configs/smoke.yaml";
  TempFolder scratch_;
};

TEST_F(CliMessages, WatchWantsARunAndAnArmOfIt) {
  Refused("watch " + scratch_.path(), "is this a run's folder");
  Refused("watch /nonexistent --once", "is this a run's folder");
  const std::string run = MakeRun();
  Refused("watch --once --arm nope " + run, "--arm nope: the run has one, two");
  EXPECT_EQ(Run("watch --once --arm two " + run), kExitDone) << output();
}

TEST_F(CliMessages, WatchOfAFinishedRunSaysThatNothingComes) {
  const Stopwatch watch;
  EXPECT_EQ(Run("watch " + MakeRun()), kExitDone) << output();
  EXPECT_THAT(output(), HasSubstr("; nothing more comes (--all shows the transcripts that are there)\n"));
  EXPECT_EQ(Run("watch --all " + scratch_.path() + "/run"), kExitDone) << output();
  EXPECT_THAT(output(), HasSubstr("; nothing more comes\n"));
  EXPECT_LT(watch.Seconds(), 30);
}

TEST_F(CliMessages, GradeRefusesACategoryThatThePolicySpecDoesNotHave) {
  const std::string answers = scratch_ / "answers.jsonl";
  const std::string policy = Concat("grade --policy ", TEMPER_SOURCE_DIR, "/configs/policies/");
  const std::string row = R"({"prompt": "x", "response": "y", "category": "Fraud and Deception"})";
  WriteBytes(answers, row + "\n\n" + R"({"prompt": "x", "response": "y", "category": "fraud"})" + "\n");
  Refused(policy + "open_safe_intent.yaml " + answers, answers + ":3: there is no category fraud in the policy spec; known: ");
  EXPECT_THAT(output(), HasSubstr(", Fraud and Deception, "));
  EXPECT_THAT(output(), HasSubstr("\"outcome\""));  // what comes before is graded
  WriteBytes(answers, R"({"prompt": "x", "response": "y"})");
  EXPECT_EQ(Run(policy + "apothecary.yaml " + answers), kExitDone) << output();  // a prompt of the world names its own
}

TEST_F(CliMessages, AWorkerDoesNotWaitForAFolderThatIsNotThere) {
  const Stopwatch watch;
  Refused("worker --role reward --connect /nonexistent", "--connect /nonexistent: there is no such run folder");
  EXPECT_LT(watch.Seconds(), 30);
}

TEST_F(CliMessages, AFolderIsNoConfigAndNoJournal) {
  Refused("launch " + scratch_.path(), " is a folder; give a YAML file");
  const std::string run = MakeRun();
  Refused("journal " + run, "no journal there\n");
  WriteBytes(run + "/two/journal/journal.bin", "x");
  Refused("journal " + run, "no journal there; each arm has its own: " + run + "/two\n");
}

TEST_F(CliMessages, OutputsThatCannotBeWrittenAreNamed) {
  WriteBytes(scratch_ / "file", "x");
  Refused(Concat("report ", MakeRun(), " -o ", scratch_ / "file/below"), "-o " + (scratch_ / "file/below") + ": cannot be written: ");
  std::filesystem::create_directories(scratch_ / "empty");
  Refused("index " + (scratch_ / "empty"), "no run there");
}

TEST_F(CliMessages, ADryRunShowsWhichRankIsWhat) {
  ASSERT_EQ(Run("launch --dry-run --np 5 " + smoke_), kExitDone) << output();
  EXPECT_THAT(output(), HasSubstr("  rank 0  orchestrator  on "));
  EXPECT_THAT(output(), HasSubstr("  rank 4  reward 0  on "));
  for (const char* command : {"launch", "launch slurm", "launch mpirun", "train", "eval --model /nonexistent"})
    Refused(Concat(command, " --dry-run ", smoke_, " policy.path=/nonexistent"), "policy.path: there is no folder /nonexistent");
  Refused("launch --dry-run --resume nevr " + smoke_, "--resume nevr: no checkpoint there");
}

TEST_F(CliMessages, AnOverrideThatArmsBeatIsSaidOrRefused) {
  for (const char* command : {"train --dry-run ", "launch --dry-run ", "launch "}) {
    Refused(Concat(command, smoke_, " reward.composer=weighted run.dir=", scratch_ / "runs"),
            "override \"reward.composer=weighted\" would change nothing: every arm has a reward.composer of its own: "
            "safe_completion (safe_completion), refusal (refusal_baseline)");
  }
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "runs"));
  EXPECT_EQ(Run(Concat("train --dry-run ", smoke_, " reward.composer=weighted arms=null")), kExitDone) << output();
  const std::string config = scratch_ / "job.yaml";
  WriteBytes(config, Concat("defaults: [\"", smoke_, "\"]\narms: {own: {rl.steps: 3}, other: {reward.composer: weighted}}\n"));
  for (const char* command : {"train --dry-run ", "launch --dry-run "}) {
    EXPECT_EQ(Run(command + config + " rl.steps=5"), kExitDone) << output();
    EXPECT_THAT(output(), HasSubstr("temper: override \"rl.steps=5\" does not count in arms with a rl.steps of their own: own (3)\n"));
    EXPECT_EQ(Run(command + config + " rl.steps=3"), kExitDone) << output();
    EXPECT_THAT(output(), Not(HasSubstr("does not count")));
  }
}

// What a job would find out only once its ranks have started.
TEST_F(CliMessages, ADryRunReadsTheRowsOfTheData) {
  const std::string data = scratch_ / "prompts.jsonl";
  const std::string options = Concat(" --dry-run ", smoke_, " arms=null stages=[rl] data.source=files data.path=", data);
  const std::string good = R"({"prompt": "entry crimson bloom", "category": "fire", "intent": "benign"})";
  for (const char* command : {"train", "launch", "launch slurm"}) {
    WriteBytes(data, good + "\n" + R"({"text": "no such column"})" + "\n");
    Refused(command + options, data + ":2: ");
    WriteBytes(data, good + "\n" + R"({"prompt": "x", "category": "no such category", "intent": "benign"})" + "\n");
    Refused(command + options, "no such category");
  }
}

TEST_F(CliMessages, ADryRunReadsTheHeadersOfTheWeights) {
  const std::string model = scratch_ / "model";
  TransformerConfig config;
  config.vocab_size = ParseTokenizer(ByteLevelTokenizerJson())->vocab_size();
  config.hidden_size = config.intermediate_size = 4;
  config.num_layers = config.num_heads = config.num_kv_heads = 1;
  config.head_dim = 4;
  config.max_positions = 512;
  config.tie_embeddings = false;
  config.bos_id = 1;
  config.eos_ids = {2};
  SaveHfModel(Transformer(config), {.tokenizer_json = ByteLevelTokenizerJson()}, model);
  const std::string options = Concat(" --dry-run ", smoke_, " policy.path=", model);
  ASSERT_EQ(Run("train" + options), kExitDone) << output();
  auto json = nlohmann::json::parse(ReadBytes(model + "/config.json"));
  json["intermediate_size"] = 8;
  WriteBytes(model + "/config.json", json.dump());
  for (const char* command : {"train", "launch"}) Refused(command + options, "mlp.");
}

// A wrong setting costs a moment: no rank has started, and there is no folder of a run.
TEST_F(CliMessages, WrongSettingsAreFoundBeforeAnythingIsStarted) {
  const std::string config = scratch_ / "job.yaml";
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"rollout: {min_new_tokens: 100}", ":4:27: rollout.min_new_tokens: min_new_tokens must be at most max_new_tokens"},
      {"rl: {max_resampled_per_step: 2000000}", ":4:30: rl.max_resampled_per_step: 2000000 is out of range"},
      {"rl: {dual_clip: 0.5}", ":4:17: rl.dual_clip must be 0 (off) or above 1"},
      {"data: {world: {permitted_dual_use: 0.9}}", ":4:36: data.world.permitted_dual_use: 0.9 is out of range; allowed: 0 to 0.375"},
      {"policy: {hidden_size: 127}", ":4:23: policy.hidden_size: policy.head_dim, or where it is 0 policy.hidden_size / policy.num_heads"},
      {"policy: {head_dim: 3}", ":4:20: policy.head_dim, or where it is 0"},
      {"eval: {sets: [dve]}", ":4:14: eval.sets must name sets that the data has"},
      {"policy: {max_positions: 10}", ":4:25: policy.max_positions must be above rollout.max_new_tokens"},
      {"cluster: {learners: 9223372036854775807}", ":4:21: cluster.learners: 9223372036854775807 is out of range"},
      {"policy: {hidden_size: 1000000000000}", ":4:23: policy.hidden_size: 1000000000000 is out of range"}};
  for (const auto& [setting, problem] : settings) {
    WriteBytes(config, Concat("defaults: [\"", smoke_, "\"]\nrun: {dir: \"", scratch_ / "runs", "\"}\narms: null\n", setting, "\n"));
    for (const char* command : {"launch --dry-run ", "launch "}) {
      const Stopwatch watch;
      Refused(command + config, config + problem);
      EXPECT_LT(watch.Seconds(), 10) << "half a second on an idle machine";
    }
  }
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "runs"));
}

}  // namespace
}  // namespace temper
