// A suite that only this test knows: one file and one line make it an evaluation set.
#include "evaluation/suites/suite.h"

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

TEST(ANewSuite, IsFoundByNameAndReadsItsFile) {
  const TempFolder folder;
  WriteBytes(folder / "zebras.csv", "question\nWhy stripes?\n");
  const LoadedPrompts loaded = LoadSuite(FindSuite("zebras"), {.path = folder / "zebras.csv"});
  ASSERT_EQ(loaded.prompts.size(), 1U);
  EXPECT_EQ(loaded.prompts[0].text, "Why stripes?");
  EXPECT_EQ(loaded.prompts[0].intent, "benign");
}

}  // namespace
}  // namespace temper
