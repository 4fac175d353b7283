#include "record/run_lock.h"

#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
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

TEST(RunLock, AnotherNameOfTheFolderIsTheSameFolder) {
  const TempFolder folder;
  fs::create_directories(folder / "runs/a");
  fs::create_directory_symlink("a", folder / "runs/b");
  fs::create_directory_symlink("runs", folder / "link");
  const RunLock lock(folder / "runs/a");
  EXPECT_THAT(Refusal(folder / "runs/b"), HasSubstr("is in use by process "));
  EXPECT_THAT(Refusal(folder / "link/a"), HasSubstr("is in use by process "));
}

// A tidy person removes the lock file of a running job; or the job's folder.
TEST(RunLock, HoldsWhenTheFileOrTheFolderIsRemoved) {
  const TempFolder folder;
  const std::string run = folder / "run";
  RunLock lock(run);
  fs::create_directory(run);
  lock.HoldFolder();
  ASSERT_TRUE(fs::remove(folder / ".run.lock"));
  EXPECT_THAT(Refusal(run), HasSubstr("is in use by another job"));
  // The refused one has left a file, which nobody holds.
  std::optional<RunLock> other(std::in_place, folder / "other");
  fs::create_directory(folder / "other");
  other->HoldFolder();
  fs::remove_all(folder / "other");
  EXPECT_THAT(Refusal(folder / "other"), HasSubstr("is in use by process "));
}

TEST(RunLock, MovesToTheFolderThatTakesTheName) {
  const TempFolder folder;
  const std::string run = folder / "run";
  fs::create_directory(run);
  RunLock lock(run);
  fs::rename(run, folder / "old");
  fs::create_directory(run);
  lock.HoldFolder();
  fs::remove(folder / ".run.lock");
  EXPECT_THAT(Refusal(run), HasSubstr("is in use by"));
  EXPECT_EQ(Refusal(folder / "old"), "") << "set aside, it is nobody's";
}

// In a folder that others write into, the lock's name may be a link to a file of the job's owner.
TEST(RunLock, WritesThroughNoLink) {
  const TempFolder folder;
  WriteBytes(folder / "mine", "precious");
  fs::create_symlink("mine", folder / ".run.lock");
  EXPECT_THAT(Refusal(folder / "run"), HasSubstr("must be a plain file"));
  fs::remove(folder / ".run.lock");
  fs::create_hard_link(folder / "mine", folder / ".run.lock");
  EXPECT_THAT(Refusal(folder / "run"), HasSubstr("must be a plain file"));
  EXPECT_EQ(ReadBytes(folder / "mine"), "precious");
  fs::remove(folder / ".run.lock");
  ASSERT_EQ(mkfifo((folder / ".run.lock").c_str(), 0600), 0);
  EXPECT_THAT(Refusal(folder / "run"), HasSubstr("must be a plain file"));
  fs::remove(folder / ".run.lock");
  fs::create_directory(folder / ".run.lock");
  EXPECT_THAT(Refusal(folder / "run"), HasSubstr("must be a plain file"));
}

TEST(RunLock, AFolderThatCannotBeWrittenIsForOthersToRefuse) { EXPECT_EQ(Refusal("/proc/no/run"), ""); }

}  // namespace
}  // namespace temper
