// temper grade: grades JSONL of prompts and responses by a policy spec.
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "reward/grade/grade_json.h"
#include "reward/graders/rule_grader.h"

namespace temper {
namespace {

struct GradeArguments {
  std::string policy_spec;
  std::string input = "-";
};

// Input: JSONL of {prompt, response[, category]}, "-" = standard input. Output: grades as JSONL on standard output.
int GradeCommand(const std::string& policy_spec, const std::string& input) {
  const auto grader = MakeRuleGrader(LoadPolicySpec(policy_spec));
  std::ifstream file;
  if (input != "-") {
    file.open(input);
    if (!file) throw ConfigError(Concat(input, ": cannot be read"));
  }
  std::istream& in = input == "-" ? std::cin : file;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    const auto text = [&](const char* key, bool required) -> std::string {
      if (row.is_object() && row.contains(key) && row[key].is_string()) return row[key];
      if (required) throw ConfigError(Concat(input, ":", number, ": expected an object with the strings prompt and response"));
      return "";
    };
    const std::vector<GradeRequest> request = {{text("prompt", true), text("response", true), text("category", false), false}};
    std::cout << GradeToJson(GradeAll(grader.get(), request).at(0)) << "\n";
  }
  return kExitDone;
}

}  // namespace

void AddGradeCommand(CLI::App* app, int* exit_code) {
  const auto arguments = std::make_shared<GradeArguments>();
  auto* command = app->add_subcommand("grade", "grades JSONL of {prompt, response[, category]} by a policy spec");
  command->add_option("--policy", arguments->policy_spec, "policy spec YAML")->required();
  command->add_option("input", arguments->input, "file, or - for standard input");
  command->callback([arguments, exit_code] { *exit_code = GradeCommand(arguments->policy_spec, arguments->input); });
}

}  // namespace temper
