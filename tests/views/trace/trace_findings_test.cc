// What is said about a run's time: hand-made spans of jobs of which it is known what ails them.
#include <gmock/gmock.h>

#include "tests/views/monitoring_fixture.h"
#include "views/trace/summary.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kSteps = 4;

// What each does in a step of a second, in milliseconds from its begin; the rest of the time it waits.
struct StepOf {
  int64_t drawn, graded, ordered;  // ends of the learner's waiting for rollouts, for grades, for the orchestrator; then it updates
  int64_t drawing, grading;        // busy, of every rollout and reward worker
};

// One learner, one rollout worker, `graders` reward workers.
TraceData JobOf(const StepOf& step_of, std::set<int64_t> max_staleness, int64_t graders = 1) {
  TraceBuilder trace;
  TraceProcess* orchestrator = trace.Process("orchestrator", 0);
  TraceProcess* learner = trace.Process("learner", 1);
  TraceProcess* rollout = trace.Process("rollout", 2);
  std::vector<TraceProcess*> reward;
  for (int64_t i = 0; i < graders; ++i) reward.push_back(trace.Process("reward", 3 + i));
  for (int64_t step = 0; step < kSteps; ++step) {
    const int64_t t = step * 1000;
    TraceBuilder::Add(orchestrator, "wait_rollouts", t, t + step_of.drawn, step);
    TraceBuilder::Add(orchestrator, "wait_grades", t + step_of.drawn, t + step_of.graded, step);
    TraceBuilder::Add(orchestrator, "prepare", t + step_of.graded, t + step_of.ordered, step);
    TraceBuilder::Add(orchestrator, "wait_learners", t + step_of.ordered, t + 1000, step);
    TraceBuilder::Add(learner, "wait_task", t, t + step_of.ordered);
    TraceBuilder::Add(learner, "update", t + step_of.ordered, t + 1000, step, 100);
    TraceBuilder::Add(rollout, "rollout", t, t + step_of.drawing, step, 900);
    TraceBuilder::Add(rollout, "wait_task", t + step_of.drawing, t + 1000);
    for (TraceProcess* grader : reward) {
      TraceBuilder::Add(grader, "grade", t, t + step_of.grading, -1, 30);
      TraceBuilder::Add(grader, "wait_task", t + step_of.grading, t + 1000);
    }
  }
  TraceData data = trace.Finished();
  data.processes[0].max_staleness = std::move(max_staleness);
  return data;
}

std::vector<std::string> Findings(const TraceData& data) { return Summarize(data).findings; }

// Both sides wait for long: for each other, because they must. Neither is told to grow on account of the other's waiting.
TEST(TraceFindings, OnPolicyTheStagesTakeTurns) {
  EXPECT_THAT(
      Findings(JobOf({.drawn = 310, .graded = 350, .ordered = 400, .drawing = 300, .grading = 200}, {0})),
      ElementsAre("on-policy (rl.max_staleness: 0) the stages take turns, and each waits for the others: rollouts 31 %, grades 4 %, "
                  "updates 60 % of the time; rl.max_staleness of 1 or more, with run.deterministic: false, lets them overlap and "
                  "saves up to 40 %; more learners, or cores for them, only shorten the longest turn"));
  EXPECT_THAT(
      Findings(JobOf({.drawn = 900, .graded = 910, .ordered = 920, .drawing = 900, .grading = 200}, {0})),
      ElementsAre("on-policy (rl.max_staleness: 0) the stages take turns, and each waits for the others: rollouts 90 %, grades 1 %, "
                  "updates 8 % of the time; more rollout workers, or cores for them, shorten the longest turn; rl.max_staleness of "
                  "1 or more, with "
                  "run.deterministic: false, lets them overlap but saves at most 10 %"));
  EXPECT_THAT(
      Findings(JobOf({.drawn = 200, .graded = 700, .ordered = 700, .drawing = 200, .grading = 500}, {0}, 2)),
      ElementsAre("on-policy (rl.max_staleness: 0) the stages take turns, and each waits for the others: rollouts 20 %, grades 50 %, "
                  "updates 30 % of the time; rl.max_staleness of 1 or more, with run.deterministic: false, lets them overlap and "
                  "saves up to 50 %; more reward workers only shorten the longest turn"));
}

TEST(TraceFindings, OverlappingSlowRolloutsWantRolloutWorkers) {
  EXPECT_THAT(Findings(JobOf({.drawn = 310, .graded = 350, .ordered = 400, .drawing = 950, .grading = 200}, {2})),
              ElementsAre("learner waited 31 % for rollouts, whose workers were busy 95 %: add rollout workers"));
}

TEST(TraceFindings, OverlappingWithBothWaitingWantsAWiderWindow) {
  EXPECT_THAT(Findings(JobOf({.drawn = 310, .graded = 350, .ordered = 400, .drawing = 600, .grading = 200}, {1})),
              ElementsAre("learner waited 31 % for rollouts while their workers were idle 40 %: a few long completions or steps of uneven "
                          "length hold up both: raise rl.max_staleness (1)"));
}

TEST(TraceFindings, OverlappingASlowLearnerWantsLearners) {
  EXPECT_THAT(Findings(JobOf({.drawn = 20, .graded = 30, .ordered = 50, .drawing = 350, .grading = 200}, {1})),
              ElementsAre("rollout workers idle 65 %, learner busy: the learner is the slower side: add learners, or take fewer rollout "
                          "workers"));
}

TEST(TraceFindings, OverlappingSlowGradersWantRewardWorkers) {
  // The window is full of answers that nobody has graded: rollout workers idle too, for want of graders.
  EXPECT_THAT(Findings(JobOf({.drawn = 10, .graded = 400, .ordered = 420, .drawing = 300, .grading = 980}, {1}, 2)),
              ElementsAre("learner waited 39 % for grades: add reward workers"));
  EXPECT_THAT(Findings(JobOf({.drawn = 10, .graded = 400, .ordered = 420, .drawing = 300, .grading = 100}, {1}, 2)),
              ElementsAre("learner waited 39 % for grades while reward workers were idle 90 %: single answers take long to grade: raise "
                          "rl.max_staleness (1)"));
}

TEST(TraceFindings, NothingIsSaidOfAJobInBalance) {
  EXPECT_THAT(Findings(JobOf({.drawn = 50, .graded = 60, .ordered = 80, .drawing = 900, .grading = 300}, {1})), IsEmpty());
}

TEST(TraceFindings, ASlowOrchestratorAndIdleGradersAreNamedInBothModes) {
  for (const int64_t staleness : {0, 1}) {
    EXPECT_THAT(
        Findings(JobOf({.drawn = 50, .graded = 60, .ordered = 400, .drawing = 900, .grading = 100}, {staleness}, 2)),
        ::testing::IsSupersetOf({"learner waited 34 % for the orchestrator (batches, checkpoints, files): raise checkpoint.every, or "
                                 "put run.dir on a faster disk",
                                 "reward workers idle 90 %: fewer would do"}));
  }
}

TEST(TraceFindings, OfArmsThatDifferOrARunThatDoesNotTellNoAdviceIsGiven) {
  const StepOf step{.drawn = 310, .graded = 350, .ordered = 400, .drawing = 300, .grading = 200};
  EXPECT_THAT(Findings(JobOf(step, {0, 2})),
              ElementsAre("learner waited 31 % for rollouts and 4 % for grades, over arms of different rl.max_staleness: what each step "
                          "waited for is in timing_s/* of metrics.jsonl"));
  EXPECT_THAT(Findings(JobOf(step, {})), ElementsAre("learner waited 31 % for rollouts and 4 % for grades: what each step waited for is in "
                                                     "timing_s/* of metrics.jsonl"));
}

TEST(TraceFindings, NameTheRolloutWorkerThatDrawsSlowerAndItsHost) {
  TraceBuilder trace;
  TraceProcess* orchestrator = trace.Process("orchestrator", 0);
  std::vector<TraceProcess*> workers;
  for (int64_t rank = 2; rank <= 4; ++rank) workers.push_back(trace.Process("rollout", rank, rank == 4 ? "n2" : "n1"));
  for (int64_t step = 0; step < 3; ++step) {
    TraceBuilder::Add(orchestrator, "wait_rollouts", step * 1000, step * 1000 + 1000, step);
    for (size_t i = 0; i < workers.size(); ++i)
      TraceBuilder::Add(workers[i], "rollout", step * 1000, step * 1000 + 1000, step, i == 2 ? 600 : 1000);
  }
  EXPECT_THAT(Findings(trace.Finished()),
              ElementsAre("rollout rank 4 on n2 draws 40 % slower than the median: look at what else runs on its host"));
}

// Who is slow comes first: it may be why the others wait.
TEST(TraceFindings, NameASlowLearnerBeforeAnythingElse) {
  TraceBuilder trace;
  TraceProcess* orchestrator = trace.Process("orchestrator", 0);
  TraceProcess* learners[] = {trace.Process("learner", 1), trace.Process("learner", 2), trace.Process("learner", 3)};
  TraceProcess* rollout = trace.Process("rollout", 4);
  for (int64_t step = 0; step < 5; ++step) {
    const int64_t t = step * 1000;
    TraceBuilder::Add(orchestrator, "wait_rollouts", t, t + 100, step);
    TraceBuilder::Add(orchestrator, "wait_learners", t + 100, t + 1000, step);
    for (TraceProcess* learner : learners) {
      TraceBuilder::Add(learner, "wait_task", t, t + 100);
      TraceBuilder::Add(learner, "update", t + 100, t + 1000, step);
      TraceBuilder::Add(learner, "forward_backward", t + 100, t + (learner == learners[1] ? 1000 : 700), step, 0, -1, Span::kPart);
    }
    TraceBuilder::Add(rollout, "rollout", t, t + 300, step);
    TraceBuilder::Add(rollout, "wait_task", t + 300, t + 1000);
  }
  TraceData data = trace.Finished();
  data.processes[0].max_staleness = {1};
  EXPECT_THAT(Findings(data),
              ElementsAre("learner rank 2 on n1 takes 50 % longer than the median for its share of a step; the others wait for it",
                          "rollout workers idle 70 %, learner busy: the learner is the slower side: add learners, or take fewer rollout "
                          "workers"));
}

}  // namespace
}  // namespace temper
