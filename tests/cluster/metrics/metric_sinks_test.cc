// Where rows go, and what becomes of a job whose sinks die.
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/host/process_stats.h"
#include "cluster/metrics/event_encoding.h"
#include "cluster/metrics/metric_sink.h"
#include "cluster/metrics/tensorboard_sink.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Keeps what it is given, or refuses it.
class KeepingSink : public MetricSink {
 public:
  KeepingSink(std::vector<StepRow>* rows, std::string error) : rows_(rows), error_(std::move(error)) {}
  std::string Name() const override { return error_.empty() ? "another sink" : "the sink"; }
  std::string Write(const StepRow& row) override {
    rows_->push_back(row);
    return error_;
  }

 private:
  std::vector<StepRow>* rows_;
  std::string error_;
};

StepRow Row(int64_t step) { return {.stage = "rl", .step = step, .time = 1.8e9, .values = {{"actor/loss", 0.5}}}; }

std::vector<fs::path> FilesIn(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

TEST(MetricSinks, ADeadSinkIsNamedOnceAndCountedAlways) {
  SinkFailures failures;
  MetricSinks sinks(&failures);
  std::vector<StepRow> dead, alive;
  sinks.Add(std::make_unique<KeepingSink>(&dead, "disk full"));
  sinks.Add(std::make_unique<KeepingSink>(&alive, ""));
  ::testing::internal::CaptureStderr();
  for (int64_t step = 0; step < 3; ++step) sinks.Write(Row(step));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(failures.count(), 3);
  ASSERT_EQ(alive.size(), 3u) << "the sinks after a dead one get every row";
  EXPECT_EQ(alive[2].values.at("sys/sink_failures"), 2) << "a row counts the failures before it";
  EXPECT_THAT(said, HasSubstr("the sink: disk full"));
  EXPECT_EQ(said.find("disk full"), said.rfind("disk full")) << said;
}

TEST(MetricSinks, RefuseAnUndeclaredNameBeforeAnySinkHasTheRow) {
  SinkFailures failures;
  MetricSinks sinks(&failures);
  std::vector<StepRow> rows;
  sinks.Add(std::make_unique<KeepingSink>(&rows, ""));
  StepRow row = Row(0);
  row.values["actor/los"] = 1;
  try {
    sinks.Write(row);
    ADD_FAILURE() << "it was written";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("metric actor/los is not declared"));
  }
  row = Row(0);
  row.distributions["reward/spread"] = {1};
  EXPECT_THROW(sinks.Write(row), Error);
  EXPECT_THAT(rows, IsEmpty());
}

TEST(MetricSinks, SayWhenASinkIsBackAndWhatItMissed) {
  TempFolder folder;
  SinkFailures failures;
  MetricSinks sinks(&failures);
  sinks.Add(std::make_unique<TensorBoardSink>(folder / "tb", 0, HparamsSession{}));
  WriteBytes(folder / "tb", "a file in its place");
  ::testing::internal::CaptureStderr();
  sinks.Write(Row(0));
  sinks.Write(Row(1));
  fs::remove(folder / "tb");
  for (int64_t step = 2; step < 5; ++step) sinks.Write(Row(step));
  failures.SetElsewhere(10);
  EXPECT_EQ(failures.count(), 12);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("training goes on without it"));
  EXPECT_THAT(said, HasSubstr("written again, 2 writes are missing"));
  EXPECT_EQ(FilesIn(folder / "tb").size(), 1u) << "it is back";
}

TEST(SinkFailures, EachOutageIsNewsAndSoIsItsEnd) {
  SinkFailures failures;
  ::testing::internal::CaptureStderr();
  failures.Recovered("traces");  // it never failed
  failures.Report("traces", "first");
  failures.Report("traces", "silent");
  failures.Recovered("traces");
  failures.Recovered("traces");
  failures.Report("traces", "second", 0);
  failures.Recovered("traces");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(failures.count(), 2);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 4) << said;
  EXPECT_THAT(said, HasSubstr("traces: first; "));
  EXPECT_THAT(said, HasSubstr("traces: written again, 2 writes are missing"));
  EXPECT_THAT(said, HasSubstr("traces: second; "));
  EXPECT_THAT(said, HasSubstr("traces: written again, nothing is missing"));
}

TEST(TensorBoardSink, BeginsAFileWithItsFirstRow) {
  TempFolder folder;
  TensorBoardSink sink(folder / "tb/main", 0, {.values = {{"rl.steps", "3"}}, .metrics = {"actor/loss"}, .group = "main"});
  EXPECT_THAT(FilesIn(folder.path()), IsEmpty());
  EXPECT_EQ(sink.Write(Row(0)), "");
  const auto size = fs::file_size(sink.Name());
  EXPECT_EQ(sink.Write(Row(1)), "");
  ASSERT_EQ(FilesIn(folder.path()).size(), 1u);
  EXPECT_THAT(FilesIn(folder.path())[0].filename().string(), StartsWith("events.out.tfevents."));
  SummaryEvent event(1.8e9, 1);
  event.Scalar("actor/loss", 0.5);
  EXPECT_EQ(ReadBytes(sink.Name()).substr(size), TfRecord(event.Encode())) << "the head is written once";
}

TEST(TensorBoardSink, AResumedStageTellsWhereItGoesOn) {
  TempFolder folder;
  TensorBoardSink sink(folder.path(), 7, {});
  EXPECT_EQ(sink.Write(Row(8)), "");
  EXPECT_THAT(ReadBytes(sink.Name()), HasSubstr(RestartEvent(0, 8).substr(9))) << "all but the time; seven steps are done";
}

TEST(TensorBoardSink, SurvivesTheLossOfItsFolder) {
  TempFolder folder;
  TensorBoardSink sink(folder / "tb", 0, {});
  EXPECT_EQ(sink.Write(Row(0)), "");
  fs::remove_all(folder / "tb");
  WriteBytes(folder / "tb", "a file in its place");
  EXPECT_THAT(sink.Write(Row(1)), HasSubstr("Not a directory"));
  fs::remove(folder / "tb");
  EXPECT_EQ(sink.Write(Row(2)), "") << "and begins again when it can";
  EXPECT_EQ(FilesIn(folder / "tb").size(), 1u);
}

TEST(ProcessStats, AreOfThisProcess) {
  const ProcessStats before = ReadProcessStats();
  EXPECT_GT(before.rss_bytes, 1e6);
  EXPECT_GE(before.rss_peak_bytes, 0.5 * before.rss_bytes);
  std::vector<char> memory(64 << 20, 1);
  volatile double sum = 0;
  while (ReadProcessStats().cpu_s < before.cpu_s + 0.05) sum = sum + memory[static_cast<size_t>(sum) % memory.size()];
  EXPECT_GT(ReadProcessStats().rss_bytes, before.rss_bytes + (48 << 20));
  EXPECT_GT(FreeBytes("/"), 0);
  EXPECT_TRUE(FreeBytes("/no/such/folder") != FreeBytes("/no/such/folder")) << "not a number";
}

}  // namespace
}  // namespace temper
