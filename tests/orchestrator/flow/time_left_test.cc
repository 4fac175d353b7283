#include "orchestrator/flow/time_left.h"

#include <gtest/gtest.h>

namespace temper {
namespace {

// sft of 10 steps, an evaluation of 20 prompts, then two arms of 5 steps with 20 prompts each.
TimeLeft Planned() {
  TimeLeft left;
  left.Plan({{"a", "sft", 10}, {"a", "eval", 20}, {"a", "rl", 5}, {"a", "eval", 20}, {"b", "rl", 5}, {"b", "eval", 20}});
  return left;
}

TEST(TimeLeftTest, IsNotKnownBeforeEveryKindOfStageHasDoneAUnit) {
  TimeLeft left = Planned();
  EXPECT_FALSE(left.Seconds());
  left.Begin("a", "sft");
  left.Done(0, 100);
  left.Done(10, 130);
  left.Begin("a", "eval");
  left.Done(0, 130);
  left.Done(20, 140);
  EXPECT_FALSE(left.Seconds()) << "what a step of RL takes nobody knows yet";
  left.Begin("a", "rl");
  left.Done(0, 140);
  EXPECT_FALSE(left.Seconds());
  left.Done(1, 144);
  // 4 + 5 steps of 4 s, and 2 evaluations of 20 prompts of 0.5 s.
  EXPECT_DOUBLE_EQ(left.Seconds().value(), 9 * 4 + 2 * 20 * 0.5);
  left.Done(5, 150);  // 2 s a step, as it turned out
  EXPECT_DOUBLE_EQ(left.Seconds().value(), 5 * 2 + 2 * 20 * 0.5);
}

TEST(TimeLeftTest, CountsWhatAnEarlierStartDidAsDoneAndMeasuresNothingByIt) {
  TimeLeft left = Planned();
  left.Begin("a", "rl");  // sft and its evaluation are skipped
  left.Done(3, 10);
  EXPECT_FALSE(left.Seconds());
  left.Done(4, 16);
  EXPECT_FALSE(left.Seconds()) << "no prompt was evaluated yet";
  left.Done(5, 22);
  left.Begin("a", "eval");
  left.Done(0, 22);
  left.Done(10, 27);
  EXPECT_DOUBLE_EQ(left.Seconds().value(), 10 * 0.5 + 5 * 6 + 20 * 0.5);
  left.Done(20, 32);
  left.Begin("b", "rl");
  left.Done(5, 32);  // done by an earlier start
  EXPECT_DOUBLE_EQ(left.Seconds().value(), 20 * 0.5);
  left.Begin("b", "eval");
  left.Done(20, 33);
  EXPECT_DOUBLE_EQ(left.Seconds().value(), 0);
}

TEST(TimeLeftTest, AStageThatIsNotPlannedChangesNothing) {
  TimeLeft left;
  left.Begin("a", "sft");
  left.Done(0, 0);
  left.Done(5, 1);
  EXPECT_FALSE(left.Seconds()) << "no plan";
  left.Plan({{"a", "sft", 10}});
  left.Begin("b", "sft");
  left.Done(0, 1);
  left.Done(10, 11);
  EXPECT_DOUBLE_EQ(left.Seconds().value(), 10);
}

}  // namespace
}  // namespace temper
