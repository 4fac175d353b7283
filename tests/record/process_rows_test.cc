#include "record/process_rows.h"

#include <cmath>

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 2027-01-15T08:00:00.250Z.
constexpr double kTime = 1'800'000'000.25;

ProcessRow Worker() {
  TelemetryReport report;
  report.host = "n7";
  report.pid = 42;
  report.rank = 2;
  report.state = "rollout";
  report.state_age_us = 1'234'567;
  report.step = 3;
  report.policy_version = 6;
  report.units_per_s = 123.44;
  report.gauges = {{"groups_pending", 4}};
  report.cpu_percent = 99.96;
  report.rss_bytes = (int64_t{64} << 20) + 5;
  report.gpus = {{0, 40, int64_t{7} << 20, int64_t{16} << 20}, {1, 60, int64_t{9} << 20, int64_t{16} << 20}};
  ProcessRow row;
  row.t = kTime;
  row.attempt = 2;
  row.role = "rollout";
  row.peer = "00ab";
  row.Take(report);
  row.tasks = ProcessRow::Tasks{1, 3, 0.12345};
  return row;
}

ProcessRow Orchestrator() {
  ProcessRow row;
  row.t = kTime;
  row.role = "orchestrator";
  row.host = "n1";
  row.state = "wait_grades";
  row.rank = 0;
  row.pid = 7;
  row.job = ProcessRow::Job{"rl", 5, {{"reward", 1}, {"rollout", 2}}, 8, 3, 1};
  return row;
}

TEST(ProcessRows, AreWrittenToTheByte) {
  EXPECT_EQ(ToJsonLine(Worker()),
            R"({"time":"2027-01-15T08:00:00.250Z","t":1800000000.25,"attempt":2,"role":"rollout","peer":"00ab","rank":2,"host":"n7",)"
            R"("pid":42,"state":"rollout","state_s":1.235,"step":4,"policy_version":6,"units_per_s":123.4,"cpu_percent":100.0,)"
            R"("rss_mib":64,"groups_pending":4.0,"gpus":[{"index":0,"util_percent":40.0,"memory_used_mib":7,"memory_total_mib":16},)"
            R"({"index":1,"util_percent":60.0,"memory_used_mib":9,"memory_total_mib":16}],"leases":1,"credits":3,)"
            R"("heartbeat_age_s":0.123})"
            "\n");
  EXPECT_EQ(ToJsonLine(Orchestrator()),
            R"({"time":"2027-01-15T08:00:00.250Z","t":1800000000.25,"attempt":1,"role":"orchestrator","rank":0,"host":"n1","pid":7,)"
            R"("state":"wait_grades","state_s":0.0,"units_per_s":0.0,"cpu_percent":0.0,"rss_mib":0,"stage":"rl","step":5,)"
            R"("queues":{"reward":1,"rollout":2},"groups_in_flight":8,"requeued":3,"duplicates":1})"
            "\n");
  ProcessRow silent;
  silent.t = kTime;
  silent.role = "reward";
  silent.peer = "00cd";
  silent.host = "n2";
  silent.state = kRegistered;
  silent.has_report = false;
  EXPECT_EQ(ToJsonLine(silent),
            R"({"time":"2027-01-15T08:00:00.250Z","t":1800000000.25,"attempt":1,"role":"reward","peer":"00cd","host":"n2",)"
            R"("state":"registered"})"
            "\n");
}

TEST(ProcessRows, AreReadAsTheyWereWritten) {
  for (const ProcessRow& row : {Worker(), Orchestrator()}) {
    auto back = ParseProcessRow(ToJsonLine(row));
    ASSERT_TRUE(back);
    back->gauges = row.gauges;  // not read back
    back->step = row.step;      // a file has one step: that of the job, where there is one
    EXPECT_EQ(ToJsonLine(*back), ToJsonLine(row));
  }
  const auto worker = ParseProcessRow(ToJsonLine(Worker()));
  EXPECT_EQ(worker->gpu_percent(), 50);
  EXPECT_EQ(Orchestrator().gpu_percent(), -1) << "it has none";
  ProcessRow odd = Worker();
  odd.units_per_s = NAN;
  EXPECT_EQ(ParseProcessRow(ToJsonLine(odd))->units_per_s, 0);
}

TEST(ProcessRows, WhatIsMissingOrOfAnotherKindIsNotKnown) {
  for (const char* line : {"", "nonsense", "[1]", "3", "{\"t\":1"}) EXPECT_FALSE(ParseProcessRow(line)) << line;
  const auto row = ParseProcessRow(R"({"t":"x","role":3,"rank":null,"gpus":[7,{"util_percent":"y"}],"queues":[],"stage":1})");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->t, 0);
  EXPECT_EQ(row->role, "");
  EXPECT_EQ(row->rank, -1);
  EXPECT_EQ(row->gpus.size(), 1U);
  EXPECT_THAT(row->job->queues, IsEmpty());
}

TEST(ProcessRows, TheNewestOfEachProcessThatIsStillThereCount) {
  const TempFolder folder;
  EXPECT_THAT(NewestProcessRows(folder.path()), IsEmpty());
  const auto row = [](double t, int64_t attempt, const std::string& peer, const std::string& state) {
    ProcessRow one;
    one.t = t;
    one.attempt = attempt;
    one.role = "rollout";
    one.peer = peer;
    one.state = state;
    return ToJsonLine(one);
  };
  WriteBytes(folder / "cluster.jsonl", row(90, 1, "of an attempt before", "x") + row(80, 2, "left", "x") + row(99, 2, "a", "sync") +
                                           "nonsense\n" + row(100, 2, "a", "rollout") + row(86, 2, "b", "sync") + "{\"t\":200");
  std::vector<std::string> found;
  for (const ProcessRow& each : NewestProcessRows(folder.path())) found.push_back(each.peer + " " + each.state);
  EXPECT_THAT(found, ElementsAre("a rollout", "b sync")) << "one has been silent for 20 s";
}

}  // namespace
}  // namespace temper
