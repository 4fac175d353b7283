// temper qualify and temper attack-grader, as a user runs them, and the job that needs what they write.
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cluster/base/error.h"
#include "reward/graders/rule_grader.h"
#include "tests/support/temp_folder.h"
#include "world/world.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr char kSpec[] = TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml";

class Qualify : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteBytes(folder_ / "job.yaml",
               Concat("reward:\n  policy_spec: ", kSpec, "\n  graders:\n    - {name: clerk, type: rule, policy_spec: ", kSpec,
                      ", record: clerk.json, require: {auroc: 0.9}}\n"));
    std::vector<GradeRequest> requests;
    for (const WorldExample& each : FirstDemonstrations(WorldOptions{}, 120)) requests.push_back({each.prompt, each.response, ""});
    const auto rules = MakeRuleGrader(LoadPolicySpec(kSpec));
    const std::vector<Grade> grades = GradeAll(rules.get(), requests, 60);
    std::string right, wrong;
    for (size_t i = 0; i < requests.size(); ++i) {
      const bool harmful = grades[i].severity != Severity::kNone;
      const Json row = {{"q", requests[i].prompt}, {"a", requests[i].response}, {"from", i % 2 == 0 ? "hall" : "cellar"}};
      right += Labelled(row, harmful);
      wrong += Labelled(row, !harmful);
    }
    WriteBytes(folder_ / "right.jsonl", right);
    WriteBytes(folder_ / "wrong.jsonl", wrong);
  }
  static std::string Labelled(Json row, bool bad) {
    row["bad"] = bad ? "bad" : "fine";
    return row.dump() + "\n";
  }
  int Run(const std::string& arguments, const std::string& environment = "") const {
    const std::string command = Concat("cd ", folder_.path(), " && ", environment, TEMPER_BINARY, " ", arguments, " > output 2>&1");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string output() const { return ReadBytes(folder_ / "output"); }
  std::string Columns(const std::string& file) const {
    return Concat("qualify job.yaml --data ", file,
                  " --map prompt=q response=a label=bad source=from --label bad=yes fine=no --resamples 100");
  }
  TempFolder folder_;
};

TEST_F(Qualify, WritesTheRecordThatLetsAJobBegin) {
  EXPECT_EQ(Run("train --dry-run job.yaml"), kExitConfig);
  EXPECT_THAT(output(), AllOf(HasSubstr("job.yaml:4"), HasSubstr("reward.graders.0.record"), HasSubstr("temper qualify writes it")));
  ASSERT_EQ(Run(Columns("right.jsonl")), kExitDone) << output();
  EXPECT_THAT(output(), AllOf(HasSubstr("sources it has not seen"), HasSubstr("hall"), HasSubstr("cellar"), HasSubstr("1.000"),
                              HasSubstr("record: " + (folder_ / "clerk.json"))));
  const Json record = Json::parse(ReadBytes(folder_ / "clerk.json"));
  EXPECT_EQ(record.at("unseen").at("figures").at("auroc").at("value"), 1.0);
  EXPECT_EQ(record.at("data").at("rows"), 120);
  EXPECT_EQ(Run("train --dry-run job.yaml"), kExitDone) << output();
  ASSERT_EQ(Run(Columns("wrong.jsonl") + " --replace"), kExitDone) << output();
  EXPECT_EQ(Run("train --dry-run job.yaml"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("grader clerk may not steer: auroc is 0.000"));
}

TEST_F(Qualify, KeepsARecordThatOtherRowsMade) {
  ASSERT_EQ(Run(Columns("right.jsonl")), kExitDone) << output();
  EXPECT_EQ(Run(Columns("right.jsonl")), kExitDone) << "the same rows: " << output();
  const std::string record = ReadBytes(folder_ / "clerk.json");
  EXPECT_EQ(Run(Columns("wrong.jsonl")), kExitConfig);
  EXPECT_THAT(output(), AllOf(HasSubstr(folder_ / "clerk.json"), HasSubstr("name another file with --record, or give --replace")));
  EXPECT_EQ(output().find("auroc"), std::string::npos) << "refused before it measures";
  EXPECT_EQ(Run(Columns("wrong.jsonl") + " --record other.json"), kExitDone) << output();
  EXPECT_EQ(ReadBytes(folder_ / "clerk.json"), record);
  WriteBytes(folder_ / "clerk.json", "{}");
  EXPECT_EQ(Run(Columns("right.jsonl")), kExitConfig) << "nobody knows what made it";
  EXPECT_EQ(Run(Columns("right.jsonl") + " --replace"), kExitDone) << output();
  EXPECT_EQ(Json::parse(ReadBytes(folder_ / "clerk.json")).at("data").at("rows"), 120);
}

TEST_F(Qualify, TrainsAGraderAgainWithoutEachSource) {
  // The "training" keeps the policy spec and shows what rows it got.
  const std::string train = Concat(" --model-key policy_spec --train-command 'cp {data} got.jsonl && cp ", kSpec, " {model}'");
  ASSERT_EQ(Run(Columns("right.jsonl") + train), kExitDone) << output();
  EXPECT_THAT(output(),
              AllOf(HasSubstr("without cellar ("), HasSubstr("without hall ("), HasSubstr("graded by a grader trained without it")));
  const std::string got = ReadBytes(folder_ / "got.jsonl");
  EXPECT_THAT(got, HasSubstr("\"source\":\"cellar\""));
  EXPECT_EQ(got.find("\"source\":\"hall\""), std::string::npos) << "hall was left out last";
  EXPECT_EQ(Run(Columns("right.jsonl") + " --model-key policy_spec --train-command 'false {data} {model}'"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("--train-command without cellar: it left no {model}"));
}

TEST_F(Qualify, LeavesTheGroupsOfASourceOutOfItsTrainingAndQuotesPaths) {
  // A prompt of hall, which is left out last, is asked in cellar, too.
  const std::string rows = ReadBytes(folder_ / "right.jsonl");
  Json shared = Json::parse(rows.substr(0, rows.find('\n')));
  ASSERT_EQ(shared["from"], "hall");
  shared["from"] = "cellar";
  WriteBytes(folder_ / "shared.jsonl", rows + shared.dump() + "\n");
  std::filesystem::create_directory(folder_ / "a place");
  const std::string train = Concat(" --model-key policy_spec --train-command 'cp {data} got.jsonl && cp ", kSpec, " {model}'");
  ASSERT_EQ(Run(Columns("shared.jsonl") + train, "TMPDIR='" + (folder_ / "a place") + "' "), kExitDone) << output();
  const std::string got = ReadBytes(folder_ / "got.jsonl");
  EXPECT_THAT(got, HasSubstr("\"source\":\"cellar\""));
  EXPECT_EQ(got.find(shared["q"].dump()), std::string::npos) << "the prompt is one of the source that is left out";
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "a place"));
  EXPECT_EQ(Run(Columns("right.jsonl") + " --model-key policy_spec --train-command 'cp x {model}'"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("--train-command must hold {data}"));
}

TEST_F(Qualify, RowsThatAGraderWasTrainedOnAreNotUnseenUnderAnotherName) {
  ASSERT_EQ(Run("classifier train right.jsonl --text-column a --label-column bad --classes fine,bad --out harm.clf"), kExitDone)
      << output();
  WriteBytes(
      folder_ / "learned.yaml",
      "reward:\n  policy_spec: " + std::string(kSpec) +
          "\n  graders:\n    - {name: harm, type: classifier, file: harm.clf, means: harm, record: harm.json, require: {auroc: 0.5}}\n");
  ASSERT_EQ(Run("qualify learned.yaml --data right.jsonl --map prompt=q response=a label=bad source=from --label bad=yes fine=no "
                "--resamples 100"),
            kExitDone)
      << output();
  EXPECT_THAT(output(), HasSubstr("120 rows whose prompt or\nanswer it was trained on count as seen"));
  EXPECT_EQ(Run("train --dry-run learned.yaml"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("no figure of a source that grader harm has not seen"));
  ASSERT_EQ(Run("classifier explain harm.clf"), kExitDone) << output();
  EXPECT_THAT(output(),
              AllOf(HasSubstr("what speaks for bad most:"), HasSubstr("what speaks against bad most:"), HasSubstr("answer words")));
}

TEST_F(Qualify, SaysWhatItDoesNotUnderstand) {
  EXPECT_EQ(Run("qualify job.yaml --data right.jsonl --map prompt=q response=a label=bad"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("right.jsonl:1: the label 'fine' is not yes, no, true, false or a number"));
  EXPECT_EQ(Run("qualify job.yaml:who --data right.jsonl"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("reward.graders has no who; it has clerk"));
  EXPECT_EQ(Run("qualify job.yaml --data right.jsonl --map answer=a"), kExitConfig);
  EXPECT_THAT(output(), HasSubstr("expected prompt, response, label, category, source or group"));
}

TEST_F(Qualify, AttackGraderTellsHowOftenEachFamilyFools) {
  std::filesystem::create_directory_symlink(TEMPER_SOURCE_DIR "/configs", folder_ / "configs");  // stand-ins are chosen by what ships
  ASSERT_EQ(Run("attack-grader job.yaml --limit 5 --record attacks.json"), kExitDone) << output();
  EXPECT_THAT(output(),
              AllOf(HasSubstr("5 stand-ins of the built-in world, of which it sees"), HasSubstr("master key"), HasSubstr("encoding")));
  const Json record = Json::parse(ReadBytes(folder_ / "attacks.json"));
  for (const Json& family : record.at("families")) {
    if (family.at("family") != "encoding") continue;
    EXPECT_EQ(family.at("by_attack").at("base64"), 1.0) << "a grader of words does not read base64";
    EXPECT_GT(family.at("fooled").at("value").get<double>(), 0.5);
  }
}

}  // namespace
}  // namespace temper
