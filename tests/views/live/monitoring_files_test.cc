// The files a job is watched by: bounded, whole, and no reason to stop.
#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/host/host_name.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "orchestrator/flow/cluster_monitor.h"
#include "record/job_status.h"
#include "record/tail_lines.h"
#include "tests/support/temp_folder.h"
#include "views/live/run_view.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TelemetryReport ReportOf(int64_t rank, std::vector<Span> spans) {
  TelemetryReport report;
  report.host = "n7";
  report.pid = 40 + rank;
  report.rank = rank;
  report.state = phase::kRollout;
  report.policy_version = 6;
  report.units_per_s = 123.4;
  report.rss_bytes = int64_t{64} << 20;
  report.clock_error_us = 10;
  report.spans = std::move(spans);
  return report;
}

MonitorOptions OptionsIn(const std::string& folder) {
  MonitorOptions options;
  options.run_folder = folder;
  options.cluster_log_s = 0.001;
  options.identity.run = "r";
  options.identity.host = LocalHostName();
  return options;
}

TEST(ClusterMonitor, WritesRowsSpansAndStatusFromReports) {
  TempFolder folder;
  ClusterMonitor monitor;
  monitor.Open(OptionsIn(folder.path()));
  TaskTable table(TaskRules{});
  table.AddPeer(5, Role::kRollout, 4, NowMillis());
  table.Submit(1, Role::kRollout, NowMillis());
  table.Submit(2, Role::kReward, NowMillis());
  ASSERT_EQ(table.Assign(NowMillis()).size(), 1U);
  monitor.OnPeerJoined(5, Role::kRollout, "n7");
  monitor.OnReport(5, Role::kRollout, ReportOf(2, {{"rollout", Span::kPhase, 100, 50, 3, -1, 31}}).Encode());
  monitor.SetPlan({{"main", "rl", 8}});
  monitor.SetGrading("rule/x (reads words)");
  monitor.SetStage("main", "rl");
  monitor.SetProgress(3, 8);
  monitor.OnStep(4, 8, {{"reward/mean", 0.25}, {"reward/safety_mean", 0.75}, {"timing_s/step", 2}});
  monitor.Tick(table, 2);

  std::vector<json> rows;
  for (const std::string& line : TailLines(folder / "cluster.jsonl", 100'000)) rows.push_back(json::parse(line));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("role"), "orchestrator");
  EXPECT_EQ(rows[0].at("queues").at("reward"), 1);
  EXPECT_EQ(rows[0].at("groups_in_flight"), 2);
  EXPECT_EQ(rows[1].at("role"), "rollout");
  EXPECT_EQ(rows[1].at("rank"), 2);
  EXPECT_EQ(rows[1].at("host"), "n7");
  EXPECT_EQ(rows[1].at("state"), "rollout");
  EXPECT_EQ(rows[1].at("leases"), 1);
  EXPECT_EQ(rows[1].at("credits"), 3);
  EXPECT_EQ(rows[1].at("policy_version"), 6);
  EXPECT_EQ(rows[1].at("rss_mib"), 64);
  EXPECT_FALSE(rows[1].contains("gpus"));

  std::string problem;
  const auto status = ReadJobStatus(folder.path(), &problem);
  ASSERT_TRUE(status) << problem;
  EXPECT_EQ(status->state, "running");
  EXPECT_EQ(status->step, 4);
  EXPECT_EQ(status->last.at("safety"), 0.75);
  EXPECT_GE(status->job_eta_s, 0);
  EXPECT_EQ(status->graded_by, "rule/x (reads words)");
  EXPECT_EQ(status->workers.at("rollout"), 1);
  EXPECT_EQ(status->pid, getpid());
  EXPECT_THAT(ReadBytes(folder / "traces/spans.jsonl"), ::testing::ContainsRegex(R"(\["rollout",0,[0-9]+,50,4,-1,31)"))
      << "step of index 3";
}

// What an observer on another host sees is what the files say here.
TEST(ClusterMonitor, ItsPictureShowsWhatTheFilesDo) {
  TempFolder folder;
  ClusterMonitor monitor;
  monitor.Open(OptionsIn(folder.path()));
  TaskTable table(TaskRules{});
  table.AddPeer(5, Role::kRollout, 4, NowMillis());
  monitor.OnPeerJoined(5, Role::kRollout, "n7");
  monitor.OnReport(5, Role::kRollout, ReportOf(2, {}).Encode());
  monitor.SetStage("main", "rl");
  for (int64_t step = 0; step < 400; ++step)
    monitor.OnStep(step + 1, 800, {{"reward/mean", step == 399 ? std::nan("") : static_cast<double>(step)}});
  monitor.Tick(table, 2);

  const RunView seen = ViewOfPicture(monitor.Picture(), 2.5);
  const RunView read = ReadRun(folder.path());
  ASSERT_TRUE(seen.status && read.status);
  EXPECT_EQ(seen.status->step, 400);
  EXPECT_EQ(seen.status->workers, read.status->workers);
  EXPECT_EQ(seen.life, JobLife::kAlive);
  EXPECT_DOUBLE_EQ(seen.now - seen.status->updated, 2.5);
  EXPECT_EQ(seen.folder, LocalHostName() + ":" + folder.path());
  ASSERT_EQ(seen.processes.size(), 2U);
  EXPECT_EQ(seen.processes[1].host, "n7");
  EXPECT_EQ(seen.processes[1].units_per_s, read.processes[1].units_per_s);
  const auto& curve = seen.curves.at("reward/mean");
  ASSERT_EQ(curve.size(), 300U);
  EXPECT_EQ(curve[298], 398);
  EXPECT_TRUE(std::isnan(curve[299]));

  EXPECT_EQ(ViewOfPicture(monitor.Picture(), 31).life, JobLife::kUnknown) << "it has not answered for long";
  for (const char* damaged : {"", "{", "[]", "{}", R"({"status":3})", R"({"status":{"state":"running"},"processes":4,"curves":[1]})"})
    EXPECT_TRUE(ViewOfPicture(damaged, 0).processes.empty()) << damaged;

  monitor.Picture();
  monitor.Finish("done", "");
  EXPECT_EQ(ViewOfPicture(monitor.Picture(), 0).status->state, "done") << "at once, whatever it said a moment ago";
}

TEST(ClusterMonitor, AtTheEndNothingIsQueuedAndNobodyWorks) {
  TempFolder folder;
  ClusterMonitor monitor;
  monitor.Open(OptionsIn(folder.path()));
  TaskTable table(TaskRules{});
  table.AddPeer(5, Role::kRollout, 4, NowMillis());
  table.Submit(2, Role::kReward, NowMillis());
  monitor.OnPeerJoined(5, Role::kRollout, "n7");
  monitor.OnPeerLost(6, Role::kReward, "gone");
  monitor.SetStage("main", "rl");
  monitor.Tick(table, 2);
  std::string problem;
  ASSERT_EQ(ReadJobStatus(folder.path(), &problem)->queues.at("reward"), 1);
  monitor.Finish("done", "");
  const auto status = ReadJobStatus(folder.path(), &problem);
  ASSERT_TRUE(status) << problem;
  for (const auto& [queue, count] : status->queues) EXPECT_EQ(count, 0) << queue;
  EXPECT_EQ(status->workers.at("rollout"), 0);
  EXPECT_EQ(status->workers.at("lost"), 1);
  EXPECT_THAT(ViewOfPicture(monitor.Picture(), 0).processes, IsEmpty());
}

TEST(ClusterMonitor, RefusesADamagedReportAndGoesOn) {
  TempFolder folder;
  ClusterMonitor monitor;
  monitor.Open(OptionsIn(folder.path()));
  TaskTable table(TaskRules{});
  monitor.OnReport(5, Role::kRollout, "garbage");
  monitor.OnReport(5, Role::kRollout, ReportOf(2, {}).Encode().substr(0, 20));
  monitor.OnPeerLost(5, Role::kRollout, "gone");
  monitor.Tick(table, 0);
  monitor.Finish("failed", "why");
  std::string problem;
  const auto status = ReadJobStatus(folder.path(), &problem);
  ASSERT_TRUE(status) << problem;
  EXPECT_EQ(status->state, "failed");
  EXPECT_EQ(status->message, "why");
  EXPECT_EQ(status->workers.at("lost"), 1);
  ASSERT_EQ(status->warnings.size(), 1U);
  EXPECT_THAT(status->warnings[0], HasSubstr("rollout worker lost: gone"));
}

TEST(ClusterMonitor, AFolderThatVanishesDoesNotStopIt) {
  ClusterMonitor monitor;
  {
    TempFolder folder;
    monitor.Open(OptionsIn(folder.path()));
  }
  TaskTable table(TaskRules{});
  monitor.OnReport(5, Role::kRollout, ReportOf(2, {{"rollout", Span::kPhase, 100, 50, 3, -1, 31}}).Encode());
  monitor.SetStage("main", "rl");
  monitor.Tick(table, 0);
  monitor.Finish("done", "");
}

// Each outage of status.json is told, and its end.
TEST(ClusterMonitor, SaysWhenItsStatusIsWrittenAgain) {
  TempFolder folder;
  ClusterMonitor monitor;
  MonitorOptions options = OptionsIn(folder.path());
  options.cluster_log_s = 0;
  monitor.Open(options);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 2; ++i) {
    fs::create_directories(folder / "status.json.tmp");
    monitor.SetStage("main", "sft");
    monitor.SetStage("main", "rl");
    fs::remove(folder / "status.json.tmp");
    monitor.SetStage("main", "eval");
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(monitor.failed_writes(), 4);
  for (const char* told : {"status.json cannot be written: Is a directory", "status.json: written again"}) {
    const size_t first = said.find(told);
    ASSERT_NE(first, std::string::npos) << said;
    EXPECT_NE(said.find(told, first + 1), std::string::npos) << said;
  }
}

TEST(ClusterMonitor, WritesNeitherRowsNorSpansWhenOff) {
  TempFolder folder;
  ClusterMonitor monitor;
  MonitorOptions options = OptionsIn(folder.path());
  options.cluster_log_s = 0;
  monitor.Open(options);
  TaskTable table(TaskRules{});
  monitor.Tick(table, 0);
  EXPECT_TRUE(fs::exists(folder / "status.json"));
  EXPECT_FALSE(fs::exists(folder / "cluster.jsonl"));
  EXPECT_FALSE(fs::exists(folder / "traces"));
}

}  // namespace
}  // namespace temper
