// Rows for a command, and what becomes of a job whose command dies.
#include "cluster/metrics/command_sink.h"

#include <cmath>

#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

StepRow Row(int64_t step, double reward) {
  StepRow row;
  row.stage = "rl";
  row.step = step;
  row.time = 1795244400;
  row.values["reward/mean"] = reward;
  return row;
}

TEST(CommandSink, WritesALineForARowOfEveryArm) {
  const TempFolder folder;
  {
    CommandFeedOptions options;
    options.command = Concat("cat > ", folder / "got");
    CommandFeed feed(options);
    EXPECT_EQ(CommandSink(&feed, "mine", "one").Write(Row(0, 0.5)), "");
    EXPECT_EQ(CommandSink(&feed, "mine", "two").Write(Row(1, std::nan(""))), "");
  }
  EXPECT_EQ(ReadBytes(folder / "got"),
            "{\"run\":\"mine\",\"arm\":\"one\",\"stage\":\"rl\",\"step\":0,\"time\":\"2026-11-21T07:00:00Z\",\"reward/mean\":0.5}\n"
            "{\"run\":\"mine\",\"arm\":\"two\",\"stage\":\"rl\",\"step\":1,\"time\":\"2026-11-21T07:00:00Z\",\"reward/mean\":null,"
            "\"nonfinite\":[\"reward/mean\"]}\n");
}

TEST(CommandSink, ADeadCommandIsToldOnceAndItsRowsAreCounted) {
  CommandFeedOptions options;
  options.command = "exit 3";
  CommandFeed feed(options);
  SinkFailures failures;
  MetricSinks sinks(&failures);
  sinks.Add(std::make_unique<CommandSink>(&feed, "mine", "one"));
  ::testing::internal::CaptureStderr();
  const Stopwatch watch;
  while (failures.count() < 5 && watch.Seconds() < 30) sinks.Write(Row(0, 0.5));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(failures.count(), 5);
  const size_t told = said.find("monitor.command: it has ended with exit code 3");
  EXPECT_NE(told, std::string::npos) << said;
  EXPECT_EQ(said.find("monitor.command", told + 1), std::string::npos) << said;
}

}  // namespace
}  // namespace temper
