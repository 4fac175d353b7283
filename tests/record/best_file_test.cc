#include "record/best_file.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

BestStep AThird() {
  BestStep best;
  best.figure = "during/dev/safety_low";
  best.better = BetterFigure::kLower;
  best.step = 12;
  best.value = 1.0 / 3;
  best.interval = {0.1, 1};
  best.evaluations = 5;
  best.without = 2;
  best.stopped_at = 30;
  return best;
}

TEST(BestFile, ComesBackToTheBit) {
  const TempFolder folder;
  const StagePaths arm(folder.path());
  EXPECT_FALSE(ReadBestStep(arm));
  WriteBestStep(arm, AThird());
  EXPECT_EQ(ReadBytes(folder / "best.json"),
            "{\"figure\":\"during/dev/safety_low\",\"better\":\"lower\",\"step\":12,\"value\":0.3333333333333333,\"low\":0.1,\"high\":1.0,"
            "\"evaluations\":5,\"without\":2,\"stopped_at\":30}\n");
  EXPECT_EQ(ReadBestStep(arm), AThird());
  const BestStep none = NoBestStep({"during/dev/utility", BetterFigure::kHigher});
  EXPECT_EQ(BestStepFromJson(BestStepToJson(none)), none);
}

TEST(BestFile, IsNamedWhereItIsDamaged) {
  const TempFolder folder;
  for (const char* text : {"", "[]", "{\"figure\": \"a\"}",
                           "{\"figure\":\"a\",\"better\":\"wide\",\"step\":1,\"value\":0,\"evaluations\":1,"
                           "\"without\":0,\"stopped_at\":0}"}) {
    WriteBytes(folder / "best.json", text);
    EXPECT_THAT([&] { ReadBestStep(StagePaths(folder.path())); }, ThrowsMessage<ConfigError>(HasSubstr("best.json"))) << text;
  }
}

}  // namespace
}  // namespace temper
