#include "orchestrator/flow/group_steps.h"

#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "rollout/engine/stop_strings.h"

namespace temper {
namespace {

constexpr size_t kMaxVerdicts = 256;

std::string SamplingTask(const GroupInWork& group) { return group.spec.task.Encode(); }

// What graders read of a completion, with the beginning that was given to it.
std::string ResponseOf(const GroupSpec& spec, const Trajectory& completion) {
  const SamplingOptions& sampling = spec.task.request.sampling;
  if (spec.answer_begun.empty()) return CompletionText(*spec.tokenizer, completion, sampling);
  Trajectory whole = completion;
  whole.tokens.insert(whole.tokens.begin(), spec.answer_begun.begin(), spec.answer_begun.end());
  return CompletionText(*spec.tokenizer, whole, sampling);
}

std::optional<StepRefusal> TakeCompletions(const std::string& payload, GroupInWork* in_work) {
  RolloutResult result = RolloutResult::Decode(payload);
  if (!result.error.empty()) return StepRefusal{result.error, result.user_error};
  const RolloutTask& task = in_work->spec.task;
  const uint64_t id = task.request.group_id;
  TEMPER_CHECK(result.group.group_id == id && static_cast<int64_t>(result.group.trajectories.size()) == task.request.num_samples,
               "rollout of group ", id, " came back as group ", result.group.group_id, " with ", result.group.trajectories.size(),
               " completions");
  TEMPER_CHECK(!task.exact || result.weight_hash == task.weights.hash, "rollout of group ", id, " was sampled from weights ",
               result.weight_hash, ", the learner published ", task.weights.hash);
  std::vector<std::string> responses;
  for (const Trajectory& t : result.group.trajectories) responses.push_back(ResponseOf(in_work->spec, t));
  GradedGroup& group = in_work->group;
  group.generated_at = NowSeconds();
  group.rollout = std::move(result);
  group.responses = std::move(responses);
  return std::nullopt;
}

// On-policy a completion is taken over only from the very same weights; with staleness allowed its versions are judged later.
bool CompletionsHoldStill(const std::string& payload, const GroupSpec& spec) {
  return !spec.task.exact || RolloutResult::Decode(payload).weight_hash == spec.task.weights.hash;
}

std::string GradingTask(const GroupInWork& in_work) {
  RewardTask task;
  const GradedGroup& group = in_work.group;
  const Prompt& prompt = *group.prompt;
  const std::string& asked = prompt.judged_as.empty() ? prompt.text : prompt.judged_as;
  for (size_t i = 0; i < group.responses.size(); ++i) {
    const bool truncated = IsTruncated(group, i);
    GradeRequest& request = task.requests.emplace_back(GradeRequest{asked, group.responses[i], prompt.category, truncated});
    if (in_work.spec.sees.intent) request.intent = prompt.intent;
    if (in_work.spec.sees.label) request.label = prompt.label;
    request.item = prompt.columns;  // no others were kept
  }
  return task.Encode();
}

// A worker's word becomes names of metrics, keys of files and numbers of a report.
void CheckVerdicts(const Grade& grade) {
  TEMPER_CHECK(grade.verdicts.size() <= kMaxVerdicts, "a grade with ", grade.verdicts.size(), " verdicts; at most ", kMaxVerdicts);
  for (const Verdict& verdict : grade.verdicts) {
    const std::string problem = VerdictProblem(verdict);
    TEMPER_CHECK(problem.empty(), "a grade holds ", problem);
  }
}

std::optional<StepRefusal> TakeGrades(const std::string& payload, GroupInWork* in_work) {
  RewardResult result = RewardResult::Decode(payload);
  if (!result.error.empty()) return StepRefusal{result.error, result.user_error};
  GradedGroup& group = in_work->group;
  TEMPER_CHECK(result.grades.size() == group.responses.size(), "group ", group.rollout.group.group_id, " of ", group.responses.size(),
               " completions came back with ", result.grades.size(), " grades");
  for (const Grade& grade : result.grades) CheckVerdicts(grade);
  group.grades = std::move(result.grades);
  for (Grade& grade : group.grades) CountByRow(group.prompt->intent, group.prompt->label, &grade);
  group.graded_at = NowSeconds();
  return std::nullopt;
}

}  // namespace

std::vector<PipelineStep> SampleAndGrade() {
  return {{.name = "sampling",
           .role = Role::kRollout,
           .journal = JournalRecord::Kind::kGenerated,
           .task = &SamplingTask,
           .take = &TakeCompletions,
           .holds_still = &CompletionsHoldStill},
          {.name = "grading",
           .role = Role::kReward,
           .journal = JournalRecord::Kind::kGraded,
           .task = &GradingTask,
           .take = &TakeGrades,
           .holds_still = [](const std::string&, const GroupSpec&) { return true; }}};
}

}  // namespace temper
