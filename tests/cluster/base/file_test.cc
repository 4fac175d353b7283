#include "cluster/base/file.h"

#include <csignal>
#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Why a file cannot be read, "" where it can.
std::string Refusal(const std::string& path, uint64_t max_bytes = kMaxDocumentBytes) {
  std::string reason;
  return TryReadFile(path, max_bytes, &reason) ? "" : reason;
}

std::string ConfigErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

TEST(ReadFile, GivesTheBytesAsTheyAre) {
  const TempFolder folder;
  const std::string bytes("a\0\r\n\xFF", 5);
  WriteBytes(folder / "bytes", bytes);
  WriteBytes(folder / "empty", "");
  EXPECT_EQ(ReadFile(folder / "bytes"), bytes);
  EXPECT_EQ(ReadFile(folder / "empty"), "");
  fs::create_symlink("bytes", folder / "link");
  EXPECT_EQ(ReadFile(folder / "link"), bytes);
}

TEST(ReadFile, ReadsAFileWhoseSizeTheSystemDoesNotTell) {
  EXPECT_EQ(fs::file_size("/proc/self/status"), 0U);
  EXPECT_THAT(ReadFile("/proc/self/status"), StartsWith("Name:"));
}

TEST(ReadFile, ReadsUpToItsLimitAndNoByteMore) {
  const TempFolder folder;
  WriteBytes(folder / "five", "12345");
  EXPECT_EQ(ReadFile(folder / "five", {.max_bytes = 5}), "12345");
  EXPECT_EQ(Refusal(folder / "five", 4), "it has 5 bytes; at most 4 are read");
  EXPECT_THAT(Refusal("/proc/self/status", 10), HasSubstr("at most 10 are read"));
}

TEST(ReadFile, RefusesAtOnceWhatIsNoFile) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(folder / "pipe"), "it is a pipe; give a regular file");
  EXPECT_EQ(Refusal(folder.path()), "it is a folder; give a file");
  EXPECT_EQ(Refusal("/dev/zero"), "it is a device; give a regular file");
  EXPECT_EQ(Refusal(folder / "none"), "No such file or directory");
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_EQ(Refusal(folder / "a"), "Too many levels of symbolic links");
}

TEST(ReadFile, ErrorsNameThePathTheFileAndWhatToDo) {
  const std::string text = ConfigErrorOf([] { ReadUserFile("/no/such", {.what = "the spec", .hint = "give --spec"}); });
  EXPECT_EQ(text, "/no/such: cannot read the spec: No such file or directory; give --spec");
  EXPECT_EQ(ConfigErrorOf([] { ReadUserFile("/tmp"); }), "/tmp: cannot read: it is a folder; give a file");
  try {
    ReadFile("/no/such", {.what = "metrics"});
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), StartsWith("/no/such: cannot read metrics: No such file or directory ["));
  }
}

TEST(WriteFile, ReplacesTheFileAndLeavesNothingBeside) {
  const TempFolder folder;
  const std::string path = folder / "file";
  for (const bool durable : {false, true}) {
    WriteFile(path, "one", {.durable = durable});
    WriteFile(path, "two", {.durable = durable});
    EXPECT_EQ(ReadBytes(path), "two");
  }
  WriteFile(path, "");
  EXPECT_EQ(ReadBytes(path), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(WriteFile, ItsModeHoldsFromTheStart) {
  const TempFolder folder;
  WriteBytes(folder / "secret.tmp", "left by another, for all to read");
  WriteBytes(folder / "secret", "old");
  WriteFile(folder / "secret", "key", {.mode = 0600});
  struct stat info {};
  ASSERT_EQ(stat((folder / "secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(WriteFile, APipeInThePlaceOfTheTemporaryIsRemoved) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "file.tmp").c_str(), 0600), 0);
  EXPECT_EQ(TryWriteFile(folder / "file", "text"), "");
  EXPECT_EQ(ReadBytes(folder / "file"), "text");
}

TEST(WriteFile, ErrorsSayWhy) {
  const TempFolder folder;
  EXPECT_EQ(TryWriteFile(folder / "none/file", "x"), "No such file or directory");
  fs::create_directories(folder / "kept/inside");
  EXPECT_EQ(TryWriteFile(folder / "kept", "x"), "Is a directory");
  EXPECT_FALSE(fs::exists(folder / "kept.tmp"));
  fs::create_directories(folder / "file.tmp");
  EXPECT_EQ(TryWriteFile(folder / "file", "x"), "Is a directory");
  try {
    WriteFile(folder / "none/file", "x");
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), StartsWith(folder / "none/file" + ": cannot write: No such file or directory"));
  }
}

// A file-size limit is a full disk that a test may have.
TEST(WriteFile, AFullDiskLeavesTheOldFile) {
  const TempFolder folder;
  WriteBytes(folder / "file", "old");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(TryWriteFile(folder / "file", std::string(1000, 'x')) == "File too large" ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadBytes(folder / "file"), "old");
  EXPECT_FALSE(fs::exists(folder / "file.tmp"));
}

TEST(FlushToDisk, TakesFilesAndFolders) {
  const TempFolder folder;
  WriteBytes(folder / "file", "x");
  FlushToDisk(folder / "file");
  FlushToDisk(folder.path());
  EXPECT_THROW(FlushToDisk(folder / "none"), Error);
}

TEST(AppendToFile, SaysWhatWentWrongAndLeavesNoTornRow) {
  TempFolder folder;
  EXPECT_EQ(AppendToFile(folder / "a", "one\n"), "");
  EXPECT_EQ(AppendToFile(folder / "a", "two\n"), "");
  EXPECT_EQ(ReadBytes(folder / "a"), "one\ntwo\n");
  EXPECT_EQ(AppendToFile("/dev/full", "row\n"), "No space left on device");
  EXPECT_EQ(AppendToFile(folder / "gone/a", "row\n"), "No such file or directory");
  EXPECT_EQ(AppendToFile(folder.path(), "row\n"), "Is a directory");
}

// Whoever writes does not wait: not for the reader of a pipe to come, and not for it to read.
TEST(AppendToFile, APipeIsAnErrorAndNoWait) {
  TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(AppendToFile(folder / "pipe", "row\n"), "No such device or address");
  const int reader = open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  std::string error;
  for (int i = 0; i < 1000 && error.empty(); ++i) error = AppendToFile(folder / "pipe", std::string(4000, 'x') + "\n");
  EXPECT_NE(error, "") << "a megabyte went into a pipe that nobody empties";
  close(reader);
}

}  // namespace
}  // namespace temper
