#include "workers/reward_worker.h"

#include "cluster/telemetry/telemetry_phases.h"

namespace temper {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(100);

std::unique_ptr<Grader> GraderFor(const std::string& welcome) {
  const RewardWelcome decoded = RewardWelcome::Decode(welcome);
  return MakeRuleGrader(ParsePolicySpec(decoded.policy_spec_yaml, decoded.policy_spec_name));
}

}  // namespace

RewardWorker::RewardWorker(BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics, const std::string& welcome)
    : bus_(bus), telemetry_(telemetry), metrics_(metrics), grader_(GraderFor(welcome)) {}

void RewardWorker::Count(const std::vector<Grade>& grades) {
  graded_ += grades.size();
  for (const Grade& grade : grades) {
    failed_ += grade.outcome != GradeOutcome::kOk;
    metrics_->Observe("grader/grade_s", 1e-6 * static_cast<double>(grade.latency_us));
  }
  metrics_->Set("grader/graded", static_cast<double>(graded_));
  metrics_->Set("grader/failed", static_cast<double>(failed_));
}

bool RewardWorker::RunOnce() {
  telemetry_->Enter(phase::kWaitTask);
  bus_->Poll(kIdleWait);
  while (const auto welcome = bus_->NextWelcome()) grader_ = GraderFor(*welcome);
  while (bus_->NextAnnouncement()) {
  }
  while (const auto task = bus_->NextTask()) {
    telemetry_->Enter(phase::kGrade);
    const RewardTask request = RewardTask::Decode(task->payload);
    const RewardResult result{grader_->GradeAll(request.requests)};
    bus_->SendResult(task->id, result.Encode());
    Count(result.grades);
    bus_->SetProgress(graded_);
    telemetry_->Count(static_cast<double>(request.requests.size()));
    bus_->Beat(false);
  }
  return !bus_->draining();
}

}  // namespace temper
