#include "workers/reward_worker.h"

#include <algorithm>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/telemetry/telemetry_phases.h"

namespace temper {
namespace {

constexpr auto kGradingWait = std::chrono::milliseconds(100);
constexpr auto kGraderWait = std::chrono::milliseconds(20);

}  // namespace

RewardWorker::RewardWorker(BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics, const std::string& welcome, GraderFactory make)
    : bus_(bus), telemetry_(telemetry), metrics_(metrics), make_(std::move(make)) {
  Adopt(welcome);
}

void RewardWorker::Adopt(const std::string& welcome) {
  const RewardWelcome decoded = RewardWelcome::Decode(welcome);
  grader_ = make_(decoded.plan);
  deadline_s_ = decoded.plan.deadline_s;
  pending_.clear();  // the orchestrator gives these tasks out again
}

bool RewardWorker::RunOnce() {
  if (pending_.empty()) telemetry_->Enter(phase::kWaitTask);
  bus_->Poll(pending_.empty() ? kGradingWait : std::chrono::milliseconds(0));
  while (const auto welcome = bus_->NextWelcome()) Adopt(*welcome);
  while (const auto task = bus_->NextTask()) {
    Start(*task);
    bus_->Beat(false);
  }
  if (!pending_.empty()) Collect();
  return !bus_->draining();
}

// A task whose lease ran out may be given to the same worker again.
bool RewardWorker::Holds(TaskId task) const {
  return std::any_of(pending_.begin(), pending_.end(), [task](const auto& entry) { return entry.second.task == task; });
}

void RewardWorker::Start(const BusTask& task) {
  if (Holds(task.id)) return;
  telemetry_->Enter(phase::kGrade);
  try {
    RewardTask decoded = RewardTask::Decode(task.payload);
    const Pending pending{task.id, decoded.requests.size(), NowSeconds()};
    pending_[grader_->Start(std::move(decoded.requests))] = pending;
  } catch (const Error& error) {
    TEMPER_LOG(Warn, "grading refused: ", error.what());
    bus_->SendResult(task.id, Refusal<RewardResult>(error.what(), false).Encode());
  }
}

void RewardWorker::Collect() {
  telemetry_->Enter(phase::kGrade);
  for (Grader::Finished& finished : grader_->Collect(kGraderWait)) {
    const auto found = pending_.find(finished.handle);
    if (found == pending_.end()) continue;  // given up meanwhile
    Return(found->second.task, std::move(finished.grades));
    pending_.erase(found);
  }
  GiveUpOverdue();
}

void RewardWorker::GiveUpOverdue() {
  for (auto each = pending_.begin(); each != pending_.end();) {
    const auto& [task, num_requests, since] = each->second;
    const double waited = NowSeconds() - since;
    if (waited < deadline_s_) {
      ++each;
      continue;
    }
    Grade late = OverdueGrade(*grader_, waited, deadline_s_);
    late.error += " (reward.grader_timeout_s)";
    Return(task, std::vector<Grade>(num_requests, late));
    each = pending_.erase(each);
  }
}

void RewardWorker::Return(TaskId task, std::vector<Grade> grades) {
  Count(grades);
  RewardResult result;
  result.grades = std::move(grades);
  bus_->SendResult(task, result.Encode());
  bus_->SetProgress(graded_);
  telemetry_->Count(static_cast<double>(result.grades.size()));
  bus_->Beat(false);
}

void RewardWorker::Count(const std::vector<Grade>& grades) {
  graded_ += grades.size();
  for (const Grade& grade : grades) {
    failed_ += grade.outcome != GradeOutcome::kOk;
    metrics_->Observe("grader/grade_s", 1e-6 * static_cast<double>(grade.latency_us));
  }
  metrics_->Set("grader/graded", static_cast<double>(graded_));
  metrics_->Set("grader/failed", static_cast<double>(failed_));
}

}  // namespace temper
