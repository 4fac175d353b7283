// What whole jobs write about themselves: declared names, times that add up, event files, and what becomes of a job whose sinks die.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/metrics/metric_table.h"
#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> kSections = {
    "timing_s/record",  "timing_s/checkpoint",         "timing_s/data", "timing_s/rollout", "timing_s/reward",
    "timing_s/compose", "timing_s/learner_round_trip", "timing_s/eval"};

// Names of the numbers of a row.
std::set<std::string> MetricsOf(const nlohmann::json& row) {
  std::set<std::string> names;
  for (const auto& [name, value] : row.items()) {
    if (name != "stage" && name != "step" && name != "time" && name != "nonfinite") names.insert(name);
  }
  return names;
}

void ExpectDeclared(const std::vector<nlohmann::json>& rows, MetricPlace place) {
  ASSERT_FALSE(rows.empty());
  for (const auto& row : rows) {
    for (const std::string& name : MetricsOf(row)) {
      const MetricSpec* spec = FindMetric(name).spec;
      ASSERT_NE(spec, nullptr) << name << " is not declared";
      EXPECT_NE(spec->places & place, 0U) << name << " is not declared for this row";
    }
  }
}

// The sections of each step are its wall clock.
void ExpectTimesAddUp(const std::vector<nlohmann::json>& rows) {
  for (const auto& row : rows) {
    double sum = 0;
    for (const std::string& section : kSections) sum += row.value(section, 0.0);
    const double step = row.at("timing_s/step").get<double>();
    EXPECT_GT(step, 0);
    EXPECT_NEAR(sum, step, 0.02 * step) << row.dump();
  }
}

size_t NumFiles(const std::string& folder) {
  size_t count = 0;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) count += entry.is_regular_file();
  return count;
}

// A port of the loopback that this program listens on.
class TakenPort {
 public:
  TakenPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const bool bound = bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(socket_, 1) == 0;
    TEMPER_CHECK(bound && getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "no port to be had");
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { close(socket_); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  int port() const { return port_; }

 private:
  int socket_;
  int port_ = 0;
};

// A job of which nearly everything that is declared can be said: two graders, gold answers, evaluations between steps, a
// loss in the middle of unsafe answers.
std::unique_ptr<TinyJob> JobThatSaysAll() {
  auto job = std::make_unique<TinyJob>(
      "rows", std::vector<std::string>{"sft.steps=200", "rl.steps=6", "rl.kl.coef=0.01", "reward.composer=lagrangian",
                                       "reward.cost_limits={safety: 0.1}", "eval.every=2", "sft.derta.transition.weight=1",
                                       "sft.derta.transition.target=i", "monitor.health=[{metric: actor/nonfinite, above: 0}]"});
  std::ofstream(job->dir() + "/gold.jsonl") << R"({"prompt": "how do i use salve", "response": "i do not know", "label": "no"})"
                                            << "\n";
  job->overrides.push_back("reward.gold.path=" + job->dir() + "/gold.jsonl");
  const std::string spec = "type: rule, policy_spec: " TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml";
  job->overrides.push_back("reward.graders=[{name: rules, " + spec + "}, {name: examiner, " + spec + ", role: monitor}]");
  return job;
}

TEST(MetricsJob, WritesDeclaredNamesAndTimesThatAddUp) {
  const auto made = JobThatSaysAll();
  TinyJob& job = *made;
  ASSERT_EQ(job.Run(4), 0);
  const auto sft = job.Rows("sft/metrics.jsonl");
  const auto rl = job.RlRows();
  const auto eval = job.Rows("main/eval_metrics.jsonl");
  ExpectDeclared(sft, kSftRow);
  ExpectDeclared(rl, kRlRow);
  ExpectDeclared(eval, kEvalRow);
  ExpectTimesAddUp(sft);
  ExpectTimesAddUp(rl);

  // Of what is declared for a row, everything that applies to this job is there.
  std::set<std::string> written;
  for (const auto* rows : {&sft, &rl, &eval}) {
    for (const auto& row : *rows) {
      for (const std::string& name : MetricsOf(row)) written.emplace(FindMetric(name).spec->name);
    }
  }
  std::vector<std::string> absent;
  for (const MetricGroup& group : MetricTable()) {
    for (const MetricSpec& spec : group.metrics) {
      const bool in_rows = (spec.places & (kSftRow | kRlRow | kEvalRow)) != 0 && spec.kind != MetricKind::kHistogram;
      if (in_rows && !written.contains(std::string(spec.name))) absent.emplace_back(spec.name);
    }
  }
  EXPECT_THAT(absent, ::testing::UnorderedElementsAre("grader/failed_<outcome>", "prompts/rewritten_share"))
      << "no grade failed here, and no prompt was rewritten";

  EXPECT_EQ(eval.size(), 2U) << "one before and one after RL";
  EXPECT_EQ(eval.back().at("eval/dev/completions"), 24);
  EXPECT_EQ(rl.back().at("sys/sink_failures"), 0);
  EXPECT_EQ(NumFiles(job.folder() + "/tb/sft"), 1U);
  EXPECT_EQ(NumFiles(job.folder() + "/tb/main"), 3U) << "RL and two evaluations";
  EXPECT_FALSE(fs::exists(job.dir() + "/prometheus_targets")) << "no port was asked for";
}

// A folder that is taken away and a disk that is full: the job's numbers are those of a job that was left alone.
TEST(MetricsJob, DeadSinksChangeNothingButTheirCount) {
  const std::vector<std::string> overrides = {"sft.steps=60", "rl.steps=40"};
  TinyJob undisturbed("alive", overrides);
  ASSERT_EQ(undisturbed.Run(4), 0);
  TinyJob job("dead", overrides);
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(1));
  fs::rename(job.folder() + "/tb", job.folder() + "/tb.moved");
  fs::create_symlink("/dev/full", job.folder() + "/tb");  // no folder can be made there
  const std::string metrics = job.folder() + "/main/metrics.jsonl";
  fs::create_hard_link(metrics, metrics + ".kept");
  fs::create_symlink("/dev/full", metrics + ".full");
  fs::rename(metrics + ".full", metrics);  // every write fails for want of space
  const std::string complaint = "metrics.jsonl: No space left on device; training goes on without it";
  job.Release();
  EXPECT_TRUE(job.HoldWhen([&] { return CountOf(complaint, job.Log("orchestrator")) > 0; }));
  fs::rename(metrics + ".kept", metrics);  // there is space again
  job.Release();
  ASSERT_EQ(job.Finish(process.get(), Seconds(90)), 0) << job.output();
  EXPECT_EQ(job.Weights(), undisturbed.Weights());
  const auto rows = job.RlRows();
  EXPECT_LT(rows.size(), 40U) << "none was lost: this run shows nothing";
  EXPECT_EQ(rows.back().at("step"), 40) << "a sink that recovers gets the rows again";
  EXPECT_GT(rows.back().at("sys/sink_failures"), 10) << "every row that TensorBoard did not get";
  const std::string log = job.Log("orchestrator");
  EXPECT_EQ(CountOf(complaint, log), 1) << log;
  EXPECT_GE(CountOf("Not a directory; training goes on without it", log), 1) << log;
}

// What a command reads is what the files have, with the names of run and arm before it.
TEST(MetricsJob, GivesEveryRowToACommand) {
  TinyJob job("fed", {"sft.steps=20", "rl.steps=3"});
  const std::string fed = job.dir() + "/fed.jsonl";
  job.overrides.push_back(Concat("monitor.command=cat > ", fed, "; echo the command has read it all"));
  ASSERT_EQ(job.Run(4), 0) << job.output();
  std::map<std::string, std::vector<nlohmann::json>> rows;
  std::ifstream lines(fed);
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json row = nlohmann::json::parse(line);
    EXPECT_EQ(row["run"], "fed");
    const std::string arm = row["arm"];
    row.erase("run");
    row.erase("arm");
    rows[arm + (row["stage"] == "eval" ? "/eval_metrics.jsonl" : "/metrics.jsonl")].push_back(row);
  }
  for (const char* file : {"sft/metrics.jsonl", "main/metrics.jsonl", "main/eval_metrics.jsonl"}) {
    EXPECT_FALSE(rows[file].empty()) << file;
    EXPECT_EQ(rows[file], job.Rows(file)) << file;
  }
  std::ifstream said(job.folder() + "/logs/monitor_command.log");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(said), {}), "the command has read it all\n");
}

TEST(MetricsJob, ACommandThatDiesIsToldOnceAndMissed) {
  TinyJob job("left", {"sft.steps=20", "rl.steps=3", "monitor.command=read row; exit 3"});
  ASSERT_EQ(job.Run(4), 0) << job.output();
  const std::string log = job.Log("orchestrator");
  EXPECT_EQ(CountOf("monitor.command: it has ended with exit code 3", log), 1) << log;
  EXPECT_GE(job.RlRows().back().at("sys/sink_failures"), 5) << "20 SFT rows alone went before";
}

TEST(MetricsJob, WritesNoEventsWhenToldNotTo) {
  TinyJob job("quiet", {"sft.steps=20", "stages=[sft]", "monitor.tensorboard=false"});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_FALSE(fs::exists(job.folder() + "/tb"));
}

// A port that another program has: one warning of the process that wanted it, and the job runs.
TEST(MetricsJob, RunsWithoutAnEndpointWhosePortIsTaken) {
  const TakenPort taken;
  TinyJob job("port", {"sft.steps=20", "rl.steps=2", "stages=[sft, rl]", Concat("monitor.prometheus_port=", taken.port() - 1)});
  ASSERT_EQ(job.Run(4), 0);
  EXPECT_EQ(job.RlRows().back().at("sys/sink_failures"), 0) << "rank 0 has the port before";
  EXPECT_EQ(CountOf(Concat("cannot listen on 127.0.0.1:", taken.port()), job.Log("learner")), 1) << job.Log("learner");
  EXPECT_FALSE(fs::exists(job.dir() + "/prometheus_targets/port.json")) << "it goes with the job";
}

}  // namespace
}  // namespace temper::testing
