#include "record/run_lock.h"

#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::HasSubstr;

std::string Refusal(const std::string& run_folder) {
  try {
    const RunLock lock(run_folder, 0.2);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(RunLock, KeepsASecondOneOutAndNamesTheFirst) {
  const TempFolder folder;
  const std::string run = folder / "new/run";
  std::optional<RunLock> lock(std::in_place, run);
  EXPECT_THAT(Refusal(run), HasSubstr(run + " is in use by process " + std::to_string(getpid()) + " on "));
  EXPECT_THAT(Refusal(folder / "new/../new/./run"), HasSubstr("is in use by"));
  EXPECT_EQ(Refusal(folder / "new/other"), "");
  EXPECT_FALSE(std::filesystem::exists(run)) << "the folder itself is not its business";
  lock.reset();
  EXPECT_EQ(Refusal(run), "");
}

TEST(RunLock, EndsWithItsProcess) {
  const TempFolder folder;
  const std::string run = folder / "run";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const RunLock lock(run, 0);
    if (write(ready[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THAT(Refusal(run), HasSubstr("is in use by process " + std::to_string(child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(Refusal(run), "");
}

TEST(RunLock, AFolderThatCannotBeWrittenIsForOthersToRefuse) { EXPECT_EQ(Refusal("/proc/no/run"), ""); }

}  // namespace
}  // namespace temper
