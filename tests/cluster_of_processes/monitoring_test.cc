// A whole job and everything that watches it: what the files say agrees with the metrics, the commands read them while they are written.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster_of_processes/temper_command.h"
#include "tests/cluster_of_processes/tiny_job.h"
#include "tests/support/on_a_terminal.h"
#include "tests/support/trace_format.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// Two rollout workers, two learners; a whole run that nothing disturbs, made once.
class WatchedJob : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    job_ = new TinyJob("watched", {"cluster.learners=2", "cluster.rollout_workers=2", "cluster.reward_workers=1",
                                   "monitor.cluster_log_s=0.2", "cluster.heartbeat_s=0.2"});
    ASSERT_EQ(job_->Run(6), 0) << job_->output();
  }
  static void TearDownTestSuite() {
    delete job_;
    job_ = nullptr;
  }
  static TinyJob* job_;
};
TinyJob* WatchedJob::job_ = nullptr;

TEST_F(WatchedJob, LogsEveryProcessWithItsStateAndUse) {
  std::map<std::string, std::set<int64_t>> ranks;
  std::set<std::string> states;
  for (const json& row : job_->Rows("cluster.jsonl")) {
    const std::string role = row.at("role");
    states.insert(role + " " + row.at("state").get<std::string>());
    if (row.at("state") == "registered") continue;
    ranks[role].insert(row.at("rank").get<int64_t>());
    EXPECT_GT(row.at("pid"), 0);
    EXPECT_GT(row.at("rss_mib"), 5);
    EXPECT_GE(row.at("cpu_percent"), 0);
    EXPECT_FALSE(row.at("host").get<std::string>().empty());
    if (role == "orchestrator") {
      EXPECT_TRUE(row.at("queues").contains("rollout"));
    } else {
      EXPECT_GE(row.at("heartbeat_age_s"), 0);
      EXPECT_GE(row.at("credits"), 0);
    }
  }
  EXPECT_EQ(ranks["orchestrator"], std::set<int64_t>({0}));
  EXPECT_EQ(ranks["learner"], std::set<int64_t>({1, 2}));
  EXPECT_EQ(ranks["rollout"], std::set<int64_t>({3, 4}));
  EXPECT_EQ(ranks["reward"], std::set<int64_t>({5}));
  // Five rows a second see what lasts; the spans have the rest.
  EXPECT_TRUE(states.contains("reward wait_task"));
  const std::string spans = ReadText(job_->folder() + "/traces/spans.jsonl");
  for (const char* expected : {"update", "rollout", "grade", "wait_learners"})
    EXPECT_THAT(spans, HasSubstr(std::string("\"") + expected + "\"")) << expected;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

TEST_F(WatchedJob, TheTraceKeepsTheFormatAndAgreesWithTheMetrics) {
  const Printed printed = Temper(*job_, {"trace", job_->folder()});
  ASSERT_EQ(printed.code, 0) << printed.text;
  const json trace = json::parse(ReadText(job_->folder() + "/traces/trace.json"));
  EXPECT_EQ(TraceFormatErrors(trace), "");

  std::map<int64_t, std::string> role_of;                    // by pid of the trace
  std::map<std::string, std::map<int64_t, double>> seconds;  // "learner 1/update" -> step -> seconds; SFT's steps are left out below
  std::map<std::string, int> names;
  int arrows = 0;
  double first_rollout = -1;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("name") == "process_name") role_of[event.at("pid")] = event.at("args").at("name");
    if (event.at("ph") == "s") ++arrows;
    if (event.at("ph") != "X") continue;
    const std::string name = event.at("name");
    ++names[name];
    if (name == "wait_rollouts" && first_rollout < 0) first_rollout = event.at("ts");
  }
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") != "X" || event.at("ts").get<double>() < first_rollout || !event.at("args").contains("step")) continue;
    const std::string role = role_of.at(event.at("pid"));
    seconds[role.substr(0, role.find(" on ")) + "/" + event.at("name").get<std::string>()][event.at("args").at("step")] +=
        event.at("dur").get<double>() / 1e6;
  }
  for (const char* name : {"rollout", "grade", "update", "forward_backward", "reduce", "optimizer", "publish", "sync", "wait_task",
                           "checkpoint", "eval", "wait_learners"})
    EXPECT_GT(names[name], 0) << name;
  EXPECT_GE(arrows, 12) << "every step's weights reach two workers";

  // The clocks run over the same code, but for a heartbeat and what the scheduler takes in between: that is much in a few steps of a loaded
  // machine, and little in most.
  std::map<std::string, std::vector<double>> off, sizes;  // by what is measured, of each step
  const auto compare = [&](const std::string& what, double traced, double measured) {
    off[what].push_back(std::abs(traced - measured));
    sizes[what].push_back(measured);
  };
  int64_t updates = 0;
  for (const json& row : job_->RlRows()) {
    if (!row.contains("timing_s/update")) continue;  // a step of dead groups
    ++updates;
    const int64_t step = row.at("step");
    SCOPED_TRACE("step " + std::to_string(step));
    const auto of = [&](const std::string& key) { return seconds[key][step]; };
    const auto measured = [&](const char* name) { return row.at(std::string("timing_s/") + name).get<double>(); };
    EXPECT_GT(of("learner rank 2/update"), 0);
    compare("update", of("learner rank 1/update"), measured("update"));
    compare("publish", of("learner rank 1/publish"), measured("publish"));
    compare("passes", std::max(of("learner rank 1/forward_backward"), of("learner rank 2/forward_backward")),
            measured("forward") + measured("backward"));
    compare("optimizer", std::max(of("learner rank 1/optimizer"), of("learner rank 2/optimizer")), measured("optimizer"));
    double whole = 0;
    for (const char* name : {"wait_rollouts", "wait_grades", "wait_learners", "prepare"})
      whole += of(std::string("orchestrator rank 0/") + name);
    compare("step", whole, measured("step"));
  }
  EXPECT_GT(updates, 6);
  for (const auto& [what, all] : off) EXPECT_LE(Median(all), 0.01 + 0.1 * Median(sizes[what])) << what << " in the step between";
}

TEST_F(WatchedJob, SummarySaysWhoWaited) {
  const Printed printed = Temper(*job_, {"trace", job_->folder(), "--summary"});
  ASSERT_EQ(printed.code, 0) << printed.text;
  EXPECT_THAT(printed.text, HasSubstr("12 RL steps"));
  EXPECT_THAT(printed.text, HasSubstr("learner rank 1 on "));
  EXPECT_THAT(printed.text, HasSubstr("tokens/s"));
  EXPECT_EQ(Temper(*job_, {"trace", job_->dir()}).code, 78);
}

TEST_F(WatchedJob, StatusAndTopOfAFinishedRun) {
  const Printed status = Temper(*job_, {"status", job_->folder(), "--json"});
  EXPECT_EQ(status.code, 0);
  const json parsed = json::parse(status.text);
  EXPECT_EQ(parsed.at("state"), "done");
  EXPECT_EQ(parsed.at("life"), "ended");
  EXPECT_EQ(parsed.at("attempt"), 1);
  EXPECT_EQ(parsed.at("host").get<std::string>().empty(), false);
  const Printed top = Temper(*job_, {"top", job_->folder(), "--once"});
  EXPECT_EQ(top.code, 0);
  EXPECT_THAT(top.text, HasSubstr("done; the report is "));
  EXPECT_THAT(top.text, HasSubstr("reward"));
  EXPECT_THAT(top.text, Not(HasSubstr("queues"))) << "nothing goes on any more";
  EXPECT_THAT(top.text, Not(HasSubstr("wait_"))) << top.text;
  EXPECT_THAT(top.text, Not(HasSubstr("\033"))) << "no terminal, no colours";
  EXPECT_EQ(Temper(*job_, {"top", job_->folder()}).code, 78) << "drawing needs a terminal";
  EXPECT_EQ(Temper(*job_, {"status", job_->dir()}).code, 78);
}

TEST_F(WatchedJob, WatchShowsTheTranscripts) {
  const Printed all = Temper(*job_, {"watch", job_->folder(), "--once"});
  EXPECT_EQ(all.code, 0);
  EXPECT_GE(CountOf("== main step ", all.text), 6 * 4) << "every second step, some groups of four";
  EXPECT_THAT(all.text, HasSubstr("  > "));
  const Printed filtered = Temper(*job_, {"watch", job_->folder(), "--once", "--filter", "severity=none"});
  EXPECT_LE(CountOf("== main step ", filtered.text), CountOf("== main step ", all.text));
  EXPECT_EQ(CountOf("severity high", filtered.text), 0);
  EXPECT_EQ(Temper(*job_, {"watch", job_->folder(), "--once", "--filter", "severity=bad"}).code, 78);
}

TEST(WatchingAJob, FollowsItOnATerminalUntilItDies) {
  TinyJob job("live", {"rl.steps=500", "sft.steps=100", "eval.at_start=false", "cluster.peer_timeout_s=300"});
  // The folder does not exist yet.
  OnATerminal top({TEMPER_BINARY, "top", job.folder()});
  ASSERT_TRUE(top.WaitFor("there is none")) << top.screen();
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(3)) << process->Output();
  ASSERT_TRUE(top.WaitFor("stage rl, arm main, step ")) << top.screen();
  ASSERT_TRUE(top.WaitFor("wait_task")) << top.screen();
  EXPECT_THAT(top.screen(), HasSubstr("\033[?1049h\033[?25l"));

  Printed status;
  EXPECT_TRUE(WaitUntil(
      [&] {
        status = Temper(job, {"status", job.folder(), "--json"});
        return status.code != 0 || json::parse(status.text).at("workers").at("rollout") == 1;
      },
      Seconds(10)))
      << "who is there is counted once a second: " << status.text;
  ASSERT_EQ(status.code, 0) << status.text;
  const json parsed = json::parse(status.text);
  EXPECT_EQ(parsed.at("life"), "alive");
  EXPECT_EQ(parsed.at("stage"), "rl");
  EXPECT_EQ(parsed.at("steps"), 500);
  EXPECT_EQ(parsed.at("workers").at("rollout"), 1);
  EXPECT_LT(parsed.at("age_s"), 10);

  // Files cut short and gone while it looks: the picture goes on.
  job.Release();
  fs::resize_file(job.folder() + "/cluster.jsonl", 10);
  fs::remove(job.folder() + "/main/metrics.jsonl");
  top.Forget();
  ASSERT_TRUE(top.WaitFor("temper top - live on ")) << top.screen();
  top.Type("q");
  EXPECT_EQ(top.Wait(), 0);
  top.ExpectRestored();

  KillAllWith(job.dir());
  EXPECT_TRUE(WaitUntil([&] { return Temper(job, {"status", job.folder()}).code != 0; }, Seconds(5)));
  const Printed dead = Temper(job, {"status", job.folder()});
  EXPECT_EQ(dead.code, 1);
  EXPECT_THAT(dead.text, HasSubstr("DEAD: process "));
  EXPECT_THAT(dead.text, HasSubstr("start the same command again"));
  process->Wait(Seconds(10));
}

TEST(WatchingAJob, LeavesTheTerminalAsItWasAfterASignal) {
  TinyJob job("signals");
  fs::create_directories(job.folder());
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    OnATerminal top({TEMPER_BINARY, "top", job.folder()});
    ASSERT_TRUE(top.WaitFor("there is none"));
    if (signal == SIGINT) {
      top.Type("\003");  // Ctrl-C as it is typed
    } else {
      top.Signal(signal);
    }
    EXPECT_EQ(top.Wait(), 128 + signal);
    top.ExpectRestored();
  }
}

}  // namespace
}  // namespace temper::testing
