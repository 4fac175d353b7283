#include "record/run_json.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::ThrowsMessage;

RunDescription Described() {
  RunDescription run;
  run.name = "quick";
  run.seed = 18446744073709551615ULL;
  run.policy_spec = "apothecary/1:0123abcd";
  run.grader = {"rule/apothecary",
                "words",
                {{"labels", 450, "answers unsafe", "always safe", "2026-01-02", {{"agreement", 0.75}, {"baseline_agreement", 0.5}}}}};
  run.built_in_world = true;
  run.environment = {{"torch", "2.11"}, {"host", "n1"}};
  run.eval_sets = {"dev", "attack"};
  run.arms = {{"main", {{"rl.steps", "7"}}}, {"refusal", {}}};
  return run;
}

TEST(RunJson, IsWrittenToTheByteAndReadBack) {
  const TempFolder folder;
  EXPECT_FALSE(IsRunFolder(folder.path()));
  WriteRunDescription(folder.path(), Described());
  EXPECT_TRUE(IsRunFolder(folder.path()));
  EXPECT_EQ(ReadBytes(folder / "run.json"), R"({
 "format": 2,
 "name": "quick",
 "seed": 18446744073709551615,
 "policy_spec": "apothecary/1:0123abcd",
 "grader": {
  "name": "rule/apothecary",
  "reads": "words",
  "measured": [
   {
    "dataset": "labels",
    "rows": 450,
    "compared": "answers unsafe",
    "baseline": "always safe",
    "date": "2026-01-02",
    "figures": {
     "agreement": 0.75,
     "baseline_agreement": 0.5
    }
   }
  ]
 },
 "built_in_world": true,
 "environment": {
  "torch": "2.11",
  "host": "n1"
 },
 "eval_sets": [
  "dev",
  "attack"
 ],
 "arms": [
  {
   "name": "main",
   "overrides": {
    "rl.steps": "7"
   }
  },
  {
   "name": "refusal",
   "overrides": {}
  }
 ]
}
)");
  const RunDescription back = ReadRunDescription(folder.path());
  EXPECT_EQ(back.name, "quick");
  EXPECT_EQ(back.seed, 18446744073709551615ULL);
  EXPECT_EQ(back.policy_spec, "apothecary/1:0123abcd");
  EXPECT_EQ(back.grader.name, "rule/apothecary");
  ASSERT_EQ(back.grader.measured.size(), 1U);
  EXPECT_EQ(back.grader.measured[0].rows, 450);
  EXPECT_EQ(back.grader.measured[0].baseline, "always safe");
  EXPECT_THAT(back.grader.measured[0].figures, ElementsAre(Pair("agreement", 0.75), Pair("baseline_agreement", 0.5)));
  EXPECT_TRUE(back.built_in_world);
  EXPECT_THAT(back.environment, ElementsAre(Pair("torch", "2.11"), Pair("host", "n1")));
  EXPECT_THAT(back.eval_sets, ElementsAre("dev", "attack"));
  ASSERT_EQ(back.arms.size(), 2U);
  EXPECT_THAT(back.arms[0].overrides, ElementsAre(Pair("rl.steps", "7")));
  EXPECT_THAT(back.arms[1].overrides, IsEmpty());
}

TEST(RunJson, SeveralGradersAreReadBackEachWithWhatIsKnownOfIt) {
  const TempFolder folder;
  RunDescription run = Described();
  run.grader.entries = {{"harm", "classifier", "n-grams", {"safety"}, "intent=malicious", true, run.grader.measured},
                        {"examiner", "rule", "words", {"mode"}, "", false, {}}};
  run.grader.measured.clear();
  run.grader.mode_from = "examiner";
  WriteRunDescription(folder.path(), run);
  const RunDescription::Grader back = ReadRunDescription(folder.path()).grader;
  EXPECT_THAT(back.measured, IsEmpty());
  EXPECT_EQ(back.mode_from, "examiner");
  ASSERT_EQ(back.entries.size(), 2U);
  EXPECT_EQ(back.entries[0].name, "harm");
  EXPECT_EQ(back.entries[0].type, "classifier");
  EXPECT_EQ(back.entries[0].only, "intent=malicious");
  EXPECT_THAT(back.entries[0].gives, ElementsAre("safety"));
  EXPECT_TRUE(back.entries[0].steers);
  EXPECT_EQ(back.entries[0].measured.at(0).rows, 450);
  EXPECT_FALSE(back.entries[1].steers);
}

TEST(RunJson, WhatMayBeAbsentIsAbsent) {
  const TempFolder folder;
  WriteBytes(folder / "run.json", R"({"format": 2, "name": "r", "seed": 1, "arms": [{"name": "a", "overrides": {"rl.steps": 7}}]})");
  const RunDescription run = ReadRunDescription(folder.path());
  EXPECT_EQ(run.grader.name, "");
  EXPECT_THAT(run.eval_sets, IsEmpty());
  EXPECT_THAT(run.environment, IsEmpty());
  EXPECT_THAT(run.arms[0].overrides, ElementsAre(Pair("rl.steps", "7")));
}

TEST(RunJson, ARunThatCountsStepsFromZeroIsRefused) {
  const TempFolder folder;
  WriteBytes(folder / "run.json", R"({"name": "r", "seed": 1, "arms": [{"name": "a"}]})");
  EXPECT_THAT([&] { ReadRunDescription(folder.path()); },
              ThrowsMessage<Error>(HasSubstr("run.json: the run is of a Temper that counted steps from 0")));
  EXPECT_THAT([&] { CheckRunFormat(folder.path()); }, ThrowsMessage<ConfigError>(HasSubstr("or start it again with --resume never")));
  WriteBytes(folder / "run.json", R"({"format": 3, "name": "r", "seed": 1, "arms": [{"name": "a"}]})");
  EXPECT_THAT([&] { CheckRunFormat(folder.path()); }, ThrowsMessage<ConfigError>(HasSubstr("of format 3; this Temper reads format 2")));
  for (const char* harmless : {"{", "[]", R"({"format": 2})"}) {
    WriteBytes(folder / "run.json", harmless);
    EXPECT_NO_THROW(CheckRunFormat(folder.path())) << harmless;
  }
  EXPECT_NO_THROW(CheckRunFormat(folder / "none"));
}

TEST(RunJson, DamageIsRefusedNamingTheFile) {
  const TempFolder folder;
  const auto refused = [&](const std::string& text, const std::string& why) {
    WriteBytes(folder / "run.json", text);
    EXPECT_THAT([&] { ReadRunDescription(folder.path()); }, ThrowsMessage<Error>(HasSubstr(folder / "run.json" + why))) << text;
  };
  EXPECT_THAT([&] { ReadRunDescription(folder.path()); }, ThrowsMessage<Error>(HasSubstr("is this the folder of a run")));
  for (const char* text :
       {"", "{", "[]", R"({"format": 2, "name": "r"})", R"({"format": 2, "name": "r", "seed": "x", "arms": []})",
        R"({"format": 2, "name": "r", "seed": 1, "arms": [3]})", R"({"format": 2, "name": "r", "seed": 1, "eval_sets": 3, "arms": []})"})
    refused(text, ": not the description of a run: ");
  refused(R"({"format": 2, "name": "r", "seed": 1, "arms": []})", ": arms: empty; a run has at least one arm");
  refused(R"({"format": 2, "name": "r", "seed": 1, "arms": [{"name": ".."}]})", ": '..' cannot be the name of an arm");
}

}  // namespace
}  // namespace temper
