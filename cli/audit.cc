// temper audit: which answers a run was trained on, what graded them and how far each moved it; signed manifests.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "orchestrator/config/experiment_config.h"
#include "record/audit_manifest.h"
#include "record/metrics_file.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "record/signing.h"
#include "views/audit/audit_view.h"
#include "views/audit/without.h"
#include "views/page/escape.h"

namespace temper {
namespace {

struct AuditArguments {
  std::string run, arm;
  int64_t step = -1;
  AuditQuery query;
  size_t limit = 20;
  std::string html, without;
  bool manifest = false;
  std::string key, out, verify, public_key;
};

// The arms that are asked about. Throws ConfigError for one that the run does not have.
std::vector<std::string> ArmsOf(const AuditArguments& arguments) {
  std::vector<std::string> arms;
  std::string known;
  for (const RunDescription::Arm& arm : ReadRunDescription(arguments.run).arms) {
    known += Concat(known.empty() ? "" : ", ", arm.name);
    if (arguments.arm.empty() || arguments.arm == arm.name) arms.push_back(arm.name);
  }
  if (arms.empty()) throw ConfigError(Concat("--arm ", arguments.arm, ": the run has ", known));
  return arms;
}

std::string OnlyArm(const AuditArguments& arguments) {
  const std::vector<std::string> arms = ArmsOf(arguments);
  if (arms.size() > 1) throw ConfigError(Concat("the run has ", arms.size(), " arms: name one with --arm, such as ", arms[0]));
  return arms[0];
}

int Verify(const AuditArguments& arguments) {
  const std::string key = arguments.public_key.empty() ? "" : PublicKeyOf(arguments.public_key);
  const ManifestCheck check = CheckAuditManifest(arguments.verify, arguments.run, key);
  for (const std::string& problem : check.problems) std::printf("problem: %s\n", EscapeTerminal(problem).c_str());
  for (const std::string& each : check.unchecked) std::printf("not checked: %s\n", EscapeTerminal(each).c_str());
  if (!check.problems.empty()) return kExitFound;
  std::printf("%s, arm %s, step %lld: signature, weights, settings, audit trail and %sinputs hold; signed by the key %s\n",
              EscapeTerminal(check.run).c_str(), check.arm.c_str(), static_cast<long long>(check.step),
              check.unchecked.empty() ? "" : "the other ", EscapeTerminal(check.public_key).c_str());
  if (key.empty()) std::printf("that key stands in the manifest itself: --public-key FILE says whose it must be\n");
  return kExitDone;
}

int Sign(const AuditArguments& arguments) {
  if (arguments.key.empty()) throw ConfigError("--manifest needs --key FILE, an Ed25519 key: openssl genpkey -algorithm ed25519 -out FILE");
  const std::string arm = OnlyArm(arguments);
  const std::string text = SignedAuditManifest(arguments.run, arm, arguments.step, arguments.key);
  const std::string path = arguments.out.empty() ? RunPaths(arguments.run).Arm(arm).AuditManifest() : arguments.out;
  WriteFile(path, text, {.durable = true});
  std::printf("%s\n", path.c_str());
  return kExitDone;
}

// What the arm's rewards were made of, from its own settings.
RewardSetup SetupOf(const ArmPaths& arm) {
  const ExperimentConfig config = LoadExperiment(arm.ResolvedConfig(), {"arms=null", "seeds=null", "sweep=null"}).base;
  RewardSetup setup{{}, config.reward.combine, config.reward.composer, config.rl.advantage};
  for (const GraderEntry& entry : config.reward.graders) setup.graders.push_back(PartsOfEntry(entry));
  return setup;
}

// Of the arm, as far as its metrics are there.
int64_t StepsDone(const ArmPaths& arm) {
  int64_t steps = 0;
  if (!std::filesystem::exists(arm.Metrics())) return steps;
  for (const MetricRow& row : ReadMetrics(arm.Metrics()))
    if (row.stage == "rl") steps = std::max(steps, row.step);
  return steps;
}

using AnswersOfArms = std::vector<std::pair<std::string, AuditAnswer>>;

// Throws ConfigError, with the steps that there are, where no arm has the one that is asked for. A trail with damage may have lost it.
void CheckStep(const AuditArguments& arguments, const AnswersOfArms& answers) {
  if (!arguments.query.step) return;
  std::string known;
  for (const auto& [arm, answer] : answers) {
    if ((*arguments.query.step > 0 && *arguments.query.step <= answer.steps) || answer.reading.num_problems > 0) return;
    known += Concat(known.empty() ? "" : ", ", arm, " has ", answer.steps == 0 ? "none" : Concat("1 to ", answer.steps));
  }
  throw ConfigError(Concat("--step ", *arguments.query.step, ": there is no such step: ", known));
}

int Without(const AuditArguments& arguments) {
  const std::string name = OnlyArm(arguments);
  const ArmPaths arm = RunPaths(arguments.run).Arm(name);
  if (arguments.query.step) CheckStep(arguments, {{name, AskAudit(arm.Audit(), {}, 0, StepsDone(arm))}});
  const WithoutGrader without = RecomputeWithout(arm.Audit(), SetupOf(arm), arguments.without, arguments.query.step, arguments.limit);
  std::printf("%s", WithoutText(without, arguments.without).c_str());
  return kExitDone;
}

int Ask(const AuditArguments& arguments) {
  int64_t problems = 0;
  AnswersOfArms answers;
  for (const std::string& arm : ArmsOf(arguments)) {
    const ArmPaths paths = RunPaths(arguments.run).Arm(arm);
    answers.emplace_back(arm, AskAudit(paths.Audit(), arguments.query, arguments.limit, StepsDone(paths)));
    problems += answers.back().second.reading.num_problems;
  }
  CheckStep(arguments, answers);
  if (arguments.html.empty()) {
    for (const auto& [arm, answer] : answers) std::printf("%s", AuditText(answer, arm).c_str());
  } else {
    WriteFile(arguments.html, AuditHtml(answers, "Audit of " + ReadRunDescription(arguments.run).name));
    std::printf("%s\n", arguments.html.c_str());
  }
  return problems == 0 ? kExitDone : kExitFound;
}

int AuditCommand(AuditArguments arguments) {
  if (arguments.step >= 0) arguments.query.step = arguments.step;
  if (!arguments.verify.empty()) return Verify(arguments);
  if (arguments.manifest) return Sign(arguments);
  if (!arguments.without.empty()) return Without(arguments);
  return Ask(arguments);
}

void BindAudit(CLI::App* command, AuditArguments* a) {
  command->add_option("run", a->run, "the run's folder")->required();
  command->add_option("--arm", a->arm, "one arm (default: all)");
  command
      ->add_option("--step", a->step,
                   "answers of one RL step, the first is 1; with --manifest the weights after so many steps (default: "
                   "the newest)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--clause", a->query.clause, "answers that violate this clause");
  command->add_option("--severity", a->query.severity, "answers of this severity");
  command->add_option("--mode", a->query.mode, "answers of this mode");
  command->add_option("--prompt", a->query.prompt, "answers to this prompt id");
  command->add_option("--grader", a->query.grader, "answers that this grader, or version of one, graded");
  command->add_option("--limit", a->limit, "answers that are listed (default 20)")->check(CLI::Range(0, 100000));
  command->add_option("--html", a->html, "writes one page instead");
  CLI::Option* without = command->add_option("--without", a->without, "advantages as if this grader had not been there");
  CLI::Option* manifest =
      command->add_flag("--manifest", a->manifest, "signs for weights, data, settings, graders and the trail, in one file");
  command->add_option("--key", a->key, "Ed25519 key (PEM) that signs")->needs(manifest);
  command->add_option("--out", a->out, "where the manifest is written (default: ARM/audit_manifest.json)")->needs(manifest);
  CLI::Option* verify = command->add_option("--verify", a->verify, "holds a manifest against the run");
  command->add_option("--public-key", a->public_key, "key (PEM) that must have signed it")->needs(verify);
  manifest->excludes(verify)->excludes(without);
  AddExamples(command,
              {{"temper audit runs/quickstart", "whether the trail is as it was written; answers by clause; what moved the policy most"},
               {"temper audit runs/quickstart --arm safe_completion --step 12 --clause dose", "which answers under a clause moved a step"},
               {"temper audit runs/quickstart --arm safe_completion --manifest --key key.pem", "a signed file for the newest weights"},
               {"temper audit runs/quickstart --verify audit_manifest.json --public-key signer.pem", "whether it still holds"}});
}

}  // namespace

void AddAuditCommand(const CommandContext& context) {
  AddCommand<AuditArguments>(context, "audit",
                             "which answers a run was trained on, what graded them, how far each moved it; signed manifests", BindAudit,
                             AuditCommand);
}

}  // namespace temper
