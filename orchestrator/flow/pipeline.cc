#include "orchestrator/flow/pipeline.h"

#include <algorithm>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"

namespace temper {
namespace {

constexpr int kStepBits = 4;
constexpr int kGroupBits = 46;
constexpr uint64_t kPhases = uint64_t{1} << 12;
constexpr int64_t kRefusalsTold = 20;  // messages name the group, so that no two are equal

uint64_t GroupOf(TaskId task) { return task >> kStepBits & ((uint64_t{1} << kGroupBits) - 1); }
size_t StepOf(TaskId task) { return task & ((uint64_t{1} << kStepBits) - 1); }

const std::string& ResultOf(JournalRecord::Kind kind, const RecoveredGroup& recovered) {
  return kind == JournalRecord::Kind::kGenerated ? recovered.generated : recovered.graded;
}

}  // namespace

Pipeline::Pipeline(std::vector<PipelineStep> steps, BusServer* bus) : steps_(std::move(steps)), bus_(bus) {
  TEMPER_CHECK(!steps_.empty() && steps_.size() <= size_t{1} << kStepBits, "a pipeline of ", steps_.size(), " steps");
}

TaskId Pipeline::TaskIdOf(uint64_t group, size_t step) const {
  return phase_ % kPhases << (kGroupBits + kStepBits) | group << kStepBits | step;
}

std::string Pipeline::NameOf(TaskId task) const {
  return Concat("group ", GroupOf(task), ", ", StepOf(task) < steps_.size() ? steps_[StepOf(task)].name : "no step");
}

void Pipeline::BeginPhase(Journal* journal) {
  TEMPER_CHECK(groups_.empty(), groups_.size(), " groups are still in flight at the start of a phase");
  ++phase_;
  journal_ = journal;
}

void Pipeline::Issue(const GroupSpec& spec, const RecoveredGroup* recovered) {
  const uint64_t id = spec.task.request.group_id;
  TEMPER_CHECK(id >> kGroupBits == 0, "group ", id, " is above 2^", kGroupBits);
  const auto group = groups_.insert_or_assign(id, GroupInWork{}).first;
  GroupInWork& in_work = group->second;
  in_work.spec = spec;
  in_work.group.prompt = spec.prompt;
  in_work.group.rollout.group.group_id = id;
  in_work.group.issued_at = NowSeconds();
  Record(JournalRecord::Kind::kIssued, in_work, "");
  const bool same = recovered != nullptr && recovered->prompt_id == spec.prompt->id;
  while (same && in_work.step < steps_.size()) {
    const PipelineStep& step = steps_[in_work.step];
    const std::string& result = ResultOf(step.journal, *recovered);
    if (result.empty() || !step.holds_still(result, spec)) break;
    const size_t before = in_work.step;
    std::string problem;
    const Taken taken = Take(group, result, &problem);
    if (taken != Taken::kBad) recovered_ += before == 0;
    if (taken == Taken::kLeft) return;
    if (taken == Taken::kBad) {
      TEMPER_LOG(Warn, "group ", id, ": the journal holds no usable result of ", step.name, " (", problem, "); it is made again");
      break;
    }
  }
  Submit(in_work);
}

void Pipeline::IssueDrawn(const GroupSpec& spec, const std::string& response) {
  const uint64_t id = spec.task.request.group_id;
  TEMPER_CHECK(id >> kGroupBits == 0, "group ", id, " is above 2^", kGroupBits);
  GroupInWork& in_work = groups_[id] = GroupInWork{};
  in_work.spec = spec;
  in_work.recorded = false;
  in_work.group.prompt = spec.prompt;
  in_work.group.rollout.group.group_id = id;
  in_work.group.rollout.group.trajectories.resize(1);
  in_work.group.rollout.group.trajectories[0].finished = true;
  in_work.group.responses = {response};
  in_work.group.issued_at = in_work.group.generated_at = NowSeconds();
  while (steps_.at(in_work.step).role != Role::kReward) ++in_work.step;
  Submit(in_work);
}

void Pipeline::Submit(const GroupInWork& group) {
  const PipelineStep& step = steps_[group.step];
  bus_->Submit(step.role, TaskIdOf(group.spec.task.request.group_id, group.step), step.task(group));
}

std::string Pipeline::OnResult(TaskId task, const std::string& result) {
  const auto group = groups_.find(GroupOf(task));
  TEMPER_CHECK(group != groups_.end() && group->second.step == StepOf(task), "a result of ", NameOf(task), ", which nobody waits for");
  std::string problem;
  if (Take(group, result, &problem) == Taken::kOn) Submit(group->second);
  return problem;
}

std::string Pipeline::PayloadOf(TaskId task) const {
  const GroupInWork& group = groups_.at(GroupOf(task));
  return steps_[group.step].task(group);
}

Pipeline::Taken Pipeline::Take(Groups::iterator group, const std::string& result, std::string* problem) {
  GroupInWork& in_work = group->second;
  const PipelineStep& step = steps_[in_work.step];
  std::optional<StepRefusal> refusal;
  try {
    refusal = step.take(result, &in_work);
  } catch (const std::exception& error) {  // a worker may send anything
    *problem = error.what();
    return Taken::kBad;
  }
  if (refusal) {
    Refuse(&in_work, *refusal);
    Complete(group);
    return Taken::kLeft;
  }
  Record(step.journal, in_work, result);
  if (++in_work.step < steps_.size()) return Taken::kOn;
  Complete(group);
  return Taken::kLeft;
}

void Pipeline::Refuse(GroupInWork* in_work, const StepRefusal& refusal) {
  const PipelineStep& step = steps_[in_work->step];
  const std::string what =
      Concat("prompt ", in_work->spec.prompt->id, ": ", step.name, " refused by a ", temper::NameOf(step.role), " worker: ", refusal.why);
  if (refusal.user_error) throw ConfigError(what);
  if (++refusals_told_ <= kRefusalsTold) refusals_.push_back(what);
  GradedGroup& group = in_work->group;
  Grade failed;
  failed.outcome = GradeOutcome::kCrash;
  failed.error = what;
  const auto samples = static_cast<size_t>(in_work->spec.task.request.num_samples);
  group.responses.resize(samples);
  group.grades.assign(samples, failed);
  group.refused = what;
  if (group.generated_at == 0) group.generated_at = NowSeconds();
  group.graded_at = NowSeconds();
}

void Pipeline::Complete(Groups::iterator group) {
  complete_.push_back(std::move(group->second.group));
  groups_.erase(group);
}

std::vector<GradedGroup> Pipeline::TakeComplete() { return std::exchange(complete_, {}); }

std::vector<std::string> Pipeline::TakeRefusals() { return std::exchange(refusals_, {}); }

bool Pipeline::AnyUndrawn(uint64_t first, uint64_t last) const {
  return std::any_of(groups_.lower_bound(first), groups_.lower_bound(last),
                     [](const auto& entry) { return entry.second.group.generated_at == 0; });
}

void Pipeline::Record(JournalRecord::Kind kind, const GroupInWork& group, const std::string& payload) {
  if (journal_ == nullptr || !group.recorded) return;
  JournalRecord record;
  record.kind = kind;
  record.group_id = group.spec.task.request.group_id;
  if (kind == JournalRecord::Kind::kIssued) record.prompt_id = group.spec.prompt->id;
  record.payload = payload;
  journal_->Append(record);
}

}  // namespace temper
