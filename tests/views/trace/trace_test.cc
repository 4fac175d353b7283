// From spans to sentences and to Chrome's format: hand-made spans, exact numbers.
#include <filesystem>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/trace_format.h"
#include "tests/views/monitoring_fixture.h"
#include "views/trace/export.h"
#include "views/trace/summary.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kSpansHeader = "{\"format\":\"temper-spans\",\"version\":2}\n";

// Four steps of a second: 310 ms of drawing, 40 of grading, 50 of the orchestrator's own, 600 of learning.
TraceData WaitsForRollouts() {
  TraceBuilder trace;
  TraceProcess* orchestrator = trace.Process("orchestrator", 0);
  TraceProcess* learner = trace.Process("learner", 1);
  TraceProcess* rollout = trace.Process("rollout", 2);
  for (int64_t step = 0; step < 4; ++step) {
    const int64_t t = step * 1000;
    TraceBuilder::Add(orchestrator, "wait_rollouts", t, t + 310, step);
    TraceBuilder::Add(orchestrator, "wait_grades", t + 310, t + 350, step);
    TraceBuilder::Add(orchestrator, "prepare", t + 350, t + 400, step);
    TraceBuilder::Add(orchestrator, "wait_learners", t + 400, t + 1000, step);
    TraceBuilder::Add(learner, "wait_task", t, t + 400);
    TraceBuilder::Add(learner, "update", t + 400, t + 950, step, 5500);
    TraceBuilder::Add(learner, "publish", t + 950, t + 1000, step, 0, step + 1);
    TraceBuilder::Add(rollout, "sync", t, t + 10, -1, 0, step);
    TraceBuilder::Add(rollout, "rollout", t + 10, t + 310, step, 900);
    TraceBuilder::Add(rollout, "wait_task", t + 310, t + 1000);
  }
  return trace.Finished();
}

TEST(TraceSummary, SaysWhatTheLearnerWaitedForToThePercent) {
  const TraceSummary summary = Summarize(WaitsForRollouts());
  EXPECT_DOUBLE_EQ(summary.seconds, 4.0);
  EXPECT_EQ(summary.steps, 4);
  EXPECT_NEAR(summary.learner_waits.at("rollouts"), 0.31, 1e-9);
  EXPECT_NEAR(summary.learner_waits.at("grades"), 0.04, 1e-9);
  EXPECT_NEAR(summary.learner_waits.at("other"), 0.05, 1e-9);
  ASSERT_EQ(summary.rows.size(), 3U);
  EXPECT_NEAR(summary.rows[1].busy, 0.60, 1e-9);
  EXPECT_NEAR(summary.rows[1].units_per_s, 5500 / 0.55, 1e-6);
  EXPECT_NEAR(summary.rows[2].busy, 0.31, 1e-9);
  EXPECT_NEAR(summary.rows[2].seconds.at("rollout"), 1.2, 1e-9);
  EXPECT_NEAR(summary.rows[2].units_per_s, 3000, 1e-6);
  EXPECT_THAT(ToText(summary), HasSubstr("4 RL steps, 4.0 s"));
}

TEST(TraceSummary, CountsOnlyTheTimeOfRl) {
  TraceData data = WaitsForRollouts();
  const double before = Summarize(data).learner_waits.at("rollouts");
  for (TraceProcess& process : data.processes) {
    if (process.role == "orchestrator") TraceBuilder::Add(&process, "eval", 4000, 14000);
    if (process.role == "learner") TraceBuilder::Add(&process, "wait_task", 4000, 14000);
  }
  EXPECT_DOUBLE_EQ(Summarize(data).seconds, 4.0);
  EXPECT_DOUBLE_EQ(Summarize(data).learner_waits.at("rollouts"), before);
}

TEST(TraceSummary, DoesNotJudgeTwoSteps) {
  TraceBuilder trace;
  TraceProcess* orchestrator = trace.Process("orchestrator", 0);
  TraceProcess* learner = trace.Process("learner", 1);
  for (int64_t step = 0; step < 2; ++step) {
    TraceBuilder::Add(orchestrator, "wait_rollouts", step * 1000, step * 1000 + 1000, step);
    TraceBuilder::Add(learner, "wait_task", step * 1000, step * 1000 + 1000);
  }
  const TraceSummary summary = Summarize(trace.Finished());
  EXPECT_THAT(summary.findings, IsEmpty());
  EXPECT_THAT(ToText(summary), HasSubstr("too few steps"));
  EXPECT_EQ(ToText(Summarize({})), "no RL step in the trace\n");
}

TEST(Trace, JoinsThePiecesOfALongPhaseAndCutsOffOverlaps) {
  TraceBuilder trace;
  TraceProcess* process = trace.Process("rollout", 2);
  TraceBuilder::Add(process, "rollout", 0, 2000, 1, 10);
  TraceBuilder::Add(process, "rollout", 2000, 4000, 1, 20);
  TraceBuilder::Add(process, "wait_task", 3990, 5000);  // the clock's offset was corrected by 10 ms
  TraceBuilder::Add(process, "part", 100, 200, 1, 0, -1, Span::kPart);
  const TraceData data = trace.Finished();
  const auto& spans = data.processes[0].spans;
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].duration_us, 4'000'000);
  EXPECT_EQ(spans[0].count, 30);
  EXPECT_EQ(spans[1].begin_us, 4'000'000);
  EXPECT_EQ(spans[1].duration_us, 1'000'000);
}

TEST(Trace, ExportKeepsTheRulesOfTheFormat) {
  const auto trace = nlohmann::json::parse(ChromeTraceJson(WaitsForRollouts()));
  EXPECT_EQ(testing::TraceFormatErrors(trace), "");
  std::map<std::string, int> arrows;
  std::set<std::string> names;
  for (const auto& event : trace.at("traceEvents")) {
    ++arrows[event.at("ph")];
    if (event.at("name") == "process_name") names.insert(event.at("args").at("name"));
  }
  EXPECT_THAT(names, ElementsAre("learner rank 1 on n1", "orchestrator rank 0 on n1", "rollout rank 2 on n1"));
  EXPECT_EQ(arrows["s"], 3) << "versions 1, 2 and 3 were published, then loaded";
  EXPECT_EQ(arrows["f"], 3);
  EXPECT_EQ(arrows["X"], 4 * 10);
}

TEST(Trace, TheCheckOfTheFormatFindsWhatIsWrong) {
  auto trace = nlohmann::json::parse(ChromeTraceJson(WaitsForRollouts()));
  auto broken = trace;
  for (auto& event : broken["traceEvents"]) {
    if (event["ph"] == "X") event["dur"] = -1;
  }
  EXPECT_THAT(testing::TraceFormatErrors(broken), HasSubstr("dur"));
  broken = trace;
  for (auto& event : broken["traceEvents"]) {
    if (event["ph"] == "X") event["dur"] = 900'000;
  }
  EXPECT_THAT(testing::TraceFormatErrors(broken), HasSubstr("overlaps"));
  broken = trace;
  std::swap(broken["traceEvents"][broken["traceEvents"].size() - 1], broken["traceEvents"][20]);
  EXPECT_THAT(testing::TraceFormatErrors(broken), HasSubstr("sorted"));
}

TEST(Trace, ReadsWhatIsThereAndCountsWhatIsDamaged) {
  TempFolder folder;
  EXPECT_THROW(ReadTrace(folder.path()), ConfigError);
  std::filesystem::create_directories(folder / "traces");
  const std::string good =
      R"({"attempt":1,"role":"reward","rank":3,"peer":"ab","host":"n1","pid":7,"clock_error_us":5,"max_staleness":2,"spans":[["grade",0,100,50,-1,-1,8.0]]})";
  WriteBytes(folder / "traces/spans.jsonl.1", kSpansHeader + good + "\n");
  WriteBytes(folder / "traces/spans.jsonl", kSpansHeader + "nonsense\n{\"attempt\":1}\n" + good + "\n" + good.substr(0, 40));
  const TraceData data = ReadTrace(folder.path());
  EXPECT_EQ(data.damaged, 2) << "the last line is only cut short";
  ASSERT_EQ(data.processes.size(), 1U);
  EXPECT_EQ(data.processes[0].clock_error_us, 5);
  EXPECT_EQ(data.processes[0].max_staleness, std::set<int64_t>({2}));
  EXPECT_EQ(ReadTrace(folder.path(), 2).processes.size(), 0U);
}

// A report must neither wait nor fail for what stands in the place of the spans.
TEST(Trace, WhatIsNoFileIsNoTrace) {
  TempFolder folder;
  EXPECT_FALSE(HasTrace(folder.path()));
  std::filesystem::create_directories(folder / "traces/spans.jsonl.1");
  ASSERT_EQ(mkfifo((folder / "traces/spans.jsonl").c_str(), 0600), 0);
  EXPECT_FALSE(HasTrace(folder.path()));
  EXPECT_THROW(ReadTrace(folder.path()), ConfigError);
  std::filesystem::remove_all(folder / "traces");
  std::filesystem::create_symlink("traces", folder / "traces");  // round and round
  EXPECT_FALSE(HasTrace(folder.path()));
}

// A job started again whose first arm was done: what that arm allowed is no news of the second start.
TEST(Trace, AnAttemptTellsOfTheArmsWhoseRlItRan) {
  TempFolder folder;
  std::filesystem::create_directories(folder / "traces");
  const auto line = [](int64_t attempt, int64_t max_staleness) {
    return Concat(R"({"attempt":)", attempt, R"(,"role":"orchestrator","rank":0,"peer":"","host":"n1","pid":)", 6 + attempt,
                  R"(,"clock_error_us":0,"max_staleness":)", max_staleness, R"(,"spans":[["wait_rollouts",0,)", attempt,
                  "00,50,1,-1,0]]}\n");
  };
  WriteBytes(folder / "traces/spans.jsonl", kSpansHeader + line(1, 0) + line(1, 2) + line(2, 2));
  EXPECT_EQ(Summarize(ReadTrace(folder.path(), 1)).max_staleness, std::set<int64_t>({0, 2}));
  EXPECT_EQ(Summarize(ReadTrace(folder.path(), 2)).max_staleness, std::set<int64_t>({2}));
}

}  // namespace
}  // namespace temper
