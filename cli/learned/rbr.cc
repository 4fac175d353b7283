// temper rbr: rule-based rewards. Says how far propositions agree with people, learns some of them, and weighs them by ordered completions.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/host/installation.h"
#include "reward/rbr/completions.h"
#include "reward/rbr/hinge_fit.h"
#include "reward/rbr/proposition_accuracy.h"
#include "reward/rbr/proposition_files.h"
#include "reward/rbr/proposition_learning.h"
#include "reward/rbr/proposition_values.h"
#include "reward/rbr/rbr_weights.h"
#include "reward/spec/policy_spec.h"
#include "reward/spec/regex.h"

namespace temper {
namespace {

struct RbrArguments {
  std::string data;
  std::string policy = "configs/policies/rbr.yaml";
  std::string classifiers;  // folder
  CompletionKeys keys;
  // of fit
  std::string values_from = "policy";
  std::vector<std::string> ignored;
  double l2 = 1e-3, margin = 1, keep_back = 0.2;
  uint64_t seed = 0;
  std::string out;
};

constexpr double kNoWeight = 1e-6;  // what the fit leaves of a weight that is 0

using Values = std::vector<std::map<std::string, double>>;  // of each completion

void WriteOut(const std::string& path, const std::string& bytes) {
  if (const std::string problem = TryWriteFile(path, bytes); !problem.empty())
    throw ConfigError(Concat("--out ", path, ": cannot be written: ", problem));
}

struct Completions {
  std::string hash;  // of the file
  std::vector<RatedCompletion> rows;
};

Completions ReadCompletions(const RbrArguments& arguments, bool order, bool propositions) {
  const std::string text = ReadUserFile(arguments.data, {.what = "the completions", .max_bytes = kMaxDataBytes});
  CompletionKeys keys = arguments.keys;
  keys.needs_order = order;
  keys.needs_propositions = propositions;
  return {Hash128(text), ParseCompletions(text, arguments.data, keys)};
}

Values ValuesByPolicy(const RbrArguments& arguments, const PolicySpec& spec, const std::vector<RatedCompletion>& completions) {
  const PropositionValuer valuer(spec, PropositionModels(ReadPropositionFiles(arguments.classifiers), arguments.classifiers),
                                 arguments.policy);
  Values values;
  for (const RatedCompletion& each : completions) {
    try {
      values.push_back(valuer.ValuesOf(each.prompt, each.response));
    } catch (const RegexLimitError& error) {
      throw ConfigError(Concat(each.place, ": ", error.what()));
    }
  }
  return values;
}

Values ValuesByPeople(const std::vector<RatedCompletion>& completions) {
  Values values;
  for (const RatedCompletion& each : completions) values.push_back(each.propositions);
  return values;
}

void PrintAccuracy(const std::vector<PropositionAccuracy>& measured, const std::set<std::string>& learned) {
  std::printf("%-38s %5s %5s %9s %9s %10s %7s %6s  %s\n", "proposition", "rows", "yes", "accuracy", "majority", "precision", "recall", "F1",
              "by");
  double accuracy = 0, majority = 0;
  for (const PropositionAccuracy& each : measured) {
    std::printf("%-38s %5ld %5ld %9.3f %9.3f %10.3f %7.3f %6.3f  %s\n", each.proposition.c_str(), static_cast<long>(each.rows),
                static_cast<long>(each.yes), each.accuracy(), each.majority(), each.precision(), each.recall(), each.f1(),
                learned.contains(each.proposition) ? "classifier" : "words");
    accuracy += each.accuracy() / static_cast<double>(measured.size());
    majority += each.majority() / static_cast<double>(measured.size());
  }
  std::printf("%-38s %5s %5s %9.3f %9.3f\n", "mean", "", "", accuracy, majority);
}

int AccuracyCommand(const RbrArguments& arguments) {
  const Completions completions = ReadCompletions(arguments, false, true);
  const PolicySpec spec = LoadPolicySpec(FindShipped(arguments.policy));
  const auto measured = MeasurePropositions(ValuesByPeople(completions.rows), ValuesByPolicy(arguments, spec, completions.rows));
  if (measured.empty()) throw ConfigError(Concat(arguments.data, ": none of its propositions is in ", arguments.policy));
  std::set<std::string> learned;
  for (const auto& [proposition, bytes] : ReadPropositionFiles(arguments.classifiers)) learned.insert(proposition);
  PrintAccuracy(measured, learned);
  return kExitDone;
}

// The range of scores of the completions of one type.
void SetScale(const std::vector<RatedCompletion>& completions, const Values& values, const std::string& name, RbrType* type) {
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < completions.size(); ++i) {
    if (completions[i].type != name) continue;
    low = std::min(low, RbrScore(*type, values[i]));
    high = std::max(high, RbrScore(*type, values[i]));
  }
  if (!(low < high)) throw ConfigError(Concat("type '", name, "': all weights are 0: the propositions tell none of its completions apart"));
  type->low = low;
  type->high = high;
}

RbrType FitType(const RbrArguments& arguments, const std::vector<RatedCompletion>& completions, const Values& values,
                const std::string& name, const std::vector<std::string>& propositions) {
  std::vector<bool> fitted, kept;
  for (const RatedCompletion& each : completions) {
    kept.push_back(IsKeptBack(each, arguments.keep_back, arguments.seed));
    fitted.push_back(!kept.back());
  }
  auto pairs = PairsOf(completions, values, fitted, name, propositions);
  if (pairs.empty()) throw ConfigError(Concat(arguments.data, ": type '", name, "' has no two completions of one prompt that are ordered"));
  for (OrderedPair& pair : pairs) pair.margin = arguments.margin;
  HingeOptions options{.l2 = arguments.l2};
  for (const std::string& each : propositions)
    options.ignored.push_back(std::find(arguments.ignored.begin(), arguments.ignored.end(), each) != arguments.ignored.end());
  const HingeFit fit = FitHinge(pairs, options);
  const auto kept_pairs = PairsOf(completions, values, kept, name, propositions);
  RbrType type;
  for (size_t k = 0; k < propositions.size(); ++k)
    if (std::abs(fit.weights[k]) > kNoWeight) type.weights[propositions[k]] = fit.weights[k];
  type.pairs = static_cast<int64_t>(pairs.size());
  type.order_accuracy = kept_pairs.empty() ? -1 : OrderAccuracy(kept_pairs, fit.weights);
  SetScale(completions, values, name, &type);
  std::printf("%s: %zu pairs, hinge loss %.4f, %.3f of them in order (ties count half)%s\n", name.empty() ? "(no type)" : name.c_str(),
              pairs.size(), fit.loss, fit.order_accuracy, fit.converged ? "" : "; the fit did not converge");
  if (!kept_pairs.empty()) std::printf("  %zu pairs of groups kept back: %.3f in order\n", kept_pairs.size(), type.order_accuracy);
  std::vector<std::pair<std::string, double>> sorted(type.weights.begin(), type.weights.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return std::abs(a.second) > std::abs(b.second); });
  for (const auto& [proposition, weight] : sorted) std::printf("  %+8.3f  %s\n", weight, proposition.c_str());
  return type;
}

int FitCommand(const RbrArguments& arguments) {
  const bool by_people = arguments.values_from == "people";
  const Completions completions = ReadCompletions(arguments, true, by_people);
  const PolicySpec spec = LoadPolicySpec(FindShipped(arguments.policy));
  const Values values = by_people ? ValuesByPeople(completions.rows) : ValuesByPolicy(arguments, spec, completions.rows);
  const std::vector<std::string> types = ResponseTypesOf(completions.rows);
  std::vector<std::string> propositions;
  for (const auto& [id, rule] : spec.propositions) propositions.push_back(id);
  for (const std::string& each : arguments.ignored)
    if (!spec.propositions.contains(each)) throw ConfigError(Concat("--ignore ", each, ": ", arguments.policy, " has no such proposition"));
  RbrWeights weights{spec.hash, completions.hash, {}, ""};
  for (const std::string& type : types)
    weights.types[type.empty() ? "all" : type] = FitType(arguments, completions.rows, values, type, propositions);
  WriteOut(arguments.out, RbrWeightsJson(weights));
  std::printf("wrote %s\n", arguments.out.c_str());
  return kExitDone;
}

int LearnCommand(const RbrArguments& arguments) {
  const Completions completions = ReadCompletions(arguments, false, true);
  const PolicySpec spec = LoadPolicySpec(FindShipped(arguments.policy));
  std::error_code error;
  std::filesystem::create_directories(arguments.out, error);
  if (error) throw ConfigError(Concat("--out ", arguments.out, ": cannot be made: ", error.message()));
  const Values by_words = ValuesByPolicy(arguments, spec, completions.rows);
  std::printf("%-38s %5s %9s %9s %9s\n", "proposition", "yes", "majority", "words", "learned");
  for (const PropositionAccuracy& words : MeasurePropositions(ValuesByPeople(completions.rows), by_words)) {
    const std::optional<LearnedProposition> learned = LearnProposition(completions.rows, words.proposition, completions.hash);
    const bool better = learned && learned->accuracy > std::max(words.accuracy(), words.majority());
    std::printf("%-38s %5ld %9.3f %9.3f ", words.proposition.c_str(), static_cast<long>(words.yes), words.majority(), words.accuracy());
    if (learned)
      std::printf("%9.3f%s\n", learned->accuracy, better ? "  written" : "");
    else
      std::printf("%9s\n", "too few");
    if (better) WriteOut(Concat(arguments.out, "/", words.proposition, ".clf"), learned->file);
  }
  return kExitDone;
}

void BindCommon(CLI::App* command, RbrArguments* arguments) {
  command->add_option("data", arguments->data, "JSONL of completions")->required();
  command->add_option("--policy", arguments->policy, "policy spec with the propositions (default configs/policies/rbr.yaml)");
  command->add_option("--prompt-key", arguments->keys.prompt, "key of the prompt, a text or a list of messages (default prompt)");
  command->add_option("--response-key", arguments->keys.response, "key of the completion, as the prompt (default response)");
  command->add_option("--propositions-key", arguments->keys.propositions,
                      "key of what people said: an object of propositions and truth values (default propositions)");
}

void BindClassifiers(CLI::App* command, RbrArguments* arguments) {
  command->add_option("--classifiers", arguments->classifiers,
                      "folder of PROPOSITION.clf that temper rbr learn wrote: these propositions are told by them and not by words");
}

void BindAccuracy(CLI::App* command, RbrArguments* arguments) {
  BindCommon(command, arguments);
  BindClassifiers(command, arguments);
  AddExamples(command,
              {{"temper rbr accuracy gold.jsonl --response-key completion", "how far each proposition agrees with people's labels"}});
}

void BindFit(CLI::App* command, RbrArguments* arguments) {
  BindCommon(command, arguments);
  BindClassifiers(command, arguments);
  command->add_option("--order-key", arguments->keys.order, "key of a number, the higher the better the completion (default score)");
  command->add_option("--type-key", arguments->keys.type, "key of the response type: each has weights of its own (default response_type)");
  command->add_option("--group-key", arguments->keys.group, "key of what completions are compared within (default: the prompt)");
  command->add_option("--values", arguments->values_from, "what the propositions are worth by: policy (default), or people's own")
      ->check(CLI::IsMember({"policy", "people"}));
  command->add_option("--ignore", arguments->ignored, "propositions whose weights stay 0")->delimiter(',');
  command->add_option("--l2", arguments->l2, "strength of the penalty on the weights (default 0.001)")->check(CLI::Range(1e-9, 1e9));
  command->add_option("--margin", arguments->margin, "by which the better completion is to score higher (default 1)")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option("--keep-back", arguments->keep_back, "share of the groups that the order is measured on (default 0.2)")
      ->check(CLI::Range(0.0, 0.9));
  command->add_option("--seed", arguments->seed, "draws the groups that are kept back");
  command->add_option("--out", arguments->out, "file for the weights (JSON)")->required();
  AddExamples(command, {{"temper rbr fit completions.jsonl --out rbr.json", "weights of the shipped propositions by response type"}});
}

void BindLearn(CLI::App* command, RbrArguments* arguments) {
  BindCommon(command, arguments);
  command->add_option("--out", arguments->out, "folder for the classifiers")->required();
  AddExamples(command,
              {{"temper rbr learn gold.jsonl --response-key completion --out learned", "a classifier where it does better than words"}});
}

}  // namespace

void AddRbrCommand(const CommandContext& context) {
  CommandContext below = context;
  below.app = context.app->add_subcommand("rbr", "rule-based rewards: propositions and their weights");
  below.app->require_subcommand(1);
  AddExamples(below.app, {{"temper rbr accuracy gold.jsonl", "how far the shipped propositions agree with people's labels"}});
  AddCommand<RbrArguments>(below, "accuracy", "says how far propositions agree with people's labels", BindAccuracy, AccuracyCommand);
  AddCommand<RbrArguments>(below, "learn", "trains classifiers of propositions from people's labels", BindLearn, LearnCommand);
  AddCommand<RbrArguments>(below, "fit", "weighs propositions by ordered completions, for each response type", BindFit, FitCommand);
}

}  // namespace temper
