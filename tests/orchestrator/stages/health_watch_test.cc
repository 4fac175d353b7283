#include "orchestrator/stages/health_watch.h"

#include <cmath>

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::IsEmpty;

std::vector<std::string> TextsOf(const std::vector<HealthWatch::Alarm>& alarms) {
  std::vector<std::string> texts;
  for (const HealthWatch::Alarm& alarm : alarms) texts.push_back(alarm.text);
  return texts;
}

TEST(HealthWatch, TellsEachStreakOnceAndCountsWhatIsBroken) {
  HealthWatch watch({{.metric = "actor/kl", .above = 0.5, .steps = 2, .act = HealthAct::kStop}, {.metric = "actor/entropy", .below = 0.1}});
  const auto take = [&](int64_t step, std::map<std::string, double> values) {
    const auto alarms = watch.Take(step, &values);
    return std::pair(alarms, values.at("health/alarms"));
  };
  EXPECT_THAT(take(0, {{"actor/kl", 0.6}, {"actor/entropy", 0.1}}).first, IsEmpty()) << "one step, and a bound that is reached";
  const auto [second, broken] = take(1, {{"actor/kl", 0.75}, {"actor/entropy", 0.05}});
  EXPECT_THAT(TextsOf(second), ::testing::ElementsAre("step 2: actor/kl is 0.75, above 0.5 in 2 steps in a row (monitor.health.0)",
                                                      "step 2: actor/entropy is 0.05, below 0.1 (monitor.health.1)"));
  EXPECT_TRUE(second[0].stop);
  EXPECT_FALSE(second[1].stop);
  EXPECT_EQ(broken, 2);
  const auto third = take(2, {{"actor/kl", 0.9}, {"actor/entropy", 0.05}});
  EXPECT_THAT(third.first, IsEmpty()) << "told already";
  EXPECT_EQ(third.second, 2);
  EXPECT_EQ(take(3, {{"actor/kl", 0.9}}).second, 2) << "a step without the metric changes nothing";
  EXPECT_EQ(take(4, {{"actor/kl", NAN}, {"actor/entropy", 1}}).second, 0) << "no number is beyond no bound";
  EXPECT_THAT(take(5, {{"actor/kl", 0.6}, {"actor/entropy", 0}}).first, ::testing::SizeIs(1)) << "a new streak";
}

TEST(HealthWatch, WithoutRulesAddsNothing) {
  HealthWatch watch({});
  std::map<std::string, double> values = {{"actor/kl", 9}};
  EXPECT_THAT(watch.Take(0, &values), IsEmpty());
  EXPECT_FALSE(values.contains("health/alarms"));
}

TEST(SoundAlarms, EndsTheJobWhereOneAsksForIt) {
  Progress progress(ProgressStyle::kPlain, "", 10);
  ::testing::internal::CaptureStdout();
  SoundAlarms({{false, "one"}}, &progress);
  try {
    SoundAlarms({{false, "two"}, {true, "three"}}, &progress);
    FAIL() << "no end";
  } catch (const ExitRequest& end) {
    EXPECT_EQ(end.exit_code(), kExitUnhealthy);
    EXPECT_THAT(end.what(), ::testing::HasSubstr("training is unhealthy: three; "));
  }
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              ::testing::AllOf(::testing::HasSubstr("health: one"), ::testing::HasSubstr("health: three")));
}

}  // namespace
}  // namespace temper
