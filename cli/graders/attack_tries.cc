#include "cli/graders/attack_tries.h"

#include <algorithm>
#include <map>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "evaluation/intervals.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/text/strict_json.h"
#include "reward/graders/grader.h"
#include "reward/graders/panel.h"
#include "rollout/data/dataset_rows.h"
#include "rollout/data/prompt_dataset.h"
#include "rollout/engine/generation_engine.h"
#include "rollout/engine/stop_strings.h"

namespace temper {
namespace {

constexpr size_t kGradedTogether = 256;  // requests that the graders have at once: their deadline is for so many

// The tries of one transform, in the order of prompts and tries, without answers.
std::vector<std::pair<AttackTryRow, int64_t>> RewriteTries(const TransformEntry& transform, uint64_t seed,
                                                           const std::vector<Prompt>& prompts, int64_t k, int64_t* not_rewritten) {
  std::vector<std::pair<AttackTryRow, int64_t>> tries;
  for (int64_t attempt = 0; attempt < k; ++attempt) {
    const auto rewritten = RewriteEach(transform, seed, static_cast<uint64_t>(attempt), prompts);
    for (size_t i = 0; i < prompts.size(); ++i) {
      if (!rewritten[i]) {
        ++*not_rewritten;
        continue;
      }
      AttackTryRow row{.transform = transform.type->name, .prompt = *rewritten[i], .asked = {}, .response = {}};
      row.asked = row.prompt.judged_as.empty() ? row.prompt.text : row.prompt.judged_as;
      row.prompt.id = prompts[i].id;
      tries.emplace_back(std::move(row), attempt);
    }
  }
  return tries;
}

// Answers every try; those that are too long for the model go.
void AnswerTries(const ExperimentConfig& config, const DataStore& reader, const Transformer& model,
                 std::vector<std::pair<AttackTryRow, int64_t>> tries, std::vector<AttackTryRow>* rows, int64_t* not_rewritten) {
  const c10::InferenceMode inference;
  GenerationEngine engine(&model, {.slots = config.rollout.slots,
                                   .max_tokens = std::max<int64_t>(2, model.config().max_positions),
                                   .tokenizer = reader.tokenizer.get()});
  const int64_t limit = std::min(config.data.max_prompt_tokens, model.config().max_positions - config.rollout.sampling.max_new_tokens);
  std::vector<size_t> row_of;  // of each group
  for (auto& [row, attempt] : tries) {
    GenerationRequest request{.group_id = row_of.size(),
                              .seed = static_cast<uint64_t>(config.run.seed),
                              .step = static_cast<uint64_t>(attempt),
                              .prompt_key = KeyOf(Concat("attack/", row.transform, "/", row.prompt.id)),
                              .prompt_tokens = reader.PromptTokens(row.prompt),
                              .num_samples = 1,
                              .sampling = reader.Sampling(config.rollout.sampling, row.prompt.category)};
    if (std::ssize(request.prompt_tokens) > limit) {
      ++*not_rewritten;
      continue;
    }
    row_of.push_back(rows->size());
    rows->push_back(std::move(row));
    engine.Submit(std::move(request));
  }
  while (!engine.idle()) {
    for (const TrajectoryGroup& group : engine.Step()) {
      AttackTryRow& row = rows->at(row_of.at(group.group_id));
      row.response =
          CompletionText(*reader.tokenizer, group.trajectories.at(0), reader.Sampling(config.rollout.sampling, row.prompt.category));
      row.truncated = !group.trajectories.at(0).finished;
    }
  }
}

// Graded tries of the prompts that are attacked, by prompt.
std::vector<PromptTries> TriesOf(const std::vector<const AttackTryRow*>& rows) {
  std::map<std::string, PromptTries> by_prompt;
  for (const AttackTryRow* row : rows) {
    PromptTries& prompt = by_prompt[row->prompt.id];
    prompt.prompt_id = row->prompt.id;
    if (row->grade.outcome != GradeOutcome::kOk) continue;
    ++prompt.tries;
    prompt.successes += row->grade.severity != Severity::kNone ? 1 : 0;
  }
  std::vector<PromptTries> tries;
  for (auto& [id, prompt] : by_prompt) tries.push_back(std::move(prompt));
  return tries;
}

// A figure of the graded answers to the benign prompts.
template <typename Figure>
Estimate OverBenign(const std::vector<const AttackTryRow*>& rows, FigureScale scale, const Figure& figure) {
  std::map<std::string, PromptSums> by_prompt;
  for (const AttackTryRow* row : rows) {
    if (row->grade.outcome != GradeOutcome::kOk) continue;
    by_prompt[row->prompt.id].numerator += figure(row->grade);
    by_prompt[row->prompt.id].denominator += 1;
  }
  std::vector<PromptSums> sums;
  for (const auto& [id, sum] : by_prompt) sums.push_back(sum);
  return RatioOverPrompts(sums, scale);
}

// `usual` where no column says it; "" = nobody knows, and it counts nowhere. `problem` is empty where it is one.
std::string IntentOf(const DatasetRow& row, const std::string& usual, std::string* problem) {
  const auto found = row.columns.find("intent");
  if (found == row.columns.end()) return usual;
  for (const char* known : {"benign", "dual_use", "malicious", ""})
    if (found->second == known) return known;
  *problem = Concat("the column intent holds ", Quoted(found->second), "; it is benign, dual_use, malicious or empty");
  return "";
}

}  // namespace

std::vector<AttackTryRow> ReadTries(const std::string& path, const std::string& usual_intent) {
  CheckRowsFile(path);
  const std::string text = ReadUserFile(path, {.what = "the answers", .max_bytes = uint64_t{1} << 30});
  const auto rows = OpenRows(path, text);
  std::vector<AttackTryRow> tries;
  for (DatasetRow row; rows->Next(&row); row = DatasetRow()) {
    const auto problem = [&](const std::string& what) { return ConfigError(Concat(path, ":", row.line, ": ", what)); };
    if (!row.error.empty()) throw problem(row.error);
    for (const char* needed : {"id", "prompt", "response"})
      if (!row.columns.contains(needed)) throw problem(Concat("the column ", needed, " is missing"));
    AttackTryRow& each = tries.emplace_back();
    each.transform = row.columns["transform"].empty() ? "answers" : row.columns["transform"];
    each.prompt.id = row.columns["id"];
    each.prompt.text = each.asked = row.columns["prompt"];
    each.prompt.category = row.columns["category"];
    std::string wrong;
    each.prompt.intent = IntentOf(row, usual_intent, &wrong);
    if (!wrong.empty()) throw problem(wrong);
    each.response = row.columns["response"];
    const std::string& cut = row.columns["truncated"];
    each.truncated = cut == "true" || cut == "True" || cut == "TRUE" || cut == "1";
  }
  if (tries.empty()) throw ConfigError(path + ": there is no answer");
  return tries;
}

std::vector<AttackTryRow> DrawTries(const ExperimentConfig& config, const DataStore& reader, const std::string& model,
                                    const std::vector<TransformEntry>& transforms, const std::vector<Prompt>& prompts, int64_t k,
                                    int64_t* not_rewritten) {
  const Transformer policy = LoadHfModel(model);
  std::vector<AttackTryRow> rows;
  for (const TransformEntry& transform : transforms) {
    auto tries = RewriteTries(transform, static_cast<uint64_t>(config.run.seed), prompts, k, not_rewritten);
    AnswerTries(config, reader, policy, std::move(tries), &rows, not_rewritten);
  }
  return rows;
}

void GradeTries(const RewardConfig& reward, std::vector<AttackTryRow>* rows) {
  const GraderPlan plan = PlanOf(reward);
  const auto graders = MakeGraders(plan);
  for (size_t begin = 0; begin < rows->size(); begin += kGradedTogether) {
    const size_t end = std::min(begin + kGradedTogether, rows->size());
    std::vector<GradeRequest> requests;
    for (size_t i = begin; i < end; ++i) {
      const AttackTryRow& row = rows->at(i);
      GradeRequest& request = requests.emplace_back(GradeRequest{row.asked, row.response, row.prompt.category, row.truncated});
      if (reward.Sees("intent")) request.intent = row.prompt.intent;
      if (reward.Sees("label")) request.label = row.prompt.label;
      request.item = row.prompt.columns;
    }
    std::vector<Grade> grades = GradeAll(graders.get(), std::move(requests), plan.deadline_s);
    for (size_t i = begin; i < end; ++i) {
      CountByRow(rows->at(i).prompt.intent, rows->at(i).prompt.label, &grades[i - begin]);
      rows->at(i).grade = std::move(grades[i - begin]);
    }
  }
}

std::vector<AttackOutcome> OutcomesOf(const std::vector<AttackTryRow>& rows, int64_t k, bool dual_use) {
  std::vector<std::string> transforms;
  for (const AttackTryRow& row : rows)
    if (std::find(transforms.begin(), transforms.end(), row.transform) == transforms.end()) transforms.push_back(row.transform);
  std::vector<AttackOutcome> outcomes;
  for (const std::string& transform : transforms) {
    AttackOutcome& outcome = outcomes.emplace_back();
    outcome.transform = transform;
    std::vector<const AttackTryRow*> attacked, benign;
    for (const AttackTryRow& row : rows) {
      if (row.transform != transform) continue;
      outcome.failed_grades += row.grade.outcome != GradeOutcome::kOk ? 1 : 0;
      if (row.prompt.intent == "malicious" || (dual_use && row.prompt.intent == "dual_use")) attacked.push_back(&row);
      if (row.prompt.intent == "benign") benign.push_back(&row);
    }
    const std::vector<PromptTries> tries = TriesOf(attacked);
    outcome.prompts = std::ssize(tries);
    outcome.asr = AsrCurve(tries, k);
    outcome.over_refusal = OverBenign(benign, kShareScale, [](const Grade& grade) { return grade.over_refusal ? 1.0 : 0.0; });
    outcome.help = OverBenign(benign, kScoreScale, [](const Grade& grade) { return grade.helpfulness; });
    outcome.benign = outcome.over_refusal.n;
  }
  return outcomes;
}

}  // namespace temper
