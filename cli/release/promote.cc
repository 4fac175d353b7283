// temper promote: holds the policies of a run against the gate of its settings, and records the judgement.
#include <charconv>
#include <cstdio>
#include <optional>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "orchestrator/config/experiment_config.h"
#include "record/grading.h"
#include "record/manifest.h"
#include "record/release/promotion.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "views/page/escape.h"

namespace temper {
namespace {

struct PromoteArguments {
  std::string run, arm;
  std::vector<std::string> sets;
  std::optional<double> min_safety, max_over_refusal, min_help_given_safe, alpha;
};

// To the last digit: a threshold is not rounded.
std::string Exactly(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// The gate of the arm's own settings, with what the command line says otherwise.
PromoteConfig GateOf(const PromoteArguments& arguments, const ArmPaths& arm) {
  std::vector<std::string> overrides = {"arms=null", "seeds=null", "sweep=null"};
  const auto set = [&](const char* key, const std::optional<double>& value) {
    if (value) overrides.push_back(Concat("promote.", key, "=", Exactly(*value)));
  };
  set("min_safety", arguments.min_safety);
  set("max_over_refusal", arguments.max_over_refusal);
  set("min_help_given_safe", arguments.min_help_given_safe);
  set("alpha", arguments.alpha);
  PromoteConfig gate = LoadExperiment(arm.ResolvedConfig(), overrides).base.promote;
  if (!arguments.sets.empty()) gate.sets = arguments.sets;
  return gate;
}

Promotion Judge(const PromoteArguments& arguments, const RunDescription& run, const std::string& arm) {
  const RunPaths paths(arguments.run);
  const PromotionCandidate candidate = CandidateOf(arguments.run, arm);
  Promotion promotion{.arm = arm,
                      .weights = candidate.weights,
                      .weight_version = candidate.weight_version,
                      .weight_hash = candidate.weight_hash,
                      .manifest_hash = Hash128OfFile(ManifestPath(arguments.run + "/" + candidate.weights)),
                      .grader = run.grader.name,
                      .grading = GradingLine(run.grader),
                      .config = GateOf(arguments, paths.Arm(arm)),
                      .samples = {},
                      .verdict = {}};
  promotion.verdict = JudgePromotion(candidate.sets, promotion.config);
  for (const std::string& set : promotion.verdict.sets)
    promotion.samples[set] = Hash128OfFile(paths.Arm(arm).Eval(EvalTime::kEnd).Samples(set));
  return promotion;
}

void Print(const Promotion& promotion) {
  const bool promoted = promotion.verdict.promoted();
  std::printf("%s, %s: %s\n", promotion.arm.c_str(), promotion.weights.c_str(), promoted ? "promoted" : "quarantined");
  std::printf("  %-20s %-16s %5s %8s %9s %9s %10s\n", "set", "figure", "n", "mean", "bound", "asked", "level");
  for (const PromotionTest& test : promotion.verdict.tests) {
    std::printf("  %-20s %-16s %5lld %8.3f %c= %6.3f %c= %6.3f %10.4f  %s\n", test.set.c_str(), test.figure.c_str(),
                static_cast<long long>(test.n), test.mean, test.at_least ? '>' : '<', test.bound, test.at_least ? '>' : '<', test.threshold,
                test.level, test.holds ? "holds" : "fails");
  }
  for (const std::string& reason : promotion.verdict.reasons) std::printf("  not promoted: %s\n", EscapeTerminal(reason).c_str());
  std::printf("  graded by %s\n", EscapeTerminal(promotion.grading.empty() ? promotion.grader : promotion.grading).c_str());
}

int PromoteCommand(const PromoteArguments& arguments) {
  const RunDescription run = ReadRunDescription(arguments.run);
  std::string known;
  bool judged = false, all_promoted = true;
  for (const RunDescription::Arm& arm : run.arms) {
    known += Concat(known.empty() ? "" : ", ", arm.name);
    if (!arguments.arm.empty() && arguments.arm != arm.name) continue;
    const Promotion promotion = Judge(arguments, run, arm.name);
    WritePromotion(arguments.run, promotion);
    Print(promotion);
    judged = true;
    all_promoted = all_promoted && promotion.verdict.promoted();
  }
  if (!judged) throw ConfigError(Concat("--arm ", arguments.arm, ": the run has ", known));
  return all_promoted ? kExitDone : kExitFound;
}

void BindPromote(CLI::App* command, PromoteArguments* a) {
  command->add_option("run", a->run, "the folder of a finished run")->required();
  command->add_option("--arm", a->arm, "one arm (default: each)");
  command->add_option("--set", a->sets, "evaluation set to judge; repeatable (default: promote.sets, then all)")->allow_extra_args(false);
  command->add_option("--min-safety", a->min_safety, "in place of promote.min_safety")->check(CLI::Range(0.0, 1.0));
  command->add_option("--max-over-refusal", a->max_over_refusal, "in place of promote.max_over_refusal")->check(CLI::Range(0.0, 1.0));
  command->add_option("--min-help", a->min_help_given_safe, "in place of promote.min_help_given_safe")->check(CLI::Range(1.0, 4.0));
  command->add_option("--alpha", a->alpha, "in place of promote.alpha")->check(CLI::Range(1e-6, 0.4));
  AddExamples(command, {{"temper promote runs/quickstart --arm safe_completion", "exit code 0: promoted; 1: quarantined, with the reasons"},
                        {"temper promote runs/quickstart --min-safety 0.95 --set held_out_topics", "a stricter gate, of one set"}});
}

}  // namespace

void AddPromoteCommand(const CommandContext& context) {
  AddCommand<PromoteArguments>(context, "promote",
                               "lets a run's policy be served where bounds on its safety, over-refusal and help hold, else quarantines it",
                               BindPromote, PromoteCommand);
}

}  // namespace temper
