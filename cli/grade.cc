// temper grade: grades JSONL of prompts and responses by a policy spec.
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "reward/grade/grade_json.h"
#include "reward/graders/registry.h"
#include "reward/spec/policy_spec.h"

namespace temper {
namespace {

struct GradeArguments {
  std::string policy_spec;
  std::string grader = kRuleGrader.name;
  double timeout_s = 60;
  std::string input = "-";
};

// Input: JSONL of {prompt, response[, category]}, "-" = standard input. Output: grades as JSONL on standard output.
int GradeCommand(const GradeArguments& arguments) {
  const PolicySpec spec = LoadPolicySpec(arguments.policy_spec);
  const auto grader = MakeGrader({.type = arguments.grader, .name = spec.id, .payload = spec.text, .deadline_s = arguments.timeout_s});
  std::ifstream file;
  if (arguments.input != "-") {
    file.open(arguments.input);
    if (!file) throw ConfigError(Concat(arguments.input, ": cannot be read"));
  }
  std::istream& in = arguments.input == "-" ? std::cin : file;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    const auto text = [&](const char* key, bool required) -> std::string {
      if (row.is_object() && row.contains(key) && row[key].is_string()) return row[key];
      if (required) throw ConfigError(Concat(arguments.input, ":", number, ": expected an object with the strings prompt and response"));
      return "";
    };
    const std::vector<GradeRequest> request = {{text("prompt", true), text("response", true), text("category", false), false}};
    std::cout << GradeToJson(GradeAll(grader.get(), request, arguments.timeout_s).at(0)) << "\n";
  }
  return kExitDone;
}

void BindGrade(CLI::App* command, GradeArguments* arguments) {
  command->add_option("--policy", arguments->policy_spec, "policy spec YAML")->required();
  command->add_option("--grader", arguments->grader, Concat("what grades: ", GraderTypes().Help(), " (default rule)"))
      ->check(CLI::IsMember(GraderTypes().Names()));
  command->add_option("--timeout", arguments->timeout_s, "seconds after which an answer without a grade counts as failed (default 60)")
      ->check(CLI::Range(0.001, 86400.0));
  command->add_option("input", arguments->input, "file, or - for standard input");
}

}  // namespace

void AddGradeCommand(const CommandContext& context) {
  AddCommand<GradeArguments>(context, "grade", "grades JSONL of {prompt, response[, category]} by a policy spec", BindGrade, GradeCommand);
}

}  // namespace temper
