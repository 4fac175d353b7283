#include <cstdio>
#include <cstring>
#include <vector>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/collectives/process.h"

namespace temper {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

// Starts this program on two ranks and waits for their end.
struct JobEnd {
  int exit_code = 0;
  double seconds = 0;
  std::string output;
};
JobEnd RunJob(const std::string& operation) {
  char self[4096] = {};
  EXPECT_GT(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
  const std::string command = Concat(TEMPER_MPIEXEC, " --allow-run-as-root --oversubscribe -np 2 ", self, " --rank '", operation, "' 2>&1");
  const Stopwatch watch;
  FILE* pipe = popen(command.c_str(), "r");
  JobEnd end;
  char buffer[4096];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) end.output += buffer;
  end.exit_code = WEXITSTATUS(pclose(pipe));
  end.seconds = watch.Seconds();
  return end;
}

// Rank 0 waits in `operation`; rank 1 lives, but never comes.
class AbsentPeer : public testing::TestWithParam<std::string> {};

TEST_P(AbsentPeer, IsNamedAndEndsTheJob) {
  const JobEnd end = RunJob(GetParam());
  EXPECT_EQ(end.exit_code, kExitRetry) << end.output;
  EXPECT_LT(end.seconds, 50) << end.output;
  EXPECT_THAT(end.output, ContainsRegex("rank 0 of 2 waited [1-9][0-9]*\\.[0-9]+ s in"));
  EXPECT_THAT(end.output,
              HasSubstr("s in test " + GetParam() + " for its peers; one of them is stuck or gone (cluster.collective_timeout_s)"));
}

INSTANTIATE_TEST_SUITE_P(Operations, AbsentPeer, testing::Values("sum", "shared sum", "broadcast", "barrier"));

int RunRank(const std::string& operation, int* argc, char*** argv) {
  alarm(60);
  Process process(argc, argv);
  const auto deadline = std::chrono::milliseconds(1000);
  auto communicator = process.Split(0, deadline);
  if (operation == "shared sum") communicator = MakeSharedMemoryCommunicator(std::move(communicator), deadline);
  if (process.rank() == 1) {
    for (;;) pause();
  }
  try {
    std::vector<float> values(1 << 20);
    if (operation.ends_with("sum")) communicator->AllReduceSum(values.data(), values.size(), Concat("test ", operation));
    // Of a root that does not send: a receiver can do nothing but wait.
    if (operation == "broadcast") communicator->Broadcast(values.data(), values.size(), 1, "test broadcast");
    if (operation == "barrier") communicator->Barrier("test barrier");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    process.Abort(kExitRetry);
  }
  return 1;
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--rank") == 0) return temper::RunRank(argv[2], &argc, &argv);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
