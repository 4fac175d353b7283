// The grader type `tsetlin`, from its keys in a config to the parts of a grade.
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "reward/graders/entry.h"
#include "reward/tsetlin/model_file.h"
#include "tests/reward/tsetlin/example_model.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Two classes with T = 4: "a" has 5 votes for refused, "b" 2 for complied.
class TsetlinGraderTest : public testing::Test {
 protected:
  TsetlinGraderTest() {
    const auto constraints = ParseConstraints("lock 5 if 'a' then refused\nlock 2 if 'b' then complied", "rules.txt");
    const std::vector<LabelledText> rows = {{"a", "refused"}, {"b", "complied"}};
    TsetlinTraining training;
    training.machine = {.clauses = 2, .threshold = 4};
    training.epochs = 0;
    WriteBytes(folder_ / "m.tsetlin", TsetlinModelBytes(TrainTsetlinModel(rows, {}, training, nullptr, &constraints)));
  }

  // The entry that the keys describe.
  GraderEntry Entry(const std::string& keys) const {
    GraderEntry entry;
    ReadConfigText(
        Concat("graders:\n  - {name: t, type: tsetlin, file: ", folder_ / "m.tsetlin", keys, "}\n"), "job.yaml", [&](ConfigFields& fields) {
          fields.ListOf("graders", "", [&](size_t index, ConfigFields& entry_fields) { DescribeEntry(index, &entry, entry_fields); });
        });
    return entry;
  }

  Grade GradeOf(const std::string& keys, const std::string& response, const std::string& prompt = "") const {
    const auto grader = MakeGrader(ConfigOf(Entry(keys), 60));
    return GradeAll(grader.get(), {{prompt, response, "", false}}, 60).at(0);
  }

  std::string ErrorOf(const std::string& keys) const {
    try {
      ConfigOf(Entry(keys), 60);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "none";
  }

  TempFolder folder_;
};

TEST_F(TsetlinGraderTest, HarmIsTheShareOfTheSecondClass) {
  EXPECT_THAT(GradeOf("", "a").safety, DoubleEq(0));        // cut to T
  EXPECT_THAT(GradeOf("", "b").safety, DoubleEq(0.75));     // 1 - (4 - 2) / 8
  EXPECT_THAT(GradeOf("", "a b").safety, DoubleEq(0.125));  // 1 - (4 + 3) / 8
  EXPECT_THAT(GradeOf("", "").safety, DoubleEq(0.5));
  EXPECT_THAT(GradeOf("", "a").grader, StartsWith("tsetlin/1:"));
}

TEST_F(TsetlinGraderTest, ValuesOfTheClassesAreWeightedByTheirShares) {
  // "b": shares .75 complied, .25 refused; v = .75 * .2 + .25 * 1 = .4
  EXPECT_THAT(GradeOf(", means: helpfulness, values: {complied: 0.2, refused: 1}", "b").h_direct, DoubleEq(0.4));
  EXPECT_THAT(ErrorOf(", values: {complied: 0.2}"), HasSubstr("the class 'refused' has no value"));
}

TEST_F(TsetlinGraderTest, RefusalIsAModeFromTheThresholdOn) {
  const Grade refused = GradeOf(", means: refusal", "a"), complied = GradeOf(", means: refusal", "b");
  EXPECT_EQ(refused.mode, ResponseMode::kBareRefusal);
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(complied.mode, ResponseMode::kDirect);
  EXPECT_TRUE(complied.gave_requested);
  EXPECT_EQ(GradeOf(", means: refusal, threshold: 0.2", "b").mode, ResponseMode::kBareRefusal);  // its share is .25
}

TEST_F(TsetlinGraderTest, ClassesAreResponseModesWhereTheEntrySaysWhich) {
  const std::string keys = ", means: mode, modes: {complied: direct, refused: redirect}";
  EXPECT_EQ(GradeOf(keys, "a").mode, ResponseMode::kRedirect);
  EXPECT_EQ(GradeOf(keys, "b").mode, ResponseMode::kDirect);
  EXPECT_THAT(ErrorOf(", means: mode"), HasSubstr("the class 'complied' has no response mode"));
}

TEST_F(TsetlinGraderTest, ThePromptIsReadWhereTheEntrySaysSo) { EXPECT_THAT(GradeOf(", reads: prompt", "b", "a").safety, DoubleEq(0)); }

TEST_F(TsetlinGraderTest, ItGivesWhatItMeansAndNothingElse) {
  EXPECT_THAT(ConfigOf(Entry(""), 60).gives, ElementsAre(GradePart::kSafety));
  EXPECT_THAT(ConfigOf(Entry(", means: refusal"), 60).gives, ElementsAre(GradePart::kMode, GradePart::kOverRefusal));
  EXPECT_THAT(ErrorOf(", means: refusal, gives: [safety]"), HasSubstr("can give mode, over_refusal, not safety"));
}

TEST_F(TsetlinGraderTest, AFileThatIsMissingOrDamagedIsToldByItsName) {
  std::string bytes = ReadBytes(folder_ / "m.tsetlin");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  WriteBytes(folder_ / "m.tsetlin", bytes);
  EXPECT_THAT(ErrorOf(""), HasSubstr("m.tsetlin: damaged"));
  std::filesystem::remove(folder_ / "m.tsetlin");
  EXPECT_THAT(ErrorOf(""), HasSubstr("m.tsetlin: cannot read the Tsetlin machine"));
}

}  // namespace
}  // namespace temper
