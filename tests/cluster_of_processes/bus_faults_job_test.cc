// A job whose orchestrator is stopped, whose connections are reset, and which a worker joins that lies or that cannot do what it took. It
// ends with the weights of a job that nothing happened to, after as many steps and without a new start.
#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/bus/zmq_client.h"
#include "record/rendezvous.h"
#include "tests/cluster_of_processes/recovery_job.h"
#include "tests/cluster_of_processes/temper_command.h"
#include "tests/support/bus_sockets.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// Longer than ZeroMQ waits for a peer's answer (contact.h), and than cluster.peer_timeout_s.
constexpr auto kPause = std::chrono::seconds(7);

std::vector<std::string> Overrides() {
  std::vector<std::string> overrides = RecoveryOverrides();
  overrides.insert(overrides.end(), {"cluster.peer_timeout_s=5", "cluster.heartbeat_s=0.5"});
  return overrides;
}

// Started once, all steps once, the same weights.
void ExpectUndisturbed(const TinyJob& job) {
  ExpectComplete(job, kRecoverySteps, kRecoveryGroupSize);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
  EXPECT_EQ(job.Journal().at("attempts"), 1);
  EXPECT_EQ(static_cast<int64_t>(job.Rows("sft/metrics.jsonl").size()), kRecoverySftSteps);
}

void Pause(pid_t pid) {
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  std::this_thread::sleep_for(kPause);
  ASSERT_EQ(kill(pid, SIGCONT), 0);
}

// The learner carries its order out while the orchestrator is stopped, and its answer finds no connection.
TEST(BusFaultsOfAJob, AStoppedOrchestratorGoesOnWithItsLearners) {
  TinyJob job("stopped_sft", Overrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtSftStep(20)) << process->Output();
  const pid_t orchestrator = job.Rank(0);
  ASSERT_GT(orchestrator, 0);
  std::thread release([&job] {
    std::this_thread::sleep_for(milliseconds(500));
    job.Release();
  });
  Pause(orchestrator);
  release.join();
  ASSERT_EQ(job.Finish(process.get()), 0) << job.output();
  ExpectUndisturbed(job);
}

TEST(BusFaultsOfAJob, AStoppedOrchestratorGoesOnWithItsWorkers) {
  TinyJob job("stopped_rl", Overrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(5)) << process->Output();
  const pid_t orchestrator = job.Rank(0);
  job.Release();
  Pause(orchestrator);
  ASSERT_EQ(job.Finish(process.get()), 0) << job.output();
  ExpectUndisturbed(job);
}

// Every connection of the bus is reset again and again, in SFT, in RL and in evaluations.
TEST(BusFaultsOfAJob, ResetConnectionsCostNothing) {
  TinyJob job("reset", Overrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtSftStep(5)) << process->Output();
  const pid_t orchestrator = job.Rank(0);
  const std::string endpoint = ReadRendezvous(job.folder())->endpoint;
  job.Release();
  int64_t times = 0;
  while (process->RunsFor(Seconds(1))) {
    const int reset = ResetConnections(orchestrator, endpoint);
    // Where no process may reach into another's sockets, both ends give their connections up by themselves.
    if (reset < 0 && process->Running()) Pause(orchestrator);
    times += reset != 0;
  }
  ASSERT_EQ(job.Finish(process.get()), 0) << job.output();
  EXPECT_GE(times, 2);
  ExpectUndisturbed(job);
}

// Joins as a rollout worker and answers every task with something that is no result, until it is sent away.
void Lie(const BusContact& contact, std::atomic<int>* lies) {
  ZmqClient bus({.endpoint = contact.endpoint, .role = Role::kRollout, .capacity = 4, .run_id = contact.run_id, .keys = contact.keys});
  bus.Register(std::chrono::seconds(30));
  const Millis end = NowMillis() + 60'000;
  while (!bus.draining() && NowMillis() < end) {
    bus.Poll(milliseconds(5));
    while (const auto task = bus.NextTask()) {
      bus.SendResult(task->id, "no result");
      ++*lies;
    }
  }
}

TEST(BusFaultsOfAJob, ALyingWorkerIsSentAwayAndCostsNothing) {
  TinyJob job("lied_to", Overrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(3)) << process->Output();
  std::atomic<int> lies = 0;
  std::thread liar([&, contact = *ReadRendezvous(job.folder())] { Lie(contact, &lies); });
  EXPECT_TRUE(WaitUntil([&] { return lies >= 3; }, Seconds(30)));
  liar.join();
  job.Release();
  ASSERT_EQ(job.Finish(process.get()), 0) << job.output();
  ExpectUndisturbed(job);
  EXPECT_GE(job.RlRows().back().at("cluster/results_refused"), 3);
  EXPECT_EQ(job.RlRows().back().at("queue/groups_refused"), 0);
  EXPECT_EQ(CountOf("sent away: 3 of its results were none", job.Log("orchestrator")), 1);
}

// No other user of the host may learn how to get onto the bus: not from a command line, not from a file of the run.
TEST(BusFaultsOfAJob, TellsItsSecretsToItsOwnerAlone) {
  TinyJob job("secret", Overrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtRlStep(3)) << process->Output();
  const BusContact contact = *ReadRendezvous(job.folder());
  ASSERT_FALSE(contact.keys.empty()) << "also on loopback";
  const std::vector<std::string> secrets = {std::to_string(contact.run_id), contact.keys.client_secret, contact.keys.client_public};
  for (const ProcessInfo& each : ProcessesWith(job.dir())) {
    for (const std::string& word : each.command) {
      for (const std::string& secret : secrets) EXPECT_THAT(word, Not(HasSubstr(secret))) << each.name;
    }
  }
  for (const auto& entry : fs::directory_iterator("/dev/shm")) {
    EXPECT_THAT(entry.path().string(), Not(HasSubstr(secrets[0])));
  }
  for (const auto& entry : fs::recursive_directory_iterator(job.dir())) {
    if (!entry.is_regular_file()) continue;
    struct stat info {};
    if (stat(entry.path().c_str(), &info) != 0 || (info.st_mode & 077) == 0) continue;
    const std::string text = ReadText(entry.path());
    for (const std::string& secret : secrets) EXPECT_EQ(CountOf(secret, text), 0) << entry.path();
  }
  job.Release();
  ASSERT_EQ(job.Finish(process.get()), 0) << job.output();
}

// Both workers are there, but one whose process stands still is waited for: the job lives, and yet does not get on.
TEST(BusFaultsOfAJob, StatusNamesALearnerThatIsNotThere) {
  TinyJob job("frozen_learner", Overrides());
  const auto process = job.StartMpirun(4);
  ASSERT_TRUE(job.HoldAtSftStep(20)) << process->Output();
  Printed status;
  ASSERT_TRUE(WaitUntil(
      [&] {
        status = Temper(job, {"status", job.folder(), "--json"});
        const json parsed = json::parse(status.text, nullptr, false);
        return parsed.is_object() && parsed.at("life") == "waiting";
      },
      Seconds(20)))
      << status.text;
  EXPECT_EQ(status.code, 1);
  EXPECT_THAT(json::parse(status.text).at("missing").get<std::string>(), HasSubstr("learner 0 on "));
  EXPECT_THAT(Temper(job, {"status", job.folder()}).text, HasSubstr("WAITING for who is not there: learner 0 on "));
  // It cannot go on, and says so within half a minute: not after cluster.step_timeout_s.
  const auto code = process->Wait(Seconds(60));
  ASSERT_TRUE(code.has_value());
  EXPECT_NE(*code, 0);
  job.Release();
  job.Finish(process.get());
  EXPECT_THAT(job.output(), HasSubstr("has had no connection for 3"));
  EXPECT_THAT(job.output(), HasSubstr("learner 0 ("));
}

}  // namespace
}  // namespace temper::testing
