#include "orchestrator/flow/ledger.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = Ledger::Verdict;

uint64_t Id(int64_t step, int64_t index) { return GroupIdOf(step, index); }

Verdict Grade(Ledger& ledger, uint64_t id, bool usable, bool dead, int64_t oldest = 1 << 20) {
  ledger.OnGenerated(id);
  const Verdict verdict = ledger.OnGraded(id, oldest, usable, dead);
  ledger.CheckInvariants();
  return verdict;
}
Verdict Live(Ledger& ledger, uint64_t id) { return Grade(ledger, id, true, false); }
Verdict Dead(Ledger& ledger, uint64_t id) { return Grade(ledger, id, true, true); }
Verdict Failed(Ledger& ledger, uint64_t id) { return Grade(ledger, id, false, false); }

TEST(Ledger, IdsHoldStepAndIndex) {
  EXPECT_EQ(Id(3, 5), (uint64_t{3} << 20) + 5);
  EXPECT_EQ(StepOfGroup(Id(3, 5)), 3);
  EXPECT_EQ(IndexOfGroup(Id(3, 5)), 5);
}

TEST(Ledger, AdmitsAsFarAsTheStalenessAllows) {
  Ledger on_policy({.prompts_per_step = 2, .max_staleness = 0, .total_steps = 3});
  EXPECT_THAT(on_policy.Admit(), ElementsAre(Id(0, 0), Id(0, 1)));
  EXPECT_THAT(on_policy.Admit(), IsEmpty());
  Ledger stale({.prompts_per_step = 1, .max_staleness = 2, .total_steps = 10});
  EXPECT_THAT(stale.Admit(), ElementsAre(Id(0, 0), Id(1, 0), Id(2, 0)));
  Live(stale, Id(0, 0));
  stale.TakeStep();
  EXPECT_THAT(stale.Admit(), IsEmpty());  // the update is not done yet
  stale.OnUpdates(1);
  EXPECT_THAT(stale.Admit(), ElementsAre(Id(3, 0)));
  stale.CheckInvariants();
}

TEST(Ledger, AdmitsNoStepBeyondTheLast) {
  Ledger ledger({.prompts_per_step = 1, .max_staleness = 5, .total_steps = 2});
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 0), Id(1, 0)));
}

TEST(Ledger, TakesAStepOnceItsGroupsAreSettledAndInOrder) {
  Ledger ledger({.prompts_per_step = 2, .max_staleness = 1, .total_steps = 2});
  ledger.Admit();
  EXPECT_EQ(ledger.num_in_flight(), 4);
  Live(ledger, Id(1, 0));
  Live(ledger, Id(1, 1));
  EXPECT_FALSE(ledger.StepReady());  // step 0 comes first
  EXPECT_THROW(ledger.TakeStep(), Error);
  Live(ledger, Id(0, 1));
  Live(ledger, Id(0, 0));
  ASSERT_TRUE(ledger.StepReady());
  const auto taken = ledger.TakeStep();
  EXPECT_EQ(taken.step, 0);
  EXPECT_THAT(taken.live, ElementsAre(Id(0, 0), Id(0, 1)));
  ASSERT_TRUE(ledger.StepReady());
  EXPECT_EQ(ledger.TakeStep().step, 1);
  EXPECT_TRUE(ledger.finished());
}

TEST(Ledger, ReplacesDeadGroupsWhenTheWholeStepIsSettled) {
  Ledger ledger({.prompts_per_step = 3, .total_steps = 1, .max_resampled_per_step = 4});
  ledger.Admit();
  EXPECT_EQ(Dead(ledger, Id(0, 1)), Verdict::kDead);
  EXPECT_THAT(ledger.Admit(), IsEmpty());  // which index a replacement gets must not depend on who was first
  EXPECT_EQ(Dead(ledger, Id(0, 0)), Verdict::kDead);
  EXPECT_EQ(Live(ledger, Id(0, 2)), Verdict::kLive);
  EXPECT_FALSE(ledger.StepReady());
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 3), Id(0, 4)));
  Live(ledger, Id(0, 3));
  Dead(ledger, Id(0, 4));
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 5)));
  Live(ledger, Id(0, 5));
  const auto taken = ledger.TakeStep();
  EXPECT_THAT(taken.live, ElementsAre(Id(0, 2), Id(0, 3), Id(0, 5)));
  EXPECT_THAT(taken.dead, ElementsAre(Id(0, 0), Id(0, 1), Id(0, 4)));
}

TEST(Ledger, StopsReplacingAtTheLimitAndTrainsOnWhatIsThere) {
  Ledger ledger({.prompts_per_step = 2, .total_steps = 1, .max_resampled_per_step = 3});
  ledger.Admit();
  Dead(ledger, Id(0, 0));
  Dead(ledger, Id(0, 1));
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 2), Id(0, 3)));
  Dead(ledger, Id(0, 2));
  Dead(ledger, Id(0, 3));
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 4)));  // two are due, one is allowed
  Dead(ledger, Id(0, 4));
  EXPECT_THAT(ledger.Admit(), IsEmpty());
  ASSERT_TRUE(ledger.StepReady());
  const auto taken = ledger.TakeStep();
  EXPECT_THAT(taken.live, IsEmpty());
  EXPECT_EQ(taken.dead.size(), 5u);
}

TEST(Ledger, WithoutResamplingOnlyFailedAndStaleGroupsAreReplaced) {
  Ledger ledger({.prompts_per_step = 3, .max_staleness = 0, .total_steps = 1, .resample_dead_groups = false, .max_resampled_per_step = 3});
  ledger.Admit();
  Dead(ledger, Id(0, 0));
  EXPECT_EQ(Failed(ledger, Id(0, 1)), Verdict::kFailed);
  EXPECT_EQ(Grade(ledger, Id(0, 2), true, false, -1), Verdict::kStale);
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 3), Id(0, 4)));
  Failed(ledger, Id(0, 3));
  Live(ledger, Id(0, 4));
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(0, 5)));
  Dead(ledger, Id(0, 5));
  EXPECT_THAT(ledger.Admit(), IsEmpty());
  const auto taken = ledger.TakeStep();
  EXPECT_THAT(taken.live, ElementsAre(Id(0, 4)));
  EXPECT_EQ(taken.stale, 1);
  EXPECT_EQ(taken.failed, 2);
  EXPECT_EQ(taken.dead.size(), 2u);
}

TEST(Ledger, DropsWhatIsOlderThanMaxStaleness) {
  Ledger ledger({.prompts_per_step = 2, .max_staleness = 1, .total_steps = 8, .first_step = 5});
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(5, 0), Id(5, 1), Id(6, 0), Id(6, 1)));
  EXPECT_EQ(Grade(ledger, Id(5, 0), true, false, 4), Verdict::kLive);
  EXPECT_EQ(Grade(ledger, Id(5, 1), true, false, 3), Verdict::kStale);
  EXPECT_EQ(Grade(ledger, Id(6, 0), true, true, 4), Verdict::kStale);  // stale comes before dead
  EXPECT_EQ(Grade(ledger, Id(6, 1), false, true, 4), Verdict::kFailed);
  EXPECT_THAT(ledger.Admit(), ElementsAre(Id(5, 2), Id(6, 2), Id(6, 3)));
}

TEST(Ledger, RefusesEventsThatCannotHappen) {
  Ledger ledger({.prompts_per_step = 1, .total_steps = 2});
  EXPECT_THROW(ledger.OnGenerated(Id(0, 0)), Error);  // not issued
  ledger.Admit();
  EXPECT_THROW(ledger.OnGenerated(Id(0, 1)), Error);
  EXPECT_THROW(ledger.OnGenerated(Id(1, 0)), Error);
  EXPECT_THROW(ledger.OnGraded(Id(0, 0), 0, true, false), Error);  // not generated
  ledger.OnGenerated(Id(0, 0));
  EXPECT_THROW(ledger.OnGenerated(Id(0, 0)), Error);
  ledger.OnGraded(Id(0, 0), 0, true, false);
  EXPECT_THROW(ledger.OnGraded(Id(0, 0), 0, true, false), Error);
  ledger.TakeStep();
  EXPECT_THROW(ledger.OnGenerated(Id(0, 0)), Error);  // consumed
  ledger.OnUpdates(1);
  EXPECT_THROW(ledger.OnUpdates(0), Error);
  EXPECT_THROW(Ledger({.prompts_per_step = 0}), Error);
  EXPECT_THROW(Ledger({.prompts_per_step = 1 << 20}), Error);
}

}  // namespace
}  // namespace temper
