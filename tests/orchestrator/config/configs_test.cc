// Every configuration and policy spec that is shipped must load, and the reference must be what the schema says.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/launch/sweep.h"
#include "reward/compose/composer.h"
#include "reward/spec/policy_spec.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const fs::path kConfigs = fs::path(TEMPER_SOURCE_DIR) / "configs";

std::string Name(const fs::path& path) { return fs::relative(path, kConfigs).string(); }

enum class Kind { kExperiment, kPart, kPolicySpec };  // a part is one that experiments are composed of

Kind KindOf(const fs::path& path) {
  const std::string folder = path.parent_path().filename();
  return folder == "policies" ? Kind::kPolicySpec : folder == "models" || folder == "base" ? Kind::kPart : Kind::kExperiment;
}

// YAML files below configs/ of a kind, by name.
std::vector<fs::path> Shipped(Kind kind) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(kConfigs)) {
    if (entry.path().extension() != ".yaml" || Name(entry.path()) == "reference.yaml") continue;
    if (KindOf(entry.path()) == kind) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> Names(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(Name(path));
  return names;
}

void ExpectSameValues(const ResolvedConfig& read, const ResolvedConfig& written) {
  ASSERT_EQ(read.values.size(), written.values.size());
  for (size_t i = 0; i < read.values.size(); ++i) {
    EXPECT_EQ(read.values[i].key, written.values[i].key);
    EXPECT_EQ(read.values[i].value, written.values[i].value) << read.values[i].key;
  }
}

std::vector<std::string> ArmNames(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const Arm& arm : experiment.arms) names.push_back(arm.name);
  return names;
}

const Arm& ArmOf(const Experiment& experiment, const std::string& name) {
  const auto found = std::find_if(experiment.arms.begin(), experiment.arms.end(), [&](const Arm& arm) { return arm.name == name; });
  if (found == experiment.arms.end()) throw std::runtime_error("no arm " + name);
  return *found;
}

TEST(ShippedConfigs, EachLoadsWithItsPolicySpec) {
  const std::vector<fs::path> configs = Shipped(Kind::kExperiment);
  ASSERT_THAT(Names(configs), IsSupersetOf({"quickstart.yaml", "smoke.yaml", "experiments/async.yaml", "experiments/lagrangian.yaml",
                                            "experiments/open_safe_intent.yaml", "experiments/own_model.yaml",
                                            "experiments/safe_vs_refusal.yaml", "experiments/kl_sweep.yaml",
                                            "experiments/reward_designs.yaml", "methods/constructive.yaml", "methods/derta.yaml"}));
  for (const fs::path& path : configs) {
    SCOPED_TRACE(Name(path));
    try {
      const Experiment experiment = LoadExperiment(path.string(), {});
      EXPECT_FALSE(experiment.arms.empty());
      for (const Arm& arm : experiment.arms) {
        EXPECT_NO_THROW(MakeRewardComposer(arm.config.reward.composer)) << arm.name;
        EXPECT_FALSE(LoadPolicySpec(arm.config.reward.policy_spec).categories.empty()) << arm.name;
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

// A part laid over the smoke run is an experiment.
TEST(ShippedConfigs, EachPartComposesWithAnExperiment) {
  const std::vector<fs::path> parts = Shipped(Kind::kPart);
  ASSERT_THAT(Names(parts),
              IsSupersetOf({"base/two_arms.yaml", "models/llama_0.1m.yaml", "models/llama_0.5m.yaml", "models/llama_13m.yaml"}));
  const TempFolder folder;
  for (const fs::path& path : parts) {
    WriteBytes(folder / "job.yaml", "defaults: [\"" + (kConfigs / "smoke.yaml").string() + "\", \"" + path.string() + "\"]\n");
    EXPECT_NO_THROW(LoadExperiment(folder / "job.yaml", {})) << Name(path);
  }
}

// The number of parameters beside the embeddings is in the name of a model.
TEST(ShippedConfigs, ModelsHaveTheSizeOfTheirName) {
  for (const auto& [name, millions] : std::map<std::string, double>{{"llama_0.1m", 0.1}, {"llama_0.5m", 0.43}, {"llama_13m", 13.1}}) {
    const std::string model = (kConfigs / "models" / (name + ".yaml")).string();
    const TempFolder folder;
    WriteBytes(folder / "job.yaml", "defaults: [\"" + (kConfigs / "smoke.yaml").string() + "\", \"" + model + "\"]\n");
    const TransformerConfig shape = ShapeFromScratch(LoadExperiment(folder / "job.yaml", {}).base.policy);
    const int64_t attention = shape.hidden_size * shape.head_dim * 2 * (shape.num_heads + shape.num_kv_heads);
    const int64_t mlp = 3 * shape.hidden_size * shape.intermediate_size;
    EXPECT_NEAR(static_cast<double>(shape.num_layers * (attention + mlp)) / 1e6, millions, 0.1 * millions) << name;
  }
}

TEST(ShippedConfigs, TheSweepIsEveryCombinationWithEverySeed) {
  const Sweep sweep = ExpandSweep((kConfigs / "experiments/kl_sweep.yaml").string(), {});
  ASSERT_EQ(sweep.runs.size(), 12U);
  EXPECT_EQ(sweep.runs[3].name, "coef_0.0-lr_1.0e-3-seed_1");
}

TEST(ExperimentConfig, TheBusListensWhereAWorkerCanBeTold) {
  const auto load = [](const std::string& endpoint) {
    return LoadExperiment((kConfigs / "smoke.yaml").string(), {"cluster.endpoint=\"" + endpoint + "\""}).base.cluster.endpoint;
  };
  EXPECT_EQ(LoadExperiment((kConfigs / "smoke.yaml").string(), {}).base.cluster.endpoint, "auto");
  for (const char* fine : {"auto", "tcp://127.0.0.1:*", "tcp://127.0.0.1:1", "tcp://10.1.2.3:65535", "tcp://eth0.7:*", "ipc:///tmp/bus"})
    EXPECT_EQ(load(fine), fine);
  for (const char* wrong : {"tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:99999",
                            "tcp://127.0.0.1:", "tcp://127.0.0.1:+1", "tcp://127.0.0.1", "tcp://:5555", "tcp://", "tcp://eth0;x:1",
                            "ipc://", "inproc://x", "Auto", ""}) {
    EXPECT_THROW(load(wrong), ConfigError) << wrong;
  }
}

TEST(ExperimentConfig, WhatSlurmIsAskedForCannotBreakTheScript) {
  const auto load = [](const std::string& override) { LoadExperiment((kConfigs / "smoke.yaml").string(), {override}); };
  EXPECT_NO_THROW(load("launch.slurm.directives=[--exclusive, --mail-type=END]"));
  for (const char* wrong :
       {"launch.slurm.partition=\"a b\"", "launch.slurm.time=\"1\\n#SBATCH --x\"", "launch.slurm.directives=[exclusive]",
        "launch.slurm.directives=[\"--x\\nrm\"]", "launch.slurm.warn_s=5", "launch.slurm.nodes=0", "launch.bind=socket"}) {
    EXPECT_THROW(load(wrong), ConfigError) << wrong;
  }
}

// What a dry run says of a smoke job with these overrides.
std::string ProblemOf(std::vector<std::string> overrides, const std::string& resume = "never") {
  try {
    CheckInputs(LoadExperiment((kConfigs / "smoke.yaml").string(), overrides), resume);
    return "none";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(StartChecks, ADryRunFindsWhatTheStartWouldRefuse) {
  const TempFolder folder;
  const std::string rows = folder / "rows.jsonl", model = folder / "model";
  WriteBytes(rows, "{}\n");
  const auto files = [&](const std::string& more) { return ProblemOf({"data.source=files", "data.path=" + rows, more}); };
  EXPECT_EQ(ProblemOf({}), "none");
  EXPECT_EQ(files("data.limit=0"), "none");
  EXPECT_THAT(ProblemOf({"eval.bootstrap_draws=99"}), HasSubstr("eval.bootstrap_draws: unknown key")) << "of an older Temper";
  EXPECT_EQ(files("data.path=/nonexistent/a.jsonl"), "/nonexistent/a.jsonl: no such file");
  EXPECT_EQ(files("data.demonstrations=/nonexistent/b.csv"), "/nonexistent/b.csv: no such file");
  EXPECT_EQ(files("data.eval={mine: /nonexistent/c.json}"), "/nonexistent/c.json: no such file");
  EXPECT_EQ(files("data.tokenizer=/nonexistent"), "data.tokenizer: there is no folder /nonexistent");
  EXPECT_EQ(ProblemOf({"policy.path=/nonexistent"}), "policy.path: there is no folder /nonexistent");
  fs::create_directories(model);
  WriteBytes(model + "/tokenizer.json", R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})");
  EXPECT_THAT(ProblemOf({"policy.path=" + model}), HasSubstr(model + "/config.json: cannot read"));
  WriteBytes(model + "/config.json", "{\"model_type\": \"gpt2\"}");
  EXPECT_THAT(ProblemOf({"policy.path=" + model}), HasSubstr("gpt2"));
  EXPECT_THAT(ProblemOf({"arms={a: {}, b: {policy.hidden_size: 96}}"}), HasSubstr("arms: b sets policy.hidden_size"));
  for (const char* taken : {"sft", "data", "logs", "configs", "tb", "traces", "slurm"})
    EXPECT_THAT(ProblemOf({Concat("arms={a: {}, ", taken, ": {rl.steps: 2}}")}), HasSubstr("is the name of a file or folder of every run"))
        << taken;
  for (const char* shared :
       {"learner.micro_batch_tokens: 512", "rollout.dtype: bf16", "monitor.cluster_log_s: 5", "reward.grader_timeout_s: 5"}) {
    EXPECT_THAT(ProblemOf({Concat("arms={a: {}, b: {", shared, "}}")}), HasSubstr("which all arms of a job share")) << shared;
    EXPECT_THAT(ProblemOf({Concat("arms={a: {", shared, "}}")}), HasSubstr("which all arms of a job share")) << shared;
  }
  EXPECT_THAT(ProblemOf({"cluster.lease_s=60", "reward.grader_timeout_s=60"}),
              HasSubstr("reward.grader_timeout_s must be below cluster.lease_s"));
  EXPECT_EQ(ProblemOf({"cluster.lease_s=60", "reward.grader_timeout_s=59"}), "none");
  EXPECT_THAT(ProblemOf({"eval.sets=[dev, held_out_topics, dev]"}), HasSubstr("eval.sets must not name a set twice"));
  EXPECT_THAT(ProblemOf({"cluster.heartbeat_s=6", "cluster.peer_timeout_s=10"}), HasSubstr("at most half of cluster.peer_timeout_s"));
  EXPECT_THAT(ProblemOf({}, "nevr"), HasSubstr("--resume nevr: no checkpoint there"));
  EXPECT_THAT(ProblemOf({}, "/nonexistent"), HasSubstr("--resume /nonexistent: no checkpoint there"));
}

// Each of them is a key of the schema, or the beginning of keys.
TEST(StartChecks, WhatArmsShareAreSettings) {
  const std::string grader = "{name: a, type: rule, policy_spec: " + (kConfigs / "policies/apothecary.yaml").string() + "}";
  const ResolvedConfig resolved = LoadExperiment((kConfigs / "smoke.yaml").string(), {"reward.graders=[" + grader + "]"}).resolved;
  for (std::string_view shared : kSharedByArms) {
    const auto is_meant = [shared](const ResolvedValue& value) {
      return shared.ends_with('*') ? value.key.starts_with(shared.substr(0, shared.size() - 1)) : value.key == shared;
    };
    EXPECT_TRUE(std::any_of(resolved.values.begin(), resolved.values.end(), is_meant)) << shared;
  }
  EXPECT_TRUE(IsSharedByArms("policy.hidden_size"));
  EXPECT_TRUE(IsSharedByArms("reward.graders.0.name"));
  EXPECT_FALSE(IsSharedByArms("reward.composer"));
  EXPECT_FALSE(IsSharedByArms("policy_x"));
}

TEST(StartChecks, ACheckpointMustBeOfThisRunAndOfAStageThatGoesOn) {
  const TempFolder folder;
  const auto checkpoint = [&](const std::string& stage) {
    const std::string path = folder / stage + "/checkpoints/step_3";
    fs::create_directories(path);
    WriteBytes(path + "/state.json", "{}");
    return path;
  };
  const std::vector<std::string> run = {"run.dir=" + (folder / "."), "run.name=mine", "rl.steps=7", "arms={a: {}, b: {rl.steps: 9}}"};
  for (const char* stage : {"mine/sft", "mine/a", "mine/b", "mine/b/sft"}) EXPECT_EQ(ProblemOf(run, checkpoint(stage)), "none") << stage;
  const std::string linked = folder / "link";
  fs::create_directory_symlink(folder / "mine", linked);
  EXPECT_EQ(ProblemOf(run, linked + "/./a/checkpoints/../checkpoints/step_3"), "none");
  for (const char* stage : {"other/a", "mine/c", "mine"})
    EXPECT_THAT(ProblemOf(run, checkpoint(stage)), HasSubstr("not a checkpoint of this run")) << stage;
  fs::create_directories(folder / "mine/b/weights/step_9");
  WriteBytes(folder / "mine/b/weights/step_9/config.json", "{}");
  EXPECT_THAT(ProblemOf(run, folder / "mine/b/checkpoints/step_3"), HasSubstr("this stage is finished"));
  EXPECT_EQ(ProblemOf(run, folder / "mine/a/checkpoints/step_3"), "none");
}

TEST(Arms, ShareAStartOnlyWhereTheyComeToItAlike) {
  const auto arms = [](const std::string& b) {
    return LoadExperiment((kConfigs / "smoke.yaml").string(), {Concat("arms={a: {}, b: {", b, "}}")}).arms;
  };
  for (const char* change : {"stages: [rl, eval]", "sft.steps: 3", "data.world.demonstrations: 300"})
    EXPECT_NE(arms(change)[0].sft_signature, arms(change)[1].sft_signature) << change;
  for (const char* change : {"rollout.max_new_tokens: 9", "eval.temperature: 0.5", "eval.at_start: false"}) {
    EXPECT_EQ(arms(change)[0].sft_signature, arms(change)[1].sft_signature) << change;
    EXPECT_NE(arms(change)[0].eval_signature, arms(change)[1].eval_signature) << change;
  }
  for (const char* change : {"rl.kl.coef: 0", "reward.composer: weighted", "data.columns.label: label_strict"}) {
    EXPECT_EQ(arms(change)[0].sft_signature, arms(change)[1].sft_signature) << change;
    EXPECT_EQ(arms(change)[0].eval_signature, arms(change)[1].eval_signature) << change;
  }
}

// What a run folder keeps as configs/resolved.yaml must be the whole truth: read alone it is the same experiment.
TEST(ShippedConfigs, TheResolvedFormOfEachArmReadsBackToTheSame) {
  const TempFolder folder;
  for (const fs::path& path : Shipped(Kind::kExperiment)) {
    for (const Arm& arm : LoadExperiment(path.string(), {}).arms) {
      SCOPED_TRACE(Name(path) + " arm " + arm.name);
      WriteBytes(folder / "resolved.yaml", arm.resolved.ToYaml());
      const Experiment again = LoadExperiment(folder / "resolved.yaml", {});
      const auto& values = again.resolved.values;
      ASSERT_EQ(values.size(), arm.resolved.values.size());
      for (size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(values[i].key, arm.resolved.values[i].key);
        EXPECT_EQ(values[i].value, arm.resolved.values[i].value) << values[i].key;
      }
      ExpectSameValues(ReadResolved(folder / "resolved.yaml"), arm.resolved);
    }
  }
}

// A run folder may not say of a model from a folder that it has the built-in one's shape.
TEST(ShippedConfigs, SettingsWithoutAPartAreLeftOutOfTheResolvedForm) {
  const auto resolved = [](std::vector<std::string> overrides) {
    overrides.insert(overrides.begin(), "arms=null");
    return LoadExperiment((kConfigs / "smoke.yaml").string(), overrides).resolved;
  };
  const auto keys = [](const ResolvedConfig& config, const std::string& begin) {
    std::vector<std::string> found;
    for (const ResolvedValue& value : config.values)
      if (value.key.starts_with(begin)) found.push_back(value.key);
    return found;
  };
  const ResolvedConfig scratch = resolved({});
  EXPECT_THAT(keys(scratch, "policy."), Contains("policy.hidden_size"));
  EXPECT_THAT(keys(scratch, "data.world."), Not(IsEmpty()));
  EXPECT_THAT(keys(scratch, "sft."), Not(IsEmpty()));
  const ResolvedConfig folder =
      resolved({"policy.path=/models/m", "policy.hidden_size=96", "data.source=files", "data.path=/p.jsonl", "stages=[rl]"});
  for (const std::string& key : keys(folder, "policy."))
    EXPECT_THAT(key, AnyOf("policy.path", "policy.skip_tensors", "policy.dtype", HasSubstr("token"), StartsWith("policy.lora.")));
  EXPECT_THAT(keys(folder, "data.world."), IsEmpty());
  EXPECT_THAT(keys(folder, "sft."), IsEmpty());
  EXPECT_THAT(folder.ToYaml(), HasSubstr("  # model_type to initializer_range: as the folder of path has them\n"));
  // They are read all the same: a mistake in them stays one.
  EXPECT_THROW(resolved({"policy.path=/models/m", "policy.hidden_size=many"}), ConfigError);
}

TEST(ShippedConfigs, TextsListsAndMapsReadBackWithoutTheSchema) {
  const TempFolder folder;
  WriteBytes(folder / "words.jsonl", "");
  const Experiment experiment = LoadExperiment((kConfigs / "smoke.yaml").string(),
                                               {"data.columns.response=\"a: b # c\\n'd'\"", "rollout.stop=[\"1\", \"x, y\", \"- z\"]",
                                                "data.eval={dev: " + (folder / "words.jsonl") + "}", "reward.cost_limits={safety: 0.25}",
                                                "run.name=\"7\"", "seeds=[3, 4]", "data.prompt_template=\"\""});
  WriteBytes(folder / "resolved.yaml", experiment.resolved.ToYaml());
  ExpectSameValues(ReadResolved(folder / "resolved.yaml"), experiment.resolved);
}

// A control costs the time of its own arm and of the one it is compared with, not of everything that the quickstart compares.
TEST(ShippedConfigs, AControlRunsItsOwnArmBesideTheRewardItAlters) {
  for (const std::string control : {"s_inverted", "s_one", "h_one"}) {
    const Experiment experiment = LoadExperiment((kConfigs / "experiments/controls" / (control + ".yaml")).string(), {});
    EXPECT_THAT(ArmNames(experiment), ::testing::ElementsAre("safe_completion", control));
    const ComposerOptions& plain = ArmOf(experiment, "safe_completion").config.reward.composer;
    const ComposerOptions& altered = ArmOf(experiment, control).config.reward.composer;
    EXPECT_EQ(altered.type, plain.type);
    EXPECT_TRUE(plain.safety_control == SafetyControl::kNone && plain.helpfulness_control == HelpfulnessControl::kNone);
    EXPECT_TRUE(altered.safety_control != SafetyControl::kNone || altered.helpfulness_control != HelpfulnessControl::kNone);
  }
}

TEST(ShippedConfigs, TenseTrainsOnPastRowsBesideAControlWithout) {
  const Experiment experiment = LoadExperiment((kConfigs / "methods/tense.yaml").string(), {});
  EXPECT_THAT(ArmNames(experiment), ::testing::ElementsAre("without", "with_past"));
  EXPECT_EQ(ArmOf(experiment, "without").config.data.transforms.at(0).share, 0);
  const TransformEntry& past = ArmOf(experiment, "with_past").config.data.transforms.at(0);
  EXPECT_STREQ(past.type->name, "world_past");
  EXPECT_TRUE(past.share >= 0.02 && past.share <= 0.1) << past.share;
  EXPECT_THAT(EvalSetNames(experiment.base.data), Contains("held_out_topics_world_past"));
}

// Two configs of one name would write into one folder.
TEST(ShippedConfigs, NoTwoShareARunFolder) {
  std::set<std::string> names;
  for (const fs::path& path : Shipped(Kind::kExperiment)) {
    const std::string name = LoadExperiment(path.string(), {}).base.run.name;
    EXPECT_TRUE(names.insert(name).second) << Name(path) << ": run.name " << name << " is another config's too";
  }
}

TEST(ShippedConfigs, PolicySpecsLoad) {
  const std::vector<fs::path> specs = Shipped(Kind::kPolicySpec);
  ASSERT_THAT(Names(specs), IsSupersetOf({"policies/apothecary.yaml", "policies/open_safe_intent.yaml"}));
  for (const fs::path& path : specs) {
    const PolicySpec spec = LoadPolicySpec(path.string());
    EXPECT_EQ(spec.id, path.stem().string());
    EXPECT_FALSE(spec.categories.empty()) << Name(path);
  }
}

TEST(ShippedConfigs, ReferenceIsWrittenFromTheSchema) {
  ExperimentConfig config;
  const std::string generated = ReferenceYaml([&](ConfigFields& fields) { Describe(config, fields); });
  std::ifstream file(kConfigs / "reference.yaml", std::ios::binary);
  ASSERT_TRUE(file.good()) << "configs/reference.yaml is missing: ./dev reference";
  std::istringstream expected(generated);
  std::string line, wanted;
  for (int number = 1; std::getline(expected, wanted); ++number) {
    ASSERT_TRUE(std::getline(file, line)) << "configs/reference.yaml ends before line " << number << ": ./dev reference";
    ASSERT_EQ(line, wanted) << "configs/reference.yaml:" << number << " is out of date: ./dev reference";
  }
  EXPECT_FALSE(std::getline(file, line)) << "configs/reference.yaml goes on after its end: ./dev reference";
}

TEST(ShippedConfigs, QuickstartComparesTwoArmsFromOneSft) {
  const Experiment experiment = LoadExperiment((kConfigs / "quickstart.yaml").string(), {});
  ASSERT_THAT(ArmNames(experiment), ::testing::ElementsAre("safe_completion", "refusal"));
  EXPECT_EQ(experiment.arms[0].sft_signature, experiment.arms[1].sft_signature);
  EXPECT_EQ(experiment.arms[0].config.reward.composer.type->name, std::string("safe_completion"));
  EXPECT_EQ(experiment.arms[1].config.reward.composer.type->name, std::string("refusal_baseline"));
}

TEST(ShippedConfigs, SafeVersusRefusalAddsAPerfectLabelerFromTheSameSft) {
  const Experiment experiment = LoadExperiment((kConfigs / "experiments/safe_vs_refusal.yaml").string(), {});
  ASSERT_THAT(ArmNames(experiment), AllOf(SizeIs(3), IsSupersetOf({"safe_completion", "refusal", "refusal_strict"})));
  const Arm& strict = ArmOf(experiment, "refusal_strict");
  EXPECT_EQ(strict.config.data.columns.label, "label_strict");
  EXPECT_EQ(strict.config.reward.composer.type->name, std::string("refusal_baseline"));
  for (const Arm& arm : experiment.arms) EXPECT_EQ(arm.sft_signature, strict.sft_signature) << arm.name;
}

TEST(ShippedConfigs, OpenSafeIntentTakesItsFileFromTheCommandLine) {
  const std::string path = (kConfigs / "experiments/open_safe_intent.yaml").string();
  const Experiment experiment = LoadExperiment(path, {"data.path=/somewhere/triplets.jsonl"});
  const DataConfig& data = experiment.base.data;
  EXPECT_EQ(data.path, "/somewhere/triplets.jsonl");
  EXPECT_EQ(data.source, DataSource::kFiles);
  EXPECT_EQ(data.columns.prompts_by_intent.at("dual_use"), "prompt_dual_use");
  // The longest prompt and the longest completion must fit the model: a byte is a token.
  EXPECT_LE(data.max_prompt_tokens + experiment.base.rollout.sampling.max_new_tokens, experiment.base.policy.shape.max_positions);
}

TEST(ShippedConfigs, AnOwnModelIsNotTrainedAtTheRatesOfATinyOne) {
  const std::string path = (kConfigs / "experiments/own_model.yaml").string();
  const ExperimentConfig config = LoadExperiment(path, {"policy.path=/somewhere/model", "data.path=/somewhere/prompts.csv"}).base;
  EXPECT_EQ(config.policy.path, "/somewhere/model");
  EXPECT_TRUE(config.policy.lora.enabled());
  EXPECT_LE(config.rl.optimizer.lr, 1e-5);
  EXPECT_GE(config.rollout.sampling.max_new_tokens, 512);
  EXPECT_EQ(config.data.prompt_template, "{prompt}");  // a chat template puts it into the user's message
}

TEST(ShippedConfigs, LagrangianAndAsyncAreWhatTheySay) {
  const Experiment lagrangian = LoadExperiment((kConfigs / "experiments/lagrangian.yaml").string(), {});
  const auto composer = MakeRewardComposer(ArmOf(lagrangian, "lagrangian").config.reward.composer);
  EXPECT_THAT(composer->constraint_names(), ::testing::ElementsAre("over_refusal", "safety"));
  const Experiment async = LoadExperiment((kConfigs / "experiments/async.yaml").string(), {});
  EXPECT_EQ(async.base.rl.max_staleness, 1);
  EXPECT_FALSE(async.base.run.deterministic);
  EXPECT_GT(async.base.rl.loss.tis_cap, 0);
}

}  // namespace
}  // namespace temper
