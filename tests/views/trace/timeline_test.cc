// From spans to what a page draws: hand-made spans, exact numbers.
#include "views/trace/timeline.h"

#include <numeric>

#include <gmock/gmock.h>

#include "tests/views/monitoring_fixture.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// `steps` steps of a second (one of them, `slow`, of three): 300 ms of drawing, 100 of grading, the rest learning.
void AddSteps(TraceProcess* orchestrator, TraceProcess* learner, TraceProcess* rollout, int64_t begin, int64_t steps, int64_t slow = -1) {
  int64_t t = begin;
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t end = t + (step == slow ? 3000 : 1000);
    TraceBuilder::Add(orchestrator, "wait_rollouts", t, t + 300, step);
    TraceBuilder::Add(orchestrator, "wait_grades", t + 300, t + 400, step);
    TraceBuilder::Add(orchestrator, "wait_learners", t + 400, end, step);
    TraceBuilder::Add(learner, "wait_task", t, t + 400);
    TraceBuilder::Add(learner, "update", t + 400, end, step);
    TraceBuilder::Add(rollout, "rollout", t, t + 300, step);
    TraceBuilder::Add(rollout, "wait_task", t + 300, end);
    t = end;
  }
}

double Sum(const std::array<double, kNumActivities>& bin) { return std::accumulate(bin.begin(), bin.end(), 0.0); }

double SumOf(const TraceTimeline::Row& row, Activity activity) {
  double sum = 0;
  for (const auto& bin : row.bins) sum += bin[static_cast<size_t>(activity)];
  return sum;
}

TEST(Timeline, BinsHoldEverySecondOfEverySpanOnce) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *learner = trace.Process("learner", 1),
               *rollout = trace.Process("rollout", 2);
  AddSteps(orchestrator, learner, rollout, 0, 7);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  EXPECT_DOUBLE_EQ(line.seconds, 7.0);
  ASSERT_THAT(line.rows, SizeIs(3));
  EXPECT_NEAR(SumOf(line.rows[1], Activity::kUpdate), 4.2, 1e-9);
  EXPECT_NEAR(SumOf(line.rows[1], Activity::kWait), 2.8, 1e-9);
  EXPECT_NEAR(SumOf(line.rows[2], Activity::kRollout), 2.1, 1e-9);
  for (const TraceTimeline::Row& row : line.rows) {
    ASSERT_THAT(row.bins, SizeIs(kTimelineBins));
    for (const auto& bin : row.bins) EXPECT_NEAR(Sum(bin), 7.0 / static_cast<double>(kTimelineBins), 1e-9) << row.name;
  }
}

TEST(Timeline, WindowIsOfStepsOfMedianLengthAndLeavesTheSlowOneOut) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *learner = trace.Process("learner", 1),
               *rollout = trace.Process("rollout", 2);
  AddSteps(orchestrator, learner, rollout, 0, 20, 2);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  EXPECT_EQ(line.window_last_step - line.window_first_step, static_cast<int64_t>(kWindowSteps) - 1);
  EXPECT_GT(line.window_first_step, 2);
  EXPECT_NEAR(line.window_end_s - line.window_begin_s, 4.0, 1e-9);
  const std::vector<TraceTimeline::Piece>& pieces = line.rows[2].window;
  ASSERT_THAT(pieces, SizeIs(8));
  EXPECT_EQ(pieces[0].activity, Activity::kRollout);
  EXPECT_EQ(pieces[0].step, line.window_first_step);
  EXPECT_NEAR(pieces[0].begin_s, line.window_begin_s, 1e-9);
  EXPECT_NEAR(pieces[1].end_s - pieces[1].begin_s, 0.7, 1e-9);
}

TEST(Timeline, StagesFollowEachOtherAndEachArmHasItsOwnRl) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *learner = trace.Process("learner", 1),
               *rollout = trace.Process("rollout", 2);
  for (int64_t step = 0; step < 5; ++step) TraceBuilder::Add(orchestrator, "wait_learners", step * 100, step * 100 + 90, step);
  AddSteps(orchestrator, learner, rollout, 1000, 3);
  TraceBuilder::Add(orchestrator, "eval", 4000, 5000);
  AddSteps(orchestrator, learner, rollout, 5000, 3);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  std::vector<std::string> names;
  for (const TraceTimeline::Stage& stage : line.stages) names.push_back(stage.name + std::to_string(stage.index));
  EXPECT_THAT(names, ElementsAre("sft0", "rl0", "eval0", "rl1"));
  EXPECT_NEAR(line.stages[0].end_s, 0.49, 1e-9);
  EXPECT_NEAR(line.stages[1].begin_s, 1.0, 1e-9);
  EXPECT_NEAR(line.stages[3].end_s, 8.0, 1e-9);
}

TEST(Timeline, ShowsTheMostAndTheLeastBusyOfARoleOfMany) {
  TraceBuilder trace;
  TraceProcess* orchestrator = trace.Process("orchestrator", 0);
  std::vector<TraceProcess*> workers;
  for (int64_t rank = 1; rank < 16; ++rank) workers.push_back(trace.Process("rollout", rank));
  TraceBuilder::Add(orchestrator, "wait_rollouts", 0, 1000, 0);
  for (size_t i = 0; i < workers.size(); ++i) TraceBuilder::Add(workers[i], "rollout", 0, 100 + static_cast<int64_t>(i) * 10, 0);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  EXPECT_THAT(line.rows, SizeIs(1 + kTimelineRows));
  EXPECT_EQ(line.rows_left_out, 3);
  EXPECT_EQ(line.rows[1].name, "rollout rank 1 on n1");
  EXPECT_EQ(line.rows.back().name, "rollout rank 15 on n1");
}

TEST(Timeline, PiecesTooShortToBeSeenBecomePartOfTheOneBefore) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *rollout = trace.Process("rollout", 2);
  TraceBuilder::Add(orchestrator, "wait_rollouts", 0, 10000, 0);
  for (int64_t t = 0; t < 10000; t += 2) TraceBuilder::Add(rollout, t % 4 == 0 ? "rollout" : "wait_task", t, t + 2, 0);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  EXPECT_LE(line.rows[1].window.size(), 1500U);
  EXPECT_NEAR(line.rows[1].window.back().end_s, 10.0, 1e-9);
}

TEST(Timeline, AMergedPieceHasThePhaseOfItsLongestPart) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *learner = trace.Process("learner", 1);
  TraceBuilder::Add(orchestrator, "wait_rollouts", 0, 10000, 0);
  TraceBuilder::Add(learner, "load", 0, 100, 0);
  TraceBuilder::Add(learner, "checkpoint", 100, 900, 0);
  TraceBuilder::Add(learner, "export", 900, 1100, 0);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  ASSERT_THAT(line.rows[1].window, SizeIs(1));
  EXPECT_EQ(line.rows[1].window[0].phase, "checkpoint");
  EXPECT_NEAR(line.rows[1].window[0].begin_s, 0.0, 1e-9);
  EXPECT_NEAR(line.rows[1].window[0].end_s, 1.1, 1e-9);
}

TEST(Timeline, APieceTooShortToBeSeenDoesNotFillTheGapBeforeIt) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *rollout = trace.Process("rollout", 2);
  TraceBuilder::Add(orchestrator, "wait_rollouts", 0, 10000, 0);
  TraceBuilder::Add(rollout, "rollout", 0, 1000, 0);
  TraceBuilder::Add(rollout, "rollout", 8000, 8002, 0);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  const std::vector<TraceTimeline::Piece>& pieces = line.rows[1].window;
  ASSERT_THAT(pieces, SizeIs(2));
  EXPECT_NEAR(pieces[0].end_s, 1.0, 1e-9);
  EXPECT_NEAR(pieces[1].begin_s, 8.0, 1e-9);
}

TEST(Timeline, ShowsTheAttemptWithTheMostRl) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *later = trace.Process("orchestrator", 0);
  later->attempt = 2;
  later->pid = 900;
  orchestrator->max_staleness = {2};
  later->max_staleness = {0};
  for (int64_t step = 0; step < 5; ++step) TraceBuilder::Add(orchestrator, "wait_rollouts", step * 100, step * 100 + 100, step);
  TraceBuilder::Add(later, "wait_rollouts", 90000, 90100, 5);
  const TraceTimeline line = BuildTimeline(trace.Finished());
  EXPECT_EQ(line.attempt, 1);
  EXPECT_EQ(line.attempts, 2);
  EXPECT_DOUBLE_EQ(line.seconds, 0.5);
  ASSERT_THAT(line.rows, SizeIs(1));
  EXPECT_THAT(line.summary.max_staleness, ElementsAre(2));
}

TEST(Timeline, WithoutSpansThereIsNone) {
  const TraceTimeline line = BuildTimeline({});
  EXPECT_EQ(line.seconds, 0);
  EXPECT_TRUE(line.rows.empty());
  TraceBuilder trace;
  trace.Process("learner", 1);
  EXPECT_EQ(BuildTimeline(trace.Finished()).seconds, 0);
}

}  // namespace
}  // namespace temper
