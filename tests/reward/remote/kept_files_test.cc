// The cache of replies, and the files of a grader that travel by content.
#include <filesystem>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "reward/remote/child_start.h"
#include "reward/remote/reply_cache.h"
#include "reward/remote/sent_files.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

TEST(ReplyCache, GivesBackWhatWasPutUnlessItIsDamaged) {
  const TempFolder folder;
  ReplyCache cache(folder.path());
  const std::string key = ReplyCache::Key("http/judge", "what?");
  EXPECT_EQ(cache.Get(key), std::nullopt);
  cache.Put(key, "{\"safety\": 1}");
  EXPECT_EQ(ReplyCache(folder.path()).Get(key), "{\"safety\": 1}");
  const std::string path = folder / (key.substr(0, 2) + "/" + key.substr(2));
  std::string bytes = ReadBytes(path);
  bytes.back() = ']';
  WriteBytes(path, bytes);
  EXPECT_EQ(cache.Get(key), std::nullopt);
  WriteBytes(path, "");
  EXPECT_EQ(cache.Get(key), std::nullopt);
}

TEST(ReplyCache, KeysTellAnswererAndQuestionApart) {
  EXPECT_NE(ReplyCache::Key("ab", "c"), ReplyCache::Key("a", "bc"));
  EXPECT_EQ(ReplyCache::Key("ab", "c"), ReplyCache::Key("ab", "c"));
}

TEST(ReplyCache, OfNoFolderAndOfAnUnwritableOneKeepsNothing) {
  ReplyCache none("");
  none.Put(ReplyCache::Key("a", "b"), "c");
  EXPECT_EQ(none.Get(ReplyCache::Key("a", "b")), std::nullopt);
  ReplyCache unwritable("/proc/nowhere");
  unwritable.Put(ReplyCache::Key("a", "b"), "c");
  EXPECT_EQ(unwritable.Get(ReplyCache::Key("a", "b")), std::nullopt);
}

TEST(SentFiles, AFolderTravelsWithAllThatIsInIt) {
  const TempFolder folder;
  fs::create_directories(folder / "words/deep");
  fs::create_directories(folder / "words/__pycache__");
  WriteBytes(folder / "grade.py", "print(1)");
  WriteBytes(folder / "words/bad.txt", "rash");
  WriteBytes(folder / "words/deep/more.txt", std::string("\0\xff", 2));
  WriteBytes(folder / "words/__pycache__/x.pyc", "x");
  WriteBytes(folder / "words/.hidden", "x");
  chmod((folder / "grade.py").c_str(), 0755);
  EXPECT_THAT(SentFilePaths(folder.path()),
              ::testing::ElementsAre(folder / "grade.py", folder / "words/bad.txt", folder / "words/deep/more.txt"));
  const TempFolder there;
  std::string written;
  {
    const auto sent = WriteSentFiles(ReadSentFiles(folder.path()), there.path());
    written = sent->path();
    struct stat status {};
    stat(written.c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
    EXPECT_EQ(ReadBytes(written + "/grade.py"), "print(1)");
    EXPECT_EQ(access((written + "/grade.py").c_str(), X_OK), 0);
    EXPECT_EQ(ReadBytes(written + "/words/deep/more.txt"), std::string("\0\xff", 2));
    EXPECT_FALSE(fs::exists(written + "/words/.hidden"));
  }
  EXPECT_FALSE(fs::exists(written));
}

TEST(SentFiles, AFileTravelsByItsName) {
  const TempFolder folder;
  WriteBytes(folder / "x.py", "1");
  const auto files = ReadSentFiles(folder / "x.py");
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, "x.py");
  EXPECT_EQ(files[0].content, "1");
  EXPECT_TRUE(ReadSentFiles("").empty());
  EXPECT_THROW(ReadSentFiles(folder / "nowhere.py"), ConfigError);
}

TEST(ChildEnvironment, HoldsWhatIsNamedAndNothingOfTheJob) {
  setenv("TEMPER_BUS_KEYS", "secret", 1);
  setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  setenv("MY_KEY", "mine", 1);
  setenv("MY_OTHER", "other", 1);
  const auto environment = ChildEnvironment({"MY_KEY", "TEMPER_BUS_KEYS", "OMPI_COMM_WORLD_RANK", "NOT_THERE"}, {{"HOME", "/here"}});
  EXPECT_EQ(environment.at("MY_KEY"), "mine");
  EXPECT_EQ(environment.at("HOME"), "/here");
  EXPECT_EQ(environment.at("PYTHONUNBUFFERED"), "1");
  EXPECT_TRUE(environment.contains("PATH"));
  for (const char* name : {"TEMPER_BUS_KEYS", "OMPI_COMM_WORLD_RANK", "MY_OTHER", "NOT_THERE"})
    EXPECT_FALSE(environment.contains(name)) << name;
  EXPECT_TRUE(IsOfTheJob("PMIX_RANK"));
  EXPECT_FALSE(IsOfTheJob("MY_KEY"));
}

}  // namespace
}  // namespace temper
