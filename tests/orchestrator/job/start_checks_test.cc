// What a start into the folder of an earlier one is told first.
#include "orchestrator/job/start_checks.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "record/qualification.h"
#include "record/run_paths.h"
#include "reward/graders/registry.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSmoke[] = TEMPER_SOURCE_DIR "/configs/smoke.yaml";
constexpr char kSpec[] = TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml";

// The folder of an earlier start with these settings, and what a start into it with others is refused for.
class StartChecks : public testing::Test {
 protected:
  Experiment With(std::vector<std::string> more) const {
    more.insert(more.begin(), {"run.dir=" + folder_.path(), "run.name=mine"});
    return LoadExperiment(kSmoke, more);
  }
  void Start(const std::vector<std::string>& settings) const {
    for (const Arm& arm : With(settings).arms) {
      const ArmPaths paths = RunsPaths(folder_.path()).Run("mine").Arm(arm.name);
      std::filesystem::create_directories(paths.Configs());
      WriteBytes(paths.ResolvedConfig(), arm.resolved.ToYaml());
      WriteBytes(paths.Metrics(), "");
    }
  }
  std::string Problem(std::vector<std::string> settings) const {
    try {
      CheckInputs(With(std::move(settings)), "auto");
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  TempFolder folder_;
};

TEST_F(StartChecks, AMissingFileIsSaidBeforeSettingsThatDiffer) {
  Start({});
  EXPECT_EQ(Problem({}), "none");
  EXPECT_THAT(Problem({"rl.steps=9"}), HasSubstr("rl.steps is 9, but "));
  EXPECT_EQ(Problem({"data.source=files", "data.path=/nonexistent/a.jsonl"}), "/nonexistent/a.jsonl: no such file");
  EXPECT_EQ(Problem({"rl.steps=9", "policy.path=/nonexistent"}), "policy.path: there is no folder /nonexistent");
}

// Grader `words` with a record of auroc 0.5 on unseen rows, of which 0.9 is required.
std::string GraderWithRecord(const std::string& file) {
  return Concat("reward.graders=[{name: words, type: rule, policy_spec: ", kSpec, ", record: ", file, ", require: {auroc: 0.9}}]");
}

TEST_F(StartChecks, WhetherAGraderMaySteerIsSaidLast) {
  const std::string record = folder_ / "words.json";
  const std::string grader = GraderWithRecord(record);
  Estimate figure{.mean = 0.5, .low = 0.4, .high = 0.6};
  figure.present = true;
  Qualification q;
  q.grader = "words";
  q.type = "rule";
  q.grader_id =
      MakeGrader(
          ConfigOf(GradersOf(With({Concat("reward.graders=[{name: words, type: rule, policy_spec: ", kSpec, "}]")}).base.reward).at(0), 60))
          ->id();
  q.data_files = {"labels.csv"};
  q.date = "2026-11-30T04:00:00Z";
  q.agreement.unseen = AgreementSlice{"unseen", 90, 80, {{"auroc", figure}}, {}};
  WriteQualification(record, q);
  Start({grader});
  EXPECT_THAT(Problem({grader}), HasSubstr("grader words may not steer: auroc is 0.500"));
  EXPECT_THAT(Problem({grader, "rl.steps=9"}), HasSubstr("rl.steps is 9, but "));
  EXPECT_THAT(Problem({grader, "rl.steps=9", "policy.path=/nonexistent"}), HasSubstr("there is no folder /nonexistent"));
  EXPECT_THAT(Problem({GraderWithRecord(folder_ / "none.json"), "rl.steps=9"}), AllOf(HasSubstr("record: "), HasSubstr("none.json")));
}

}  // namespace
}  // namespace temper
