// A reward worker at a bus within one thread.
#include "workers/reward_worker.h"

#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "cluster/bus/in_process.h"

namespace temper {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

// Has work finished when the test says so, in the order of its choice: a judge somewhere else.
class SlowGrader : public Grader {
 public:
  Handle Start(std::vector<GradeRequest> requests) override {
    started.push_back(std::move(requests));
    return started.size();
  }
  std::vector<Finished> Collect(milliseconds) override { return std::exchange(finished, {}); }
  std::string id() const override { return "slow/1"; }

  void Finish(Handle handle, double safety) {
    Grade grade;
    grade.safety = safety;
    finished.push_back({handle, std::vector<Grade>(started[handle - 1].size(), grade)});
  }

  std::vector<std::vector<GradeRequest>> started;
  std::vector<Finished> finished;
};

class RewardWorkerTest : public testing::Test {
 protected:
  void Start(double deadline_s) {
    bus_.SetWelcome(Role::kReward, RewardWelcome{{{{.type = "slow", .deadline_s = deadline_s}}, {}, deadline_s}}.Encode());
    client_ = bus_.Connect(Role::kReward, 4);
    worker_ = std::make_unique<RewardWorker>(client_.get(), &telemetry_, &metrics_, client_->Register(milliseconds(0)),
                                             [this](const GraderPlan&) {
                                               auto grader = std::make_unique<SlowGrader>();
                                               grader_ = grader.get();
                                               return grader;
                                             });
    bus_.AddWorker([this] { return worker_->RunOnce(); });
    Turn();
  }
  void Turn() {
    for (const BusEvent& event : bus_.Poll(milliseconds(0))) {
      if (event.kind == BusEvent::Kind::kResult) results_[event.task] = RewardResult::Decode(event.body);
    }
  }
  static std::string TaskOf(size_t answers) { return RewardTask{std::vector<GradeRequest>(answers, {"p", "r", "c", false})}.Encode(); }

  Millis now_ = 1;
  InProcessBus bus_{{.rules = {.lease = 100, .peer_timeout = 0}, .clock = [this] { return now_; }}};
  Telemetry telemetry_{-1, false};
  MetricsEndpoint metrics_{{}};
  std::unique_ptr<BusClient> client_;
  SlowGrader* grader_ = nullptr;
  std::unique_ptr<RewardWorker> worker_;
  std::map<TaskId, RewardResult> results_;
};

TEST_F(RewardWorkerTest, ATaskThatDoesNotDecodeIsAnsweredAndTheNextIsGraded) {
  Start(60);
  bus_.Submit(Role::kReward, 1, "nonsense");
  bus_.Submit(Role::kReward, 2, TaskOf(2));
  Turn();
  EXPECT_THAT(results_[1].error, testing::HasSubstr("message cut short"));
  EXPECT_FALSE(results_[1].user_error);
  grader_->Finish(1, 0.5);
  Turn();
  EXPECT_EQ(results_[2].error, "");
  ASSERT_EQ(results_[2].grades.size(), 2U);
  EXPECT_EQ(results_[2].grades[1].safety, 0.5);
}

TEST_F(RewardWorkerTest, WhatTheGraderFinishesFirstIsReturnedFirst) {
  Start(60);
  for (const TaskId task : {1, 2}) bus_.Submit(Role::kReward, task, TaskOf(1));
  Turn();
  ASSERT_EQ(grader_->started.size(), 2U) << "the second was taken on while the first is under way";
  grader_->Finish(2, 0.25);
  Turn();
  EXPECT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[2].grades[0].safety, 0.25);
}

TEST_F(RewardWorkerTest, CollectedGradesRenewTheLeasesOfTheOthers) {
  Start(60);
  for (const TaskId task : {1, 2}) bus_.Submit(Role::kReward, task, TaskOf(1));
  Turn();
  now_ += 90;
  grader_->Finish(1, 1);
  Turn();
  now_ += 90;  // 180 ms after the start, 90 after the last progress; a lease is 100
  Turn();
  EXPECT_EQ(bus_.table().num_requeued(), 0);
  now_ += 20;
  Turn();
  EXPECT_EQ(bus_.table().num_requeued(), 1);
  Turn();
  EXPECT_EQ(grader_->started.size(), 2U) << "the same worker gets it again, and has it already";
}

TEST_F(RewardWorkerTest, WhatIsNotGradedByTheDeadlineHasTimedOut) {
  Start(0.001);
  bus_.Submit(Role::kReward, 1, TaskOf(3));
  const double end = NowSeconds() + 20;
  while (results_.empty() && NowSeconds() < end) Turn();
  ASSERT_EQ(results_[1].grades.size(), 3U);
  for (const Grade& grade : results_[1].grades) {
    EXPECT_EQ(grade.outcome, GradeOutcome::kTimeout);
    EXPECT_EQ(grade.error, "no grade within 0.001 s (reward.grader_timeout_s)");
    EXPECT_EQ(grade.grader, "slow/1");
  }
  grader_->Finish(1, 1);  // too late
  Turn();
  EXPECT_EQ(bus_.table().num_duplicates(), 0);
}

TEST(RewardWorker, HasAGraderAtLeast) {
  InProcessBus bus({});
  const auto client = bus.Connect(Role::kReward, 1);
  Telemetry telemetry(-1, false);
  MetricsEndpoint metrics({});
  EXPECT_THROW(RewardWorker(client.get(), &telemetry, &metrics, RewardWelcome{}.Encode()), Error);
}

}  // namespace
}  // namespace temper
