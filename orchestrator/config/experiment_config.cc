#include "orchestrator/config/experiment_config.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "cluster/base/error.h"
#include "orchestrator/config/during_figures.h"
#include "orchestrator/config/names.h"
#include "orchestrator/config/role_layout.h"
#include "record/run_paths.h"
#include "reward/grade/grade.h"
#include "reward/graders/rule_grader.h"
#include "reward/spec/policy_spec.h"

namespace temper {
namespace {

constexpr IntRange kSeeds{0};

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += Concat(text.empty() ? "" : ", ", word);
  return text;
}

void Describe(RunConfig& c, ConfigFields& f) {
  f.String("name", &c.name, "name of the run; its folder is <dir>/<name> ([A-Za-z0-9._-], at most 64 characters)");
  f.Int("seed", &c.seed, kSeeds, "keys every random number of the run");
  f.String("dir", &c.dir, "folder that holds the runs, relative to where temper is started");
  f.Bool("deterministic", &c.deterministic,
         "same config, same bits, for any number of rollout and reward workers; needs rl.max_staleness 0");
  f.Rule([&c] { return IsName(c.name); }, Concat("run.name must be ", kNameRule));
  f.Rule([&c] { return FirstTaken({c.name}, RunsPaths::TakenNames()).empty() && !IsSetAside(c.name); },
         Concat("run.name must not be one of ", Joined(RunsPaths::TakenNames()),
                ", which lie beside the runs, nor have .old- in it, which --resume never appends"));
}

// The rules of the names of arms, which are folders in that of the run.
void DescribeArmNames(const ExperimentConfig& c, ConfigFields& f) {
  std::vector<std::string> names;
  for (const auto& [name, overrides] : c.arms) names.push_back(name);
  const std::string wrong = FirstNoName(names);
  f.Rule([wrong] { return wrong.empty(); }, Concat("arms must have names of ", kNameRule, ", not ", wrong));
  const std::string taken = FirstTaken(names, RunPaths::TakenNames());
  f.Rule([taken] { return taken.empty(); }, Concat("arms: ", taken, " is the name of a file or folder of every run; choose another name"));
}

bool AreStagesInOrder(const std::vector<std::string>& stages) {
  const std::vector<std::string> order = {"sft", "rl", "eval"};
  auto from = order.begin();
  for (const std::string& stage : stages) {
    const auto at = std::find(from, order.end(), stage);
    if (at == order.end()) return false;
    from = at + 1;
  }
  return !stages.empty();
}

// A column that a grader needs and reward.sees does not name; "" where there is none.
std::string UnseenColumn(const RewardConfig& reward) {
  for (const GraderEntry& entry : reward.graders) {
    if (entry.options == nullptr) continue;
    for (const std::string& column : ColumnsOf(entry))
      if (!reward.Sees(column)) return column;
  }
  return "";
}

void Describe(RewardConfig& c, ConfigFields& f) {
  f.Path("policy_spec", &c.policy_spec,
         "the content policy (configs/policies/*.yaml): its rule grader grades where reward.graders names none, its categories and "
         "demonstrations are the data's");
  f.Rule([&c] { return !c.policy_spec.empty() || !c.graders.empty(); },
         "reward.policy_spec must name a policy spec, e.g. configs/policies/apothecary.yaml, or reward.graders a grader");
  f.ListOf(
      "graders", "what grades the answers, several side by side; reward.safety and reward.helpfulness say how they combine",
      [&c](size_t index, ConfigFields& entry) {
        if (c.graders.size() <= index) c.graders.resize(index + 1);
        DescribeEntry(index, &c.graders[index], entry);
      },
      GraderTypes().types().size());
  f.Rule([&c] { return AreNamesUnique(c.graders); }, "reward.graders must give each grader a name of its own");
  f.Rule(
      [&c] {
        return c.graders.empty() ||
               std::any_of(c.graders.begin(), c.graders.end(), [](const auto& each) { return each.role == GraderRole::kReward; });
      },
      "reward.graders must have one with role: reward; monitors steer nothing");
  f.Rule(
      [&c] {
        return std::all_of(c.graders.begin(), c.graders.end(), [&](const auto& each) { return each.timeout_s <= c.grader_timeout_s; });
      },
      "reward.graders[].timeout_s must be at most reward.grader_timeout_s");
  Describe(c.combine, f);
  f.StringList("sees", &c.sees,
               "what of a prompt's row graders are told beside prompt, answer and category: intent, label (what people said of the "
               "request; the rule "
               "grader then takes a malicious request for a restricted one and a benign one for a permitted one, whatever its words are), "
               "and further "
               "columns of data.path by their names, such as a reference answer");
  const std::string unseen = UnseenColumn(c);
  f.Rule([unseen] { return unseen.empty(); },
         Concat("reward.sees must name every column that a grader of reward.graders reads", unseen.empty() ? "" : ", so also ", unseen));
  Describe(c.composer, f);
  f.Section("gold", "hidden probes of the graders while the policy trains (gold/*)", [&c](ConfigFields& s) { Describe(c.gold, s); });
  f.Section("noise", "experiments only: grades turned into their opposite", [&c](ConfigFields& s) { Describe(c.noise, s); });
  f.Real("max_failed_fraction", &c.max_failed_fraction, {0, 1}, "a step with more failed grades than this share ends the job");
  f.Real("grader_timeout_s", &c.grader_timeout_s, {0.001, 86400}, "answers that a grader has not graded after so long count as failed");
}

// The rule of the columns that `only` names: rows that have none of it would be graded by nobody, without a word.
void DescribeOnly(const ExperimentConfig& c, ConfigFields& f) {
  const ColumnMapping& columns = c.data.columns;
  const auto lacks = [&](const std::string& column) {
    if (c.data.source == DataSource::kWorld) return false;
    if (column == "intent") return columns.intent.empty() && columns.prompts_by_intent.empty();
    return (column == "label" && columns.label.empty()) || (column == "category" && columns.category.empty());
  };
  std::string key = "reward.graders[].only", lacking;
  for (size_t i = 0; i < c.reward.graders.size() && lacking.empty(); ++i) {
    for (const RowCondition& condition : ParseRowConditions(c.reward.graders[i].only)) {
      if (!lacks(condition.column)) continue;
      key = Concat("reward.graders.", i, ".only");
      lacking = Concat(": ", c.reward.graders[i].name, condition.differs ? " would be asked about every row" : " would never be asked",
                       ", data.columns.", condition.column, " is empty");
    }
  }
  f.Rule([lacking] { return lacking.empty(); }, Concat(key, " must name a column that the data has", lacking));
}

// Names of sets that the data has.
bool AreEvalSets(const std::vector<std::string>& sets, const DataConfig& data) {
  const std::vector<std::string> known = EvalSetNames(data);
  return std::all_of(sets.begin(), sets.end(), [&](const std::string& set) { return std::count(known.begin(), known.end(), set) > 0; });
}

// A port for each rank from the first one on; 0 = none.
bool ArePorts(int64_t first, const ClusterConfig& cluster) { return first == 0 || first + RoleLayout::RanksFor(cluster) - 1 <= 65535; }

// Whether some token has no threshold in any entry: it is what a prompt gets that reaches no other's.
bool IsATokenLeft(const ExperimentConfig& c) {
  std::set<std::string> thresholds;
  for (const GateEntry& entry : c.rollout.first_token_gate)
    if (entry.threshold >= 0) thresholds.insert(entry.token);
  return thresholds.size() < c.policy.tokens.Names().size();
}

// The rules of policy.mode_tokens and of what needs them.
void DescribeTokenRules(const ExperimentConfig& c, ConfigFields& f) {
  const std::vector<std::string> names = c.policy.tokens.Names();
  f.Rule(
      [&c] {
        const auto& modes = c.policy.tokens.mode_token_of;
        return std::all_of(modes.begin(), modes.end(), [](const auto& entry) { return ValueOf<ResponseMode>(entry.first).has_value(); });
      },
      Concat("policy.mode_token_of must be of modes: ", AllNames<ResponseMode>()));
  const std::deque<GateEntry>& gate = c.rollout.first_token_gate;
  f.Rule(
      [&gate, names] {
        return std::all_of(gate.begin(), gate.end(),
                           [&](const auto& entry) { return std::count(names.begin(), names.end(), entry.token) > 0; });
      },
      Concat("rollout.first_token_gate[].token must be a name of policy.mode_tokens or policy.category_tokens",
             names.empty() ? ", and there is none" : ": " + Joined(names)));
  f.Rule(
      [&gate] {
        std::set<std::pair<std::string, std::string>> seen;
        return std::all_of(gate.begin(), gate.end(), [&](const auto& entry) { return seen.emplace(entry.token, entry.category).second; });
      },
      "rollout.first_token_gate must not name a token twice for one category");
  f.Rule([&c] { return c.rollout.first_token_gate.empty() || IsATokenLeft(c); },
         "rollout.first_token_gate must leave a token without a threshold: it is what comes where no threshold is reached");
  f.Rule([&c] { return c.rollout.first_token_gate.empty() || !c.HasStage("rl") || c.rl.loss.tis_cap > 0; },
         "rollout.first_token_gate in RL needs rl.tis_cap above 0: the first token is not drawn from the policy alone, and that corrects "
         "for it");
  f.Rule([&c] { return !c.eval.gate_sweep || c.policy.tokens.any(); },
         "eval.gate_sweep needs policy.mode_tokens: the tokens whose thresholds are moved");
}

void DescribeRulesAcrossRooms(ExperimentConfig& c, ConfigFields& f) {
  DescribeTokenRules(c, f);
  f.Rule([&c] { return !c.run.deterministic || c.rl.max_staleness == 0; },
         "run.deterministic: true needs rl.max_staleness: 0 "
         "(with staleness the weights a token was drawn from depend on timing)");
  f.Rule([&c] { return c.rollout.group_size >= static_cast<int64_t>(c.rl.advantage.type->min_members); },
         "rollout.group_size must be at least 2: the advantages of this rl.advantage.type compare the completions of a prompt "
         "(reinforce_pp alone needs one)");
  f.Rule([&c] { return c.reward.composer.overlong_buffer <= c.rollout.sampling.max_new_tokens; },
         "reward.overlong_buffer must be at most rollout.max_new_tokens");
  f.Rule([&c] { return c.rollout.sampling.temperature >= kScoredTemperature.min; },
         "rollout.temperature must be at least 0.01: the learner scores under it, and greedy sampling has no gradient");
  f.Rule([&c] { return !c.policy.path.empty() || c.policy.shape.max_positions > c.rollout.sampling.max_new_tokens; },
         "policy.max_positions must be above rollout.max_new_tokens: no prompt would fit before a completion");
  f.Rule(
      [&c] { return AreEvalSets(c.eval.sets, c.data); },
      "eval.sets must name sets that the data has: with data.source world dev, held_out_topics, held_out_phrasings, past_tense; with files "
      "those of data.eval and data.suites, and held_out where that is empty and data.eval_fraction above 0");
  f.Rule([&c] { return AreEvalSets(c.eval.every_sets, c.data); }, "eval.every_sets must name sets that are evaluated");
  f.Rule([&c] { return c.eval.every == 0 || c.rl.max_staleness == 0; },
         "eval.every needs rl.max_staleness: 0: between two steps the workers must be free, and all hold the same weights");
  const std::vector<std::string> figures = DuringFigures(c.eval, c.data, c.reward.graders);
  f.Rule([&c, figures] { return c.eval.best.figure.empty() || IsFigureOrBound(c.eval.best.figure, figures); },
         Concat("eval.best.figure must be a figure of this job's evaluations during training, or a bound of one (_low, _high): ",
                Joined(figures)));
  f.Rule([&c] { return c.data.system_prompt.empty() || (!c.policy.path.empty() && c.data.chat_template == ChatTemplateChoice::kAuto); },
         kSystemPromptNeedsTemplate);
  f.Rule([&c] { return ArePorts(c.monitor.prometheus_port, c.cluster); },
         "monitor.prometheus_port and the ports after it, one for each rank, must be at most 65535");
  f.Rule(
      [&c] {
        if (c.reward.composer.normalize == RewardNormalize::kNone) return true;
        const std::string type = c.reward.composer.type->name;
        return type == "weighted" && (c.rl.loss.kl_coef == 0 || c.rl.loss.kl_in != KlPlace::kReward);
      },
      "reward.normalize: per_part needs reward.composer: weighted, whose reward is a sum, and no rl.kl.in: reward, which belongs to no "
      "part");
  f.Rule([&c] { return c.reward.grader_timeout_s < c.cluster.lease_s; },
         "reward.grader_timeout_s must be below cluster.lease_s: answers would go to another worker before they count as failed");
}

std::string ArmsHelp() {
  std::string shared;
  for (const std::string_view& each : kSharedByArms) {
    if (!shared.empty()) shared += &each == std::end(kSharedByArms) - 1 ? " or " : ", ";
    shared += each;
  }
  return Concat(
      "named overrides; each arm runs the stages with its own, sharing every stage before the first difference. Arms share ranks and "
      "workers and cannot differ in ",
      shared, ". A name must be ", kNameRule, ", and not that of a file or folder of every run: ", Joined(RunPaths::TakenNames()));
}

}  // namespace

bool IsSharedByArms(std::string_view key) {
  return std::any_of(std::begin(kSharedByArms), std::end(kSharedByArms), [key](std::string_view shared) {
    return shared.ends_with('*') ? key.starts_with(shared.substr(0, shared.size() - 1)) : key == shared;
  });
}

std::vector<std::string> RewardConfig::SeenColumns() const {
  std::vector<std::string> columns;
  std::copy_if(sees.begin(), sees.end(), std::back_inserter(columns), [](const auto& name) { return name != "intent" && name != "label"; });
  return columns;
}

std::vector<GraderEntry> GradersOf(const RewardConfig& reward) {
  if (!reward.graders.empty()) return {reward.graders.begin(), reward.graders.end()};
  return {RuleEntry(LoadPolicySpec(reward.policy_spec).id, reward.policy_spec)};
}

GraderPlan PlanOf(const RewardConfig& reward) {
  GraderPlan plan{{}, reward.combine, reward.grader_timeout_s};
  for (const GraderEntry& entry : GradersOf(reward)) plan.graders.push_back(ConfigOf(entry, reward.grader_timeout_s));
  // The graders' own deadlines come first: then the others' verdicts are kept.
  if (plan.graders.size() > 1) plan.deadline_s += 1;
  return plan;
}

bool ExperimentConfig::HasStage(const std::string& stage) const { return std::find(stages.begin(), stages.end(), stage) != stages.end(); }

void Describe(ExperimentConfig& c, ConfigFields& f) {
  f.Section("run", "identity of the run", [&](ConfigFields& s) { Describe(c.run, s); });
  f.StringList("stages", &c.stages, "stages to run, of sft, rl, eval, in this order");
  f.OverrideMaps("arms", &c.arms, ArmsHelp());
  f.IntList("seeds", &c.seeds, kSeeds, "run.seed of each of several runs, compared at the end; empty = one run, of run.seed");
  f.Section("sweep", "settings to try, each a run of its own with every seed; temper launch CONFIG --dry-run lists the runs",
            [&](ConfigFields& s) {
              s.OverrideGrid("grid", &c.sweep.grid, "every combination of these values is a run; the last key varies fastest");
              s.OverrideList("list", &c.sweep.list, "each of these is a run, after those of the grid");
            });
  f.Section("cluster", "ranks, workers, transports and deadlines", [&](ConfigFields& s) { Describe(c.cluster, s); });
  f.Section("policy", "the model being trained", [&](ConfigFields& s) { Describe(c.policy, s); });
  f.Section("data", "prompts and demonstrations", [&](ConfigFields& s) { Describe(c.data, s); });
  f.Section("learner", "how updates are computed", [&](ConfigFields& s) { Describe(c.learner, s); });
  f.UsedWhere(c.HasStage("sft"), "sft: not used, no stage is sft", [&](ConfigFields& used) {
    used.Section("sft", "supervised fine-tuning on demonstrations", [&](ConfigFields& s) { Describe(c.sft, s); });
  });
  f.Section("rl", "reinforcement learning", [&](ConfigFields& s) { Describe(c.rl, s); });
  f.Section("rollout", "sampling of completions in RL", [&](ConfigFields& s) { Describe(c.rollout, s); });
  f.Section("reward", "graders and reward", [&](ConfigFields& s) { Describe(c.reward, s); });
  f.Section("eval", "evaluation after SFT and after RL", [&](ConfigFields& s) { Describe(c.eval, s), Describe(c.prefill, s); });
  f.Section("promote", "what temper promote asks of a policy before it is served", [&](ConfigFields& s) { Describe(c.promote, s); });
  f.Section("checkpoint", "resume points", [&](ConfigFields& s) { Describe(c.checkpoint, s); });
  f.Section("monitor", "what is shown and written", [&](ConfigFields& s) { Describe(c.monitor, s); });
  f.Section("launch", "how temper launch places the ranks", [&](ConfigFields& s) { Describe(c.launch, s); });
  f.Rule([&c] { return AreStagesInOrder(c.stages); }, "stages must be some of [sft, rl, eval], in this order");
  f.Rule([&c] { return std::set<int64_t>(c.seeds.begin(), c.seeds.end()).size() == c.seeds.size(); },
         "seeds must not name a seed twice: the same run would be made twice");
  DescribeArmNames(c, f);
  DescribeRulesAcrossRooms(c, f);
  DescribeOnly(c, f);
}

namespace {

// The settings under `prefixes`, without what labels prompts: no policy and no completion depends on that.
std::string Signature(const ResolvedConfig& resolved, std::initializer_list<const char*> prefixes) {
  std::string signature;
  for (const ResolvedValue& value : resolved.values) {
    for (const char* prefix : prefixes) {
      if (!value.key.starts_with(prefix) || value.key.starts_with("data.columns.label")) continue;
      signature += value.key + "=" + value.value + "\n";
    }
  }
  return signature;
}

}  // namespace

Experiment LoadExperiment(const std::string& path, const std::vector<std::string>& overrides) {
  Experiment experiment;
  experiment.resolved = ReadConfig({path, overrides}, [&](ConfigFields& f) { Describe(experiment.base, f); });
  auto arms = experiment.base.arms;
  if (arms.empty()) arms.emplace_back("main", std::map<std::string, std::string>{});
  std::string errors;
  for (const auto& [name, changes] : arms) {
    Arm arm;
    arm.name = name;
    std::vector<std::string> all = overrides;
    for (const auto& [key, value] : changes) {
      arm.overrides.emplace_back(key, value);
      all.push_back(key + "=" + value);
    }
    try {
      arm.resolved = ReadConfig({path, all}, [&](ConfigFields& f) { Describe(arm.config, f); });
    } catch (const ConfigError& error) {
      errors += Concat("arm ", name, ": ", error.what(), "\n");
      continue;
    }
    arm.sft_signature = Concat(arm.config.HasStage("sft") ? "sft\n" : "no sft\n",
                               Signature(arm.resolved, {"run.seed", "policy.", "data.", "sft.", "learner.", "rollout.group_size"}));
    arm.eval_signature = Signature(arm.resolved, {"eval.", "rollout."});
    experiment.arms.push_back(std::move(arm));
  }
  if (!errors.empty()) throw ConfigError(errors.substr(0, errors.size() - 1));
  return experiment;
}

}  // namespace temper
