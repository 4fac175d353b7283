#include "record/gold_file.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

TEST(GoldFile, GoesOnWhereTheRunDoes) {
  const TempFolder folder;
  {
    GoldFile file(folder / "gold.jsonl", "hash", 0);
    EXPECT_FALSE(file.baseline());
    file.SetBaseline({"hash", 3, 50});
    file.Add({1, 1, 24, 0, false});
    file.Add({2, 9, 24, 0.8, false});
    file.Add({3, 20, 24, 2.5, true});
  }
  EXPECT_EQ(ReadBytes(folder / "gold.jsonl"),
            "{\"gold\":2,\"data\":\"hash\",\"wrong\":3,\"rows\":50}\n"
            "{\"step\":1,\"wrong\":1,\"probes\":24,\"level\":0.0,\"alarm\":false}\n"
            "{\"step\":2,\"wrong\":9,\"probes\":24,\"level\":0.8,\"alarm\":false}\n"
            "{\"step\":3,\"wrong\":20,\"probes\":24,\"level\":2.5,\"alarm\":true}\n");
  GoldFile resumed(folder / "gold.jsonl", "hash", 2);
  ASSERT_TRUE(resumed.baseline());
  EXPECT_EQ(resumed.baseline()->rows, 50);
  ASSERT_EQ(resumed.steps().size(), 2U) << "step 3 is done again";
  EXPECT_EQ(resumed.steps()[1].wrong, 9);
  resumed.Add({3, 2, 24, 0.1, false});
  EXPECT_EQ(GoldFile(folder / "gold.jsonl", "hash", 9).steps().back().wrong, 2);
}

TEST(GoldFile, IsBegunAnewForOtherAnswers) {
  const TempFolder folder;
  GoldFile(folder / "gold.jsonl", "hash", 0).SetBaseline({"hash", 3, 50});
  EXPECT_FALSE(GoldFile(folder / "gold.jsonl", "other", 0).baseline());
}

TEST(GoldFile, ALastLineThatWasCutShortCostsThatStepAlone) {
  const TempFolder folder;
  const std::string path = folder / "gold.jsonl";
  {
    GoldFile file(path, "hash", 0);
    file.SetBaseline({"hash", 3, 50});
    file.Add({1, 1, 24, 0, false});
  }
  const std::string whole = ReadBytes(path);
  WriteBytes(path, whole + "{\"step\":2,\"wro");
  const GoldFile resumed(path, "hash", 2);
  ASSERT_TRUE(resumed.baseline());
  EXPECT_EQ(resumed.baseline()->wrong, 3);
  EXPECT_EQ(resumed.steps().size(), 1U);
  EXPECT_EQ(ReadBytes(path), whole);
}

TEST(GoldFile, ADamagedOneIsRefusedByName) {
  const TempFolder folder;
  const std::string path = folder / "gold.jsonl";
  GoldFile(path, "hash", 0).SetBaseline({"hash", 3, 50});
  const std::string baseline = ReadBytes(path);
  const std::string step = "{\"step\":0,\"wrong\":1,\"probes\":24,\"level\":0.0,\"alarm\":false}\n";
  for (const std::string& text : {baseline + "{\"step\": \n", baseline + "{}\n" + step, step, "\n" + baseline}) {
    WriteBytes(path, text);
    EXPECT_THAT([&] { GoldFile(path, "hash", 9); }, testing::ThrowsMessage<ConfigError>(testing::StartsWith(path + ": "))) << text;
    EXPECT_EQ(ReadBytes(path), text);
  }
}

TEST(GoldFile, OneThatCountsStepsFromZeroIsRefused) {
  const TempFolder folder;
  const std::string path = folder / "gold.jsonl";
  WriteBytes(path, "{\"gold\":1,\"data\":\"hash\",\"wrong\":3,\"rows\":50}\n");
  EXPECT_THAT([&] { GoldFile(path, "hash", 9); },
              testing::ThrowsMessage<ConfigError>(
                  testing::StartsWith(path + ": a file of gold probes of version 1; this program reads version 2, in which steps")));
}

}  // namespace
}  // namespace temper
