#include "cluster/host/owned_folder.h"

#include <filesystem>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

TEST(OwnedFolder, GoesWithItsOwnerAndEverythingInIt) {
  TempFolder folder;
  {
    const OwnedFolder owned(folder / "a/b", "");
    EXPECT_EQ(owned.path(), folder / "a/b");
    fs::create_directories(owned.path() + "/c");
    WriteBytes(owned.path() + "/c/file", "bytes");
  }
  EXPECT_FALSE(fs::exists(folder / "a/b"));
  EXPECT_TRUE(fs::exists(folder / "a"));
}

TEST(OwnedFolder, SaysWhatToDoWhereItCannotBeMade) {
  try {
    const OwnedFolder owned("/proc/nowhere", "set x.y to a writable place");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cannot make /proc/nowhere: No such file or directory; set x.y to a writable place"));
  }
}

TEST(OwnedFolder, RemovesWhatKilledOwnersLeftAndNothingElse) {
  TempFolder folder;
  pid_t killed = 0;
  {
    ChildProcess child({"--own", folder.path()});
    killed = child.pid();
    ASSERT_TRUE(Eventually([&] { return fs::exists(folder / "ready"); }));
    child.Kill();
  }
  const std::vector<std::string> stale = {folder / Concat("temper-12-", killed), folder / Concat("temper-mpi-", killed)};
  for (const std::string& each : stale) ASSERT_TRUE(fs::exists(each + "/file")) << each;
  std::vector<std::string> others{folder / Concat("temper-12-", getppid()), folder / Concat("temper-mpi-", getppid())};
  for (const char* pattern : {"temper-x-", "temper-mpi-1-", "temper-mpix-", "temper--", "other-12-", "temper-12-x", "mpi-", ""}) {
    others.push_back(folder / (pattern + std::to_string(killed)));
  }
  for (const std::string& other : others) fs::create_directories(other);
  const OwnedFolder owned(folder / Concat("temper-13-", getpid()), "");
  for (const std::string& each : stale) EXPECT_FALSE(fs::exists(each)) << each;
  for (const std::string& other : others) EXPECT_TRUE(fs::exists(other)) << other;
}

// As with an owner in another container: its process id means nothing here, but its lock is held.
TEST(OwnedFolder, LeavesAFolderWhoseLockIsHeld) {
  TempFolder folder;
  pid_t gone = 0;
  {
    ChildProcess child({"--exit", folder.path()});
    gone = child.pid();
    child.Wait();
  }
  const OwnedFolder owner(folder / Concat("temper-12-", gone), "");
  const OwnedFolder other(folder / Concat("temper-13-", getpid()), "");
  EXPECT_TRUE(fs::exists(owner.path()));
}

int RunChild(const std::string& mode, const std::string& parent) {
  alarm(60);
  if (mode == "--exit") return 0;
  const OwnedFolder weights(Concat(parent, "/temper-12-", getpid()), "");
  const OwnedFolder mpi(Concat(parent, "/temper-mpi-", getpid()), "");
  for (const OwnedFolder* folder : {&weights, &mpi}) WriteBytes(folder->path() + "/file", "bytes");
  WriteBytes(parent + "/ready", "");
  for (;;) pause();
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]).find("gtest") == std::string::npos) return temper::RunChild(argv[1], argv[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
