#include "record/gold_file.h"

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

TEST(GoldFile, GoesOnWhereTheRunDoes) {
  const TempFolder folder;
  {
    GoldFile file(folder / "gold.jsonl", "hash", 0);
    EXPECT_FALSE(file.baseline());
    file.SetBaseline({"hash", 3, 50});
    file.Add({0, 1, 24, 0, false});
    file.Add({1, 9, 24, 0.8, false});
    file.Add({2, 20, 24, 2.5, true});
  }
  EXPECT_EQ(ReadBytes(folder / "gold.jsonl"),
            "{\"gold\":1,\"data\":\"hash\",\"wrong\":3,\"rows\":50}\n"
            "{\"step\":0,\"wrong\":1,\"probes\":24,\"level\":0.0,\"alarm\":false}\n"
            "{\"step\":1,\"wrong\":9,\"probes\":24,\"level\":0.8,\"alarm\":false}\n"
            "{\"step\":2,\"wrong\":20,\"probes\":24,\"level\":2.5,\"alarm\":true}\n");
  GoldFile resumed(folder / "gold.jsonl", "hash", 2);
  ASSERT_TRUE(resumed.baseline());
  EXPECT_EQ(resumed.baseline()->rows, 50);
  ASSERT_EQ(resumed.steps().size(), 2U) << "step 2 is done again";
  EXPECT_EQ(resumed.steps()[1].wrong, 9);
  resumed.Add({2, 2, 24, 0.1, false});
  EXPECT_EQ(GoldFile(folder / "gold.jsonl", "hash", 9).steps().back().wrong, 2);
}

TEST(GoldFile, IsBegunAnewForOtherAnswersAndWhereItIsDamaged) {
  const TempFolder folder;
  GoldFile(folder / "gold.jsonl", "hash", 0).SetBaseline({"hash", 3, 50});
  EXPECT_FALSE(GoldFile(folder / "gold.jsonl", "other", 0).baseline());
  WriteBytes(folder / "gold.jsonl", "{\"step\": \n");
  EXPECT_FALSE(GoldFile(folder / "gold.jsonl", "hash", 0).baseline());
}

}  // namespace
}  // namespace temper
