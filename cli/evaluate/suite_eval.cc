#include "cli/evaluate/suite_eval.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>

#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

#include "cli/output_folder.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"
#include "cluster/host/cores.h"
#include "cluster/host/installation.h"
#include "evaluation/suites/given_answers.h"
#include "evaluation/suites/measure.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/job/qualified.h"
#include "policy/kernels/torch_version.h"
#include "record/eval_files.h"
#include "record/grading.h"
#include "record/suites/suite_file.h"
#include "reward/graders/panel.h"
#include "reward/spec/policy_spec.h"
#include "views/suites/suite_pages.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr char kShippedGraders[] = "configs/base/real_english_graders.yaml";
constexpr size_t kBatch = 256;  // requests that the graders have at once: their deadline is for so many
constexpr int64_t kPrefillTokens = 2048;

std::vector<Prompt> PromptsOf(const Suite& suite, const SuiteArguments& arguments) {
  if (arguments.paths.empty()) throw ConfigError(Concat("--suite ", suite.name, " needs --path FILE: ", suite.format));
  std::vector<Prompt> prompts = ReadSuite(suite, arguments.paths);
  std::map<std::string, int64_t> seen;
  if (arguments.limit > 0) std::erase_if(prompts, [&](const Prompt& p) { return ++seen[p.intent + "/" + p.label] > arguments.limit; });
  return prompts;
}

// The prompts answered by the model, in their order.
std::vector<GivenAnswer> AnswersOf(const SuiteArguments& arguments, const std::string& model, const std::vector<Prompt>& prompts) {
  SetComputeThreads(UsableCores());
  const c10::InferenceMode inference;
  GenerateArguments generate = arguments.generate;
  generate.model = model;
  if (!generate.temperature) generate.temperature = 0;
  if (arguments.prompt_template.find("{prompt}") == std::string::npos) throw ConfigError("--template must hold {prompt}");
  const TextGenerator generator(generate);
  GenerationEngine engine = generator.MakeEngine(kPrefillTokens);
  for (size_t i = 0; i < prompts.size(); ++i) {
    std::string text = arguments.prompt_template;
    text.replace(text.find("{prompt}"), std::string("{prompt}").size(), prompts[i].text);
    try {
      engine.Submit(generator.PromptRequest(i, RepairUtf8(text)));
    } catch (const ConfigError& error) {
      throw ConfigError(Concat("the prompt ", prompts[i].id, ": ", error.what()));
    }
  }
  std::vector<std::vector<GivenAnswer>> of(prompts.size());
  while (!engine.idle()) {
    for (const TrajectoryGroup& group : engine.Step()) {
      const Prompt& prompt = prompts[group.group_id];
      for (const Trajectory& t : group.trajectories)
        of[group.group_id].push_back({prompt.id, prompt.text, generator.TextOf(t), !t.finished, {}, ""});
    }
  }
  std::vector<GivenAnswer> answers;
  for (auto& each : of) answers.insert(answers.end(), each.begin(), each.end());
  return answers;
}

GradeRequest RequestOf(const RewardConfig& reward, const SuiteAnswer& answer) {
  const Prompt& prompt = *answer.prompt;
  GradeRequest request{prompt.text, answer.response, prompt.category, answer.truncated};
  if (reward.Sees("intent")) request.intent = prompt.intent;
  if (reward.Sees("label")) request.label = prompt.label;
  for (const std::string& column : reward.SeenColumns())
    if (const auto found = prompt.columns.find(column); found != prompt.columns.end()) request.item[column] = found->second;
  return request;
}

// Sets the grades, and returns the line of who gave them.
std::string GradeThem(const TrainArguments& train, std::vector<SuiteAnswer>* answers) {
  const std::string config = FindShipped(train.config.empty() ? kShippedGraders : train.config);
  const RewardConfig reward = LoadExperiment(config, train.overrides).base.reward;
  if (const std::string problem = CategoryProblem(PolicySpecOf(reward.policy_spec), ""); !problem.empty())
    throw ConfigError(Concat(config, ": its policy spec needs categories, and the prompts of suites have none: ", problem));
  const GraderPlan plan = PlanOf(reward);
  const auto graders = MakeGraders(plan);
  for (size_t begin = 0; begin < answers->size(); begin += kBatch) {
    const size_t end = std::min(answers->size(), begin + kBatch);
    std::vector<GradeRequest> requests;
    for (size_t i = begin; i < end; ++i) requests.push_back(RequestOf(reward, (*answers)[i]));
    std::vector<Grade> grades = GradeAll(graders.get(), std::move(requests), plan.deadline_s);
    for (size_t i = begin; i < end; ++i) {
      SuiteAnswer& answer = (*answers)[i];
      CountByRow(answer.prompt->intent, answer.prompt->label, &grades[i - begin]);
      answer.grade = std::move(grades[i - begin]);
    }
  }
  return Concat(GradingLine(GraderDescription(reward)), train.config.empty() ? " (the shipped graders)" : Concat(" (", train.config, ")"));
}

void WriteAnswers(const std::string& folder, const Suite& suite, const std::vector<SuiteAnswer>& answers) {
  std::string lines;
  std::vector<EvalSample> graded;
  for (const SuiteAnswer& answer : answers) {
    const Prompt& prompt = *answer.prompt;
    lines += nlohmann::ordered_json(
                 {{"id", prompt.id}, {"prompt", prompt.text}, {"response", RepairUtf8(answer.response)}, {"truncated", answer.truncated}})
                 .dump() +
             "\n";
    if (answer.grade)
      graded.push_back({prompt.id, prompt.intent, prompt.category, prompt.text, answer.response, *answer.grade, answer.truncated});
  }
  WriteFile(fs::path(folder) / Concat(suite.name, ".answers.jsonl"), lines);
  if (!graded.empty()) WriteEvalSamples(fs::path(folder) / Concat(suite.name, ".graded.jsonl"), graded);
}

void TellUnmatched(const MatchedAnswers& matched, const std::string& path, const Suite& suite) {
  if (matched.answers.empty())
    throw ConfigError(Concat(path, ": no answer is to a prompt of ", suite.name, "; the first that is not: ", matched.first_unmatched));
  if (matched.num_unmatched > 0)
    std::cerr << path << ": " << matched.num_unmatched << " answers are to no prompt of " << suite.name
              << " that is measured; the first is " << matched.first_unmatched << "\n";
}

}  // namespace

int EvaluateSuite(const SuiteArguments& arguments, const TrainArguments& train, const std::string& model) {
  const Suite& suite = FindSuite(arguments.suite);
  if (model.empty() == arguments.answers.empty())
    throw ConfigError("--suite needs --model DIR or --answers FILE: whose answers are measured");
  if (!arguments.out.empty()) MakeOutputFolder(arguments.out);
  const std::vector<Prompt> prompts = PromptsOf(suite, arguments);
  const std::vector<GivenAnswer> given = model.empty() ? ReadAnswers(arguments.answers) : AnswersOf(arguments, model, prompts);
  MatchedAnswers matched = MatchAnswers(prompts, given);
  if (model.empty()) TellUnmatched(matched, arguments.answers, suite);
  const std::string graded_by = arguments.no_graders ? "" : GradeThem(train, &matched.answers);
  SuiteResult result = MeasureSuite(suite, &matched.answers);
  result.answered_by = model.empty() ? arguments.answers : model;
  result.graded_by = graded_by;
  result.num_prompts = static_cast<int64_t>(prompts.size());
  result.num_answered = matched.num_prompts_answered;
  std::cout << (arguments.json ? SuiteResultJson(result) + "\n" : SuiteText(result));
  if (!arguments.out.empty()) {
    WriteAnswers(arguments.out, suite, matched.answers);
    WriteSuiteResult(arguments.out, result);
    WriteFile(fs::path(arguments.out) / "suites.html", SuitesHtml(ReadSuiteResults(arguments.out)));
  }
  return kExitDone;
}

}  // namespace temper
