// A running job seen from outside, over its bus: by who has no run folder, stalls, dies, or comes with the wrong keys.
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "tests/cluster_of_processes/temper_command.h"
#include "tests/cluster_of_processes/tiny_job.h"
#include "tests/support/on_a_terminal.h"
#include "tests/support/temp_folder.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr int64_t kSteps = 1000;  // of 7 ms and more: the job must last until all of it has been seen

TEST(ObservingAJob, ShowsItOverItsBusAndLeavesItAlone) {
  TinyJob job("observed",
              {Concat("rl.steps=", kSteps), "sft.steps=60", "stages=[sft, rl]", "cluster.heartbeat_s=0.2", "cluster.peer_timeout_s=300"});
  const auto process = job.StartMpirun(4);
  const std::string rendezvous = job.folder() + "/rendezvous.json";
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(rendezvous); }, Seconds(60))) << process->Output();
  TempFolder elsewhere;  // all that an observer has of the run
  const std::string copy = elsewhere / "rendezvous.json";
  fs::copy_file(rendezvous, copy);
  const std::string endpoint = json::parse(ReadText(copy)).at("endpoint");
  EXPECT_THAT(Temper(job, {"top", "--connect", endpoint, "--once"}).text, HasSubstr("it is encrypted and needs keys"));
  setenv("TEMPER_BUS_KEYS", json::parse(ReadText(copy)).at("keys").get<std::string>().c_str(), 1);  // of who knows the endpoint alone

  // A process has a row of its own once it has reported. The job is held from then on, or it would end while it is looked at.
  Printed top;
  const auto shows_all = [&] {
    top = Temper(job, {"top", "--connect", endpoint, "--once"});
    for (const char* shown : {"stage rl, arm main, step ", "\norchestrator    0 ", "\nlearner         1 ", "\nrollout         2 ",
                              "\nreward          3 ", "\ns        "}) {
      if (top.text.find(shown) == std::string::npos) return false;
    }
    return top.code == 0;
  };
  ASSERT_TRUE(job.HoldWhen(shows_all)) << top.text << process->Output();

  Printed status;
  const auto counted = [&] {
    status = Temper(job, {"status", "--connect", copy, "--json"});
    if (status.code != 0) return false;
    const json parsed = json::parse(status.text);
    return parsed.at("workers").at("rollout") == 1 && parsed.at("step") >= 1;
  };
  ASSERT_TRUE(WaitUntil(counted, Seconds(10))) << "who is there is counted once a second: " << status.text;
  const json parsed = json::parse(status.text);
  EXPECT_EQ(parsed.at("life"), "alive");
  EXPECT_EQ(parsed.at("stage"), "rl");
  EXPECT_EQ(parsed.at("steps"), kSteps);
  EXPECT_LT(parsed.at("age_s"), 5);

  OnATerminal stalls({TEMPER_BINARY, "top", "--connect", copy});
  ASSERT_TRUE(stalls.WaitFor("stage rl, arm main, step ")) << stalls.screen();
  stalls.Signal(SIGSTOP);
  OnATerminal dies({TEMPER_BINARY, "top", "--connect", copy});
  ASSERT_TRUE(dies.WaitFor("stage rl, arm main, step ")) << dies.screen();
  dies.Signal(SIGKILL);
  EXPECT_EQ(dies.Wait(), 128 + SIGKILL);

  job.Release();
  ASSERT_EQ(job.Finish(process.get(), Seconds(240)), 0) << job.output();
  ExpectComplete(job, kSteps, 4);
  EXPECT_EQ(job.RlRows().back().at("cluster/workers_lost"), 0);
  const std::string log = job.Log("orchestrator");
  EXPECT_EQ(CountOf("worker joined: ", log), 3) << "learner, rollout and reward worker, nobody else";
  EXPECT_EQ(CountOf("refused", log), 0) << log;

  stalls.Signal(SIGCONT);
  stalls.Forget();
  EXPECT_TRUE(stalls.WaitFor("no answer from " + endpoint)) << "it says so when it looks again: " << stalls.screen();
  stalls.Type("q");
  EXPECT_EQ(stalls.Wait(), 0);
  const Printed ended = Temper(job, {"status", "--connect", job.folder()});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.text, HasSubstr("no job runs there"));
}

TEST(ObservingAJob, RefusesWhatIsNoPlaceOfAJob) {
  TinyJob job("nowhere");
  EXPECT_EQ(Temper(job, {"status"}).code, 78);
  EXPECT_EQ(Temper(job, {"status", job.folder(), "--connect", job.folder()}).code, 78) << "one of them";
  EXPECT_EQ(Temper(job, {"top", "--connect", job.folder(), "--once"}).code, 78);
  const Printed silent = Temper(job, {"top", "--connect", "tcp://127.0.0.1:1", "--once"});
  EXPECT_EQ(silent.code, 1) << "it may answer later: " << silent.text;
  TempFolder folder;
  WriteBytes(folder / "rendezvous.json", "{}");
  fs::permissions(folder / "rendezvous.json", fs::perms::owner_read);
  EXPECT_THAT(Temper(job, {"status", "--connect", folder.path()}).text, HasSubstr("not a rendezvous file"));
}

}  // namespace
}  // namespace temper::testing
