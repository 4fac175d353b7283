#include "orchestrator/stages/step_clock.h"

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(StepClock, EveryMomentBelongsToOneSection) {
  const double begin = NowSeconds();
  StepClock clock;
  const double took = NowSeconds() - begin;  // by when the clock has begun
  clock.MarkAt("timing_s/rollout", begin + 2);
  clock.MarkAt("timing_s/reward", begin + 2.5);
  clock.MarkAt("timing_s/compose", begin + 2.25);  // before the mark: it took nothing
  clock.MarkAt("timing_s/rollout", begin + 3.5);
  const auto step = clock.TakeStep();
  EXPECT_THAT(step, UnorderedElementsAre(Pair("timing_s/rollout", ::testing::DoubleNear(3, took + 1e-6)), Pair("timing_s/reward", 0.5),
                                         Pair("timing_s/compose", 0), Pair("timing_s/step", ::testing::DoubleNear(3.5, took + 1e-6))));
}

TEST(StepClock, TheNextStepBeginsWhereTheLastMarkWas) {
  const double begin = NowSeconds() + 10;
  StepClock clock;
  clock.MarkAt("timing_s/record", begin);
  clock.TakeStep();
  clock.MarkAt("timing_s/record", begin + 1);
  EXPECT_THAT(clock.TakeStep(), UnorderedElementsAre(Pair("timing_s/record", 1), Pair("timing_s/step", 1)));
}

}  // namespace
}  // namespace temper
