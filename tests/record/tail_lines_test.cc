#include "record/tail_lines.h"

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TailLines, GivesWholeLinesOnly) {
  TempFolder folder;
  WriteBytes(folder / "log", "first\nsecond\nthird\ntorn");
  EXPECT_THAT(TailLines(folder / "log", 1000), ElementsAre("first", "second", "third"));
  EXPECT_THAT(TailLines(folder / "log", 15), ElementsAre("third"));
  EXPECT_THAT(TailLines(folder / "none", 15), IsEmpty());
}

}  // namespace
}  // namespace temper
