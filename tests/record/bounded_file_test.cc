#include "record/bounded_file.h"

#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/file.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(BoundedFile, StaysWithinItsLimitAndKeepsTheNewestLines) {
  TempFolder folder;
  {
    BoundedFile file(folder / "log", 1000);
    for (int i = 100; i < 400; ++i) file.Append("line " + std::to_string(i) + "\n");
    EXPECT_EQ(file.failed(), 0);
  }
  EXPECT_LE(fs::file_size(folder / "log"), 500U);
  EXPECT_LE(fs::file_size(folder / "log.1"), 500U);
  const std::string all = ReadBytes(folder / "log.1") + ReadBytes(folder / "log");
  EXPECT_TRUE(all.ends_with("line 398\nline 399\n"));
  EXPECT_TRUE(all.starts_with("line "));
  EXPECT_GE(all.size(), 500U);
}

TEST(BoundedFile, GoesOnAfterATornLineOfAKilledProcess) {
  TempFolder folder;
  WriteBytes(folder / "log", "whole\nto");
  BoundedFile file(folder / "log", 1000);
  file.Append("next\n");
  EXPECT_EQ(ReadBytes(folder / "log"), "whole\nnext\n");
}

// Around the pieces that the last line end is looked for in.
TEST(BoundedFile, CutsATornLineOfAnyLength) {
  for (const size_t torn : {1, 65'535, 65'536, 65'537, 1'000'000}) {
    for (const std::string whole : {"", "whole\n"}) {
      TempFolder folder;
      WriteBytes(folder / "log", whole + std::string(torn, 'x'));
      BoundedFile file(folder / "log", 10'000'000);
      file.Append("next\n");
      EXPECT_EQ(ReadBytes(folder / "log"), whole + "next\n") << torn;
    }
  }
}

// A pipe that nobody reads must not hold up who writes; neither must one whose reader stalls.
TEST(BoundedFile, APipeInItsPlaceCostsLinesOnly) {
  TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "log").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((folder / "status.json.tmp").c_str(), 0600), 0);
  BoundedFile file(folder / "log", 1000);
  file.Append("line\n");
  EXPECT_EQ(file.failed(), 1);
  EXPECT_EQ(TryWriteFile(folder / "status.json", "text"), "") << "what stands in the way of the temporary file goes";
  EXPECT_EQ(ReadBytes(folder / "status.json"), "text");
}

TEST(BoundedFile, AFolderThatIsNotThereCostsLinesOnly) {
  BoundedFile file("/proc/nowhere/log", 1000);
  for (int i = 0; i < 5; ++i) file.Append("line\n");
  EXPECT_EQ(file.failed(), 5);
}

// A file-size limit is a full disk that a test may have.
TEST(BoundedFile, AFullDiskLeavesWholeLines) {
  TempFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    BoundedFile file(folder / "log", 100'000);
    for (int i = 0; i < 10; ++i) file.Append(std::string(29, 'x') + "\n");
    _exit(file.failed() == 7 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "three lines of 30 fit into 100 bytes";
  EXPECT_EQ(ReadBytes(folder / "log").size(), 90U);
}

TEST(BoundedFile, ANewFileBeginsWithItsHeader) {
  TempFolder folder;
  {
    BoundedFile file(folder / "log", 100, "head\n");
    for (int i = 10; i < 40; ++i) file.Append("line " + std::to_string(i) + "\n");
  }
  for (const char* name : {"log", "log.1"}) {
    EXPECT_TRUE(ReadBytes(folder / name).starts_with("head\nline ")) << name;
    EXPECT_LE(fs::file_size(folder / name), 50U);
  }
  const std::string before = ReadBytes(folder / "log");
  BoundedFile(folder / "log", 1000, "head\n").Append("more\n");
  EXPECT_EQ(ReadBytes(folder / "log"), before + "more\n");
}

TEST(BoundedFile, AFileWithAnotherHeaderIsSetAside) {
  TempFolder folder;
  WriteBytes(folder / "log", "other\nline\n");
  testing::internal::CaptureStderr();
  BoundedFile file(folder / "log", 1000, "head\n");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("log is of another Temper's format: renamed to "));
  file.Append("line\n");
  EXPECT_EQ(ReadBytes(folder / "log"), "head\nline\n");
  EXPECT_EQ(ReadBytes(folder / "log.old"), "other\nline\n");
}

}  // namespace
}  // namespace temper
