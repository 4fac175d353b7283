// temper policy: looks a policy spec over, and shows it as a model is shown it.
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/host/installation.h"
#include "reward/spec/policy_lint.h"
#include "reward/spec/policy_spec.h"

namespace temper {
namespace {

struct CheckArguments {
  std::string file;
};

void BindCheck(CLI::App* command, CheckArguments* arguments) {
  command->add_option("file", arguments->file, "policy spec YAML")->required();
  AddExamples(command, {{"temper policy check configs/policies/general.yaml",
                         "lists what is of no use in it; exit code 1 where there is something"}});
}

int CheckCommand(const CheckArguments& arguments) {
  const std::string path = FindShipped(arguments.file);
  ResolvedConfig places;
  const PolicySpec spec = LoadPolicySpec(path, &places);
  const std::vector<PolicyFinding> findings = LintPolicySpec(spec, places, path);
  for (const PolicyFinding& finding : findings) std::cout << finding.place << ": " << finding.key << ": " << finding.what << "\n";
  size_t clauses = spec.common_clauses.size();
  for (const auto& [id, category] : spec.categories) clauses += category.clauses.size();
  std::cout << spec.id << " " << spec.version << ": " << spec.categories.size() << " categories, " << clauses << " clauses, "
            << spec.contexts.size() << " contexts, " << spec.propositions.size() << " propositions; " << findings.size() << " findings\n";
  return findings.empty() ? kExitDone : kExitFound;
}

struct TextArguments {
  std::string file;
  std::string category;
  std::string context;
};

void BindText(CLI::App* command, TextArguments* arguments) {
  command->add_option("file", arguments->file, "policy spec YAML")->required();
  command->add_option("--category", arguments->category, "the category to show in full; the others in a line each")->required();
  command->add_option("--context", arguments->context, "a context of the spec: its severities and style");
  AddExamples(command, {{"temper policy text configs/policies/general.yaml --category \"Regulated Advice\" --context verified_professional",
                         "the policy as a model is shown it"}});
}

int TextCommand(const TextArguments& arguments) {
  std::cout << SpecPromptText(LoadPolicySpec(FindShipped(arguments.file)), arguments.category, arguments.context);
  return kExitDone;
}

}  // namespace

void AddPolicyCommand(const CommandContext& context) {
  CommandContext below = context;
  below.app = context.app->add_subcommand("policy", "looks a policy spec over, and shows it as a model is shown it");
  below.app->require_subcommand(1);
  AddExamples(below.app, {{"temper policy check configs/policies/general.yaml",
                           "lists what is of no use in it; exit code 1 where there is something"}});
  AddCommand<CheckArguments>(
      below, "check",
      "lists clauses that are never reached, severities out of order, propositions without use, twins, and patterns that "
      "match nothing or everything",
      BindCheck, CheckCommand);
  AddCommand<TextArguments>(below, "text", "prints the policy of a category as a model is shown it", BindText, TextCommand);
}

}  // namespace temper
