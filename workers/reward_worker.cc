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

RewardWorker::RewardWorker(BusClient* bus, Telemetry* telemetry, const std::string& welcome)
    : bus_(bus), telemetry_(telemetry), grader_(GraderFor(welcome)) {}

bool RewardWorker::RunOnce() {
  telemetry_->Enter(phase::kWaitTask);
  bus_->Poll(kIdleWait);
  while (const auto welcome = bus_->NextWelcome()) grader_ = GraderFor(*welcome);
  while (bus_->NextAnnouncement()) {
  }
  while (const auto task = bus_->NextTask()) {
    telemetry_->Enter(phase::kGrade);
    const RewardTask request = RewardTask::Decode(task->payload);
    bus_->SendResult(task->id, RewardResult{grader_->GradeAll(request.requests)}.Encode());
    graded_ += request.requests.size();
    bus_->SetProgress(graded_);
    telemetry_->Count(static_cast<double>(request.requests.size()));
    bus_->Beat(false);
  }
  return !bus_->draining();
}

}  // namespace temper
