#include "record/line_follower.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LineFollower, FollowsAFileThatGrowsIsCutAndReplaced) {
  TempFolder folder;
  const std::string path = folder / "log";
  LineFollower follower(path);
  EXPECT_THAT(follower.Poll(), IsEmpty());
  WriteBytes(path, "a\nb");
  EXPECT_THAT(follower.Poll(), ElementsAre("a"));
  std::ofstream(path, std::ios::app) << "b\nc\n";
  EXPECT_THAT(follower.Poll(), ElementsAre("bb", "c"));
  bool restarted = true;
  EXPECT_THAT(follower.Poll(&restarted), IsEmpty());
  EXPECT_FALSE(restarted);
  WriteBytes(path, "x\n");  // shorter
  EXPECT_THAT(follower.Poll(&restarted), ElementsAre("x"));
  EXPECT_TRUE(restarted);
  WriteBytes(folder / "new", "longer than before\n");
  fs::rename(folder / "new", path);
  EXPECT_THAT(follower.Poll(&restarted), ElementsAre("longer than before"));
  EXPECT_TRUE(restarted);
  fs::remove(path);
  EXPECT_THAT(follower.Poll(), IsEmpty());
}

TEST(LineFollower, TailGivesWholeLinesOnly) {
  TempFolder folder;
  WriteBytes(folder / "log", "first\nsecond\nthird\ntorn");
  EXPECT_THAT(TailLines(folder / "log", 1000), ElementsAre("first", "second", "third"));
  EXPECT_THAT(TailLines(folder / "log", 15), ElementsAre("third"));
  EXPECT_THAT(TailLines(folder / "none", 15), IsEmpty());
}

}  // namespace
}  // namespace temper
