#include "orchestrator/flow/learner_orders.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/bus/in_process.h"

namespace temper {
namespace {

using std::chrono::milliseconds;

class LearnerOrdersTest : public testing::Test {
 protected:
  LearnerOrdersTest() {
    for (int i = 0; i < 2; ++i) {
      learners_.push_back(bus_.Connect({Role::kLearner, i}, 4));
      EXPECT_EQ(orders_.num_registered(), i);
      learners_.back()->Register(milliseconds(0));
    }
  }
  void Deliver() {
    for (const BusEvent& event : bus_.Poll(milliseconds(0))) {
      if (event.kind != BusEvent::Kind::kResult) continue;
      EXPECT_TRUE(orders_.OnResult(event.task, event.body));
    }
  }
  // The folder that the learner was told to save into.
  std::string Answer(size_t learner, const LearnerResult& result) {
    Deliver();
    const auto task = learners_[learner]->NextTask();
    learners_[learner]->SendResult(task->id, result.Encode());
    Deliver();
    return std::get<SaveOrder>(LearnerTask::Decode(task->payload).order).folder;
  }

  InProcessBus bus_{{.rules = {.lease = 0, .peer_timeout = 0}}};
  LearnerOrders orders_{&bus_, 2};
  std::vector<std::unique_ptr<BusClient>> learners_;
  const std::vector<LearnerTask> save_{{SaveOrder{"/a"}}, {SaveOrder{"/b"}}};
};

TEST_F(LearnerOrdersTest, EachLearnerGetsItsOwnAndTheLargestOfTheMachineCounts) {
  EXPECT_EQ(orders_.num_registered(), 2);
  orders_.Give(save_);
  EXPECT_THROW(orders_.Give(save_), Error) << "the last order is not done";
  LearnerResult first, second;
  first.report = {{"actor/loss", 1}, {"sys/learner_rss_bytes", 10}};
  second.report = {{"actor/loss", 2}, {"sys/learner_rss_bytes", 30}};
  EXPECT_EQ(Answer(1, second), "/b");
  EXPECT_FALSE(orders_.Done());
  EXPECT_EQ(Answer(0, first), "/a");
  ASSERT_TRUE(orders_.Done());
  const LearnerResult taken = orders_.Take();
  EXPECT_EQ(taken.report.at("actor/loss"), 1);
  EXPECT_EQ(taken.report.at("sys/learner_rss_bytes"), 30);
  EXPECT_FALSE(orders_.OnResult(5, "")) << "a group's";
}

TEST_F(LearnerOrdersTest, OneThatFailedEndsTheWait) {
  orders_.Give(save_);
  Answer(1, Refusal<LearnerResult>("disk full", false));
  ASSERT_TRUE(orders_.Done());
  try {
    orders_.Take();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("learner 1: disk full"));
  }
}

TEST_F(LearnerOrdersTest, TheUsersErrorIsAConfigError) {
  orders_.Give(save_);
  Answer(0, Refusal<LearnerResult>("config.json: no such file", true));
  EXPECT_THROW(orders_.Take(), ConfigError);
}

}  // namespace
}  // namespace temper
