// temper grade: grades JSONL of prompts and responses by a policy spec, or by the graders of a job.
#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/odd_file.h"
#include "cluster/host/installation.h"
#include "orchestrator/config/experiment_config.h"
#include "policy/text/strict_json.h"
#include "reward/grade/grade_json.h"
#include "reward/graders/panel.h"
#include "reward/spec/policy_spec.h"

namespace temper {
namespace {

struct GradeArguments {
  std::string policy_spec;
  std::string config;
  double timeout_s = 0;  // 0 = reward.grader_timeout_s
  std::string input = "-";
};

// A category that the spec does not have, or none where it needs one: what a job would refuse in its data.
void CheckCategory(const PolicySpec& spec, const std::string& category, const std::string& place) {
  if (CategoryProblem(spec, category).empty()) return;
  std::string known;
  for (const auto& [id, unused] : spec.categories) known += (known.empty() ? "" : ", ") + id;
  const std::string what =
      category.empty() ? "there is no category" : Concat("there is no category ", Quoted(category), " in the policy spec");
  throw ConfigError(Concat(place, ": ", what, "; known: ", known));
}

// A row of the input, or an error with its place.
class Row {
 public:
  Row(const std::string& line, std::string place) : row_(nlohmann::json::parse(line, nullptr, false)), place_(std::move(place)) {}

  std::string Text(const char* key, bool required) const {
    if (row_.is_object() && row_.contains(key) && row_[key].is_string()) return row_[key];
    if (required) throw ConfigError(Concat(place_, ": expected an object with the strings prompt and response"));
    return "";
  }
  std::string OneOf(const char* key, const std::set<std::string>& words) const {
    const std::string word = Text(key, false);
    if (word.empty() || words.contains(word)) return word;
    std::string known;
    for (const std::string& each : words) known += (known.empty() ? "" : ", ") + each;
    throw ConfigError(Concat(place_, ": unknown ", key, " \"", word, "\"; known: ", known));
  }
  GradeRequest Request(const std::vector<std::string>& columns) const {
    GradeRequest request{Text("prompt", true), Text("response", true), Text("category", false)};
    request.truncated = row_.contains("truncated") && row_["truncated"].is_boolean() && row_["truncated"].get<bool>();
    request.intent = OneOf("intent", {"benign", "dual_use", "malicious"});
    request.label = OneOf("label", {"comply", "refuse"});
    for (const std::string& column : columns) {
      const auto found = row_.find(column);
      if (found != row_.end()) request.item[column] = found->is_string() ? found->get<std::string>() : found->dump();
    }
    return request;
  }

 private:
  const nlohmann::json row_;
  const std::string place_;
};

// The reward section that the arguments mean.
RewardConfig RewardOf(const GradeArguments& arguments) {
  RewardConfig reward;
  if (!arguments.config.empty()) {
    reward = LoadExperiment(FindShipped(arguments.config), {}).base.reward;
  } else if (!arguments.policy_spec.empty()) {
    reward.policy_spec = FindShipped(arguments.policy_spec);
  } else {
    throw ConfigError("temper grade needs --policy SPEC or --config CONFIG: what grades the answers");
  }
  if (arguments.timeout_s > 0) reward.grader_timeout_s = arguments.timeout_s;
  return reward;
}

// Input: JSONL of {prompt, response[, category, truncated, intent, label]}, "-" = standard input. Output: grades as JSONL on standard
// output.
int GradeCommand(const GradeArguments& arguments) {
  const RewardConfig reward = RewardOf(arguments);
  const PolicySpec spec = PolicySpecOf(reward.policy_spec);
  const GraderPlan plan = PlanOf(reward);
  const auto grader = MakeGraders(plan);
  std::ifstream file;
  if (arguments.input != "-") {
    const std::string odd = OddFile(arguments.input);
    if (!odd.empty()) throw ConfigError(Concat(arguments.input, ": cannot be read: ", odd, ", or - to read standard input"));
    file.open(arguments.input);
    if (!file) throw ConfigError(Concat(arguments.input, ": cannot be read"));
  }
  std::istream& in = arguments.input == "-" ? std::cin : file;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    const std::string place = Concat(arguments.input, ":", number);
    GradeRequest request = Row(line, place).Request(reward.SeenColumns());
    CheckCategory(spec, request.category, place);
    std::cout << GradeToJson(GradeAll(grader.get(), {std::move(request)}, plan.deadline_s).at(0)) << "\n";
  }
  return kExitDone;
}

void BindGrade(CLI::App* command, GradeArguments* arguments) {
  CLI::Option* policy = command->add_option("--policy", arguments->policy_spec, "policy spec YAML: its rule grader grades");
  command->add_option("--config", arguments->config, "config of a job: its graders grade (reward.graders)")->excludes(policy);
  command
      ->add_option("--timeout", arguments->timeout_s,
                   "seconds after which an answer without a grade counts as failed (default: reward.grader_timeout_s, 60)")
      ->check(CLI::Range(0.001, 86400.0));
  command->add_option("input", arguments->input, "file, or - for standard input");
  AddExamples(command,
              {{"temper grade --policy configs/policies/open_safe_intent.yaml answers.jsonl > grades.jsonl", "grades a file"},
               {"echo '{\"prompt\": \"...\", \"response\": \"...\", \"category\": \"...\"}' | temper grade --policy my_policy.yaml",
                "grades one answer by a policy of your own"},
               {"temper grade --config my_job.yaml answers.jsonl", "grades a file as the job would, with what each grader said"}});
}

}  // namespace

void AddGradeCommand(const CommandContext& context) {
  AddCommand<GradeArguments>(
      context, "grade",
      "grades JSONL of {prompt, response[, category, truncated, intent, label]} by a policy spec or by the graders of a job", BindGrade,
      GradeCommand);
}

}  // namespace temper
