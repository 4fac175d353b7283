// What a user gets wrong: one message from one rank, a non-zero exit, soon, and nothing left behind.
#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cluster_of_processes/temper_command.h"
#include "tests/cluster_of_processes/tiny_job.h"
#include "tests/support/temp_folder.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kSoon(20);
constexpr int kConfigError = 78;

// Runs the job and expects that it ends with `code` and says each of `parts` in one line alone.
void ExpectRefused(TinyJob* job, int ranks, int code, const std::vector<std::string>& parts) {
  EXPECT_EQ(job->Run(ranks, kSoon), code);
  for (const std::string& part : parts) EXPECT_EQ(CountOf(part, job->output()), 1) << part;
  EXPECT_EQ(CountOf("temper: ", job->output()), 1) << "one message, once";
  EXPECT_FALSE(fs::exists(job->folder() + "/main/metrics.jsonl"));
}

TEST(BadInput, UnknownKeyNamesTheNearest) {
  TinyJob job("bad", {"rl.stepz=3"});
  ExpectRefused(&job, 4, kConfigError, {"rl.stepz: unknown key; the nearest known one is rl.steps"});
  EXPECT_FALSE(fs::exists(job.folder())) << "a config error must not leave a run folder";
}

TEST(BadInput, EveryMistakeOfAFileIsTold) {
  TinyJob job("bad");
  job.config = job.dir() + "/wrong.yaml";
  std::ofstream(job.config) << "defaults: [" << TEMPER_SOURCE_DIR << "/tests/cluster_of_processes/tiny.yaml]\n"
                            << "rl:\n  steps: many\n  prompts_per_step: -1\n";
  EXPECT_EQ(job.Run(4, kSoon), kConfigError);
  EXPECT_EQ(CountOf("wrong.yaml:3:", job.output()), 1) << job.output();
  EXPECT_EQ(CountOf("wrong.yaml:4:", job.output()), 1);
}

TEST(BadInput, TooFewRanks) {
  TinyJob job("bad");
  ExpectRefused(&job, 3, kConfigError, {"the job has 3 ranks, the config needs at least 4"});
}

TEST(BadInput, MoreRanksThanRoles) {
  TinyJob job("bad", {"cluster.learners=1", "cluster.rollout_workers=1", "cluster.reward_workers=1"});
  ExpectRefused(&job, 5, kConfigError, {"the job has 5 ranks, the config needs exactly 4"});
}

TEST(BadInput, CommandLinesThatAreNone) {
  TinyJob job("bad");
  const auto said = [&](std::vector<std::string> words) {
    words.insert(words.begin(), TEMPER_BINARY);
    JobProcess process(words, job.dir() + "/output.txt");
    EXPECT_EQ(job.Finish(&process, kSoon), kConfigError);
    return job.output();
  };
  EXPECT_EQ(said({"lunch", "x.yaml"}), "temper: there is no command lunch; the nearest is launch (temper --help lists all)\n");
  EXPECT_EQ(said({"launch", "x.yaml", "--set", "a=b"}),
            "temper: The following argument was not expected: --set (see temper launch --help)\n");
  EXPECT_EQ(said({"launch", "x.yaml", "rl.steps", "3"}),
            "temper: x.yaml: there is no file x.yaml\noverride \"rl.steps\": must be of the form "
            "a.b=value\noverride \"3\": must be of the form a.b=value\n");
  EXPECT_EQ(said({"launch", job.config, "-np", "3", "run.dir=" + job.dir()}).substr(0, 58),
            "temper: the job has 3 ranks, the config needs at least 4: ");
  EXPECT_EQ(
      said({"report", job.dir()}),
      "temper: " + job.dir() + ": no run there; a run's folder is <run.dir>/<run.name>; to see several runs together use temper compare\n");
  EXPECT_EQ(said({"compare", job.dir()}), "temper: " + job.dir() + ": neither a run nor a folder of runs; a run's folder has a run.json\n");
}

TEST(BadInput, OneProcessWithoutMpirun) {
  TinyJob job("bad");
  JobProcess process({TEMPER_BINARY, "train", job.config, "run.dir=" + job.dir()}, job.dir() + "/output.txt");
  EXPECT_EQ(job.Finish(&process, kSoon), kConfigError);
  EXPECT_EQ(CountOf("start it with  mpirun -np 4 temper train", job.output()), 1) << job.output();
}

TEST(BadInput, MissingConfigFile) {
  TinyJob job("bad");
  job.config = job.dir() + "/none.yaml";
  EXPECT_EQ(job.Run(4, kSoon), kConfigError);
  EXPECT_GE(CountOf("none.yaml", job.output()), 1);
}

TEST(BadInput, MissingPolicySpec) {
  TinyJob job("bad", {"reward.policy_spec=/nowhere/spec.yaml"});
  ExpectRefused(&job, 4, kConfigError, {"/nowhere/spec.yaml"});
}

TEST(BadInput, LaunchDoesNotRetryAConfigError) {
  TinyJob job("bad", {"reward.policy_spec=/nowhere/spec.yaml"});
  const auto process = job.StartLaunch();
  EXPECT_EQ(job.Finish(process.get(), kSoon), kConfigError);
  EXPECT_EQ(CountOf("/nowhere/spec.yaml", job.output()), 1) << job.output();
}

TEST(BadInput, MalformedDatasetRow) {
  TinyJob job("bad", {"data.source=files", "stages=[rl]", "eval.sets=[]"});
  const std::string data = job.dir() + "/prompts.jsonl";
  std::ofstream(data) << R"({"prompt": "one", "category": "fire", "intent": "benign"}
{"prompt": "two", "category": "fire", "intent": "benign"
{"prompt": "three", "category": "fire", "intent": "benign"}
)";
  job.overrides.push_back("data.path=" + data);
  ExpectRefused(&job, 4, kConfigError, {"prompts.jsonl:2"});
}

TEST(BadInput, EvaluationSetThatDoesNotExist) {
  TinyJob job("bad", {"eval.sets=[dew]"});
  ExpectRefused(&job, 4, kConfigError, {"eval.sets must name sets that the data has"});
}

// A folder as `temper train` writes it, with a model.safetensors cut short.
TEST(BadInput, TruncatedSafetensors) {
  TinyJob good("good", {"stages=[sft]", "sft.steps=2"});
  ASSERT_EQ(good.Run(4), 0);
  const std::string model = good.folder() + "/sft/weights/step_2";
  fs::resize_file(model + "/model.safetensors", fs::file_size(model + "/model.safetensors") / 2);
  TinyJob job("bad", {"stages=[rl]", "policy.path=" + model});
  EXPECT_EQ(job.Run(4, kSoon), kConfigError);
  EXPECT_EQ(CountOf("temper: " + model + "/model.safetensors: tensor", job.output()), 1) << job.output();
}

// Every start would find it again, so none is made.
TEST(BadInput, WeightsThatAreNotFinite) {
  TinyJob good("good", {"stages=[sft]", "sft.steps=2"});
  ASSERT_EQ(good.Run(4), 0);
  const std::string model = good.folder() + "/sft/weights/step_2";
  std::string bytes = ReadText(model + "/model.safetensors");
  bytes.replace(bytes.size() - 4, 4, "\x00\x00\xc0\x7f", 4);
  WriteBytes(model + "/model.safetensors", bytes);
  TinyJob job("bad", {"stages=[rl]", "policy.path=" + model});
  EXPECT_EQ(job.Finish(job.StartLaunch().get(), kSoon), kConfigError);
  EXPECT_EQ(CountOf("temper: " + model + ": tensor model.", job.output()), 1) << job.output();
  EXPECT_EQ(CountOf(" has a value that is not finite (NaN or infinite)", job.output()), 1) << job.output();
  EXPECT_EQ(CountOf("starting it again", job.output()), 0) << job.output();

  WriteBytes(job.dir() + "/ids.json", "[[1, 2]]");
  const Printed logits =
      Temper(job, {"logits", "--model", model, "--ids", job.dir() + "/ids.json", "--out", job.dir() + "/logits.safetensors"});
  EXPECT_EQ(logits.code, kConfigError) << logits.text;
  EXPECT_EQ(CountOf(" has a value that is not finite", logits.text), 1) << logits.text;
}

TEST(BadInput, TemporaryFolderThatIsNotThere) {
  TinyJob job("bad");
  setenv("TMPDIR", "/nowhere", 1);
  const auto process = job.StartLaunch();
  unsetenv("TMPDIR");
  EXPECT_EQ(job.Finish(process.get(), kSoon), kConfigError);
  EXPECT_EQ(CountOf("temper: TMPDIR: cannot write in /nowhere: ", job.output()), 1) << job.output();
  EXPECT_EQ(CountOf("\n", job.output()), 1) << job.output();
}

TEST(BadInput, PortInUse) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  socklen_t length = sizeof(address);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  TinyJob job("bad", {"cluster.endpoint=" + endpoint});
  ExpectRefused(&job, 4, kConfigError, {"cluster.endpoint: cannot listen on " + endpoint + ": Address already in use by another program"});
  close(listener);
}

TEST(BadInput, WeightFolderThatCannotBeWritten) {
  TinyJob job("bad", {"cluster.weight_folder=/proc/nowhere"});
  ExpectRefused(&job, 4, kConfigError, {"cluster.weight_folder: cannot write in /proc/nowhere"});
}

TEST(BadInput, RunFolderThatCannotBeMade) {
  TinyJob job("bad");
  job.overrides.push_back("run.dir=/proc/nowhere/" + fs::path(job.dir()).filename().string());
  ExpectRefused(&job, 4, kConfigError, {"run.dir: cannot make /proc/nowhere"});
}

TEST(BadInput, ResumeWithAnotherConfigThanBefore) {
  TinyJob job("bad", {"sft.steps=20", "rl.steps=8"});
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(4)) << process->Output();
    KillAllWith(job.dir());
  }
  job.overrides.push_back("rl.prompts_per_step=5");
  const int code = job.Run(4, kSoon);
  EXPECT_EQ(code, kConfigError);
  EXPECT_EQ(CountOf("rl.prompts_per_step is 5, but", job.output()), 1) << job.output();
}

// Not the user's mistake, but the same promise: a worker that cannot work ends the job with a message, it does not hang.
TEST(BadInput, WorkersThatDoNotRegisterInTime) {
  TinyJob job("bad", {"cluster.start_timeout_s=0.01"});
  const int code = job.Run(4, kSoon);
  EXPECT_NE(code, 0);
  EXPECT_GE(CountOf("cluster.start_timeout_s", job.output()), 1) << job.output();
}

}  // namespace
}  // namespace temper::testing
