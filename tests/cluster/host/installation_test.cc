#include "cluster/host/installation.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

TEST(Installation, ShippedFilesAreFoundByTheirNameAndOwnOnesComeFirst) {
  const TempFolder folder;
  const std::string shared = folder / "share";
  std::filesystem::create_directories(shared + "/configs/experiments");
  WriteBytes(shared + "/configs/a.yaml", "");
  WriteBytes(shared + "/configs/experiments/b.yaml", "");
  WriteBytes(folder / "own.yaml", "");
  EXPECT_EQ(FindShippedIn(shared, "configs/a.yaml"), shared + "/configs/a.yaml");
  EXPECT_EQ(FindShippedIn(shared, "a.yaml"), shared + "/configs/a.yaml");
  EXPECT_EQ(FindShippedIn(shared, "experiments/b.yaml"), shared + "/configs/experiments/b.yaml");
  EXPECT_EQ(FindShippedIn(shared, folder / "own.yaml"), folder / "own.yaml");
  EXPECT_EQ(FindShippedIn(shared, "missing.yaml"), "missing.yaml");  // whoever opens it says so
  EXPECT_EQ(FindShippedIn(shared, "configs"), "configs");            // a folder is no file
  EXPECT_EQ(FindShippedIn("", "configs/a.yaml"), "configs/a.yaml");
  EXPECT_EQ(FindShippedIn(shared, ""), "");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directories(folder / "work/configs");
  WriteBytes(folder / "work/configs/a.yaml", "");
  std::filesystem::current_path(folder / "work");
  EXPECT_EQ(FindShippedIn(shared, "configs/a.yaml"), "configs/a.yaml");  // what is here comes first
  std::filesystem::current_path(before);
}

TEST(Installation, ReadsTheRevisionThatTheBuildLeaves) {
  const auto clean = ParseRevision("0123abcd clean\n");
  ASSERT_TRUE(clean);
  EXPECT_EQ(clean->commit, "0123abcd");
  EXPECT_FALSE(clean->dirty);
  EXPECT_TRUE(ParseRevision("0123abcd dirty\n")->dirty);
  EXPECT_FALSE(ParseRevision(""));
  EXPECT_FALSE(ParseRevision("0123abcd"));
}

}  // namespace
}  // namespace temper
