// Graders that are asked about some rows alone, and data that does not tell which rows these are.
#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

class ColumnsOfGraders : public ::testing::Test {
 protected:
  // A job whose second grader has this `only`.
  Experiment Job(const std::string& only, const std::string& sees, const std::vector<std::string>& overrides) const {
    const std::string rule = Concat("type: rule, policy_spec: ", kConfigs, "/policies/open_safe_intent.yaml");
    WriteBytes(folder_ / "job.yaml",
               Concat("data: {source: files, path: rows.jsonl}\nreward:\n  sees: [", sees, "]\n  graders:\n    - {name: all, ", rule,
                      "}\n    - {name: some, ", rule, ", only: ", only, "}\n"));
    return LoadExperiment(folder_ / "job.yaml", overrides);
  }
  void Refused(const std::string& only, const std::string& sees, const std::string& column) const {
    EXPECT_THAT(
        [&] { Job(only, sees, {"data.columns." + column + "=\"\""}); },
        ThrowsMessage<ConfigError>(AllOf(HasSubstr("job.yaml:6"),
                                         HasSubstr("reward.graders.1.only must name a column that the data has: some would never be asked"),
                                         HasSubstr("data.columns." + column + " is empty"))))
        << only;
  }
  static constexpr const char* kConfigs = TEMPER_SOURCE_DIR "/configs";
  TempFolder folder_;
};

TEST_F(ColumnsOfGraders, OnlyNamesAColumnThatTheDataHas) {
  Refused("intent=malicious", "intent", "intent");
  Refused("intent", "intent", "intent");
  Refused("label=refuse", "label", "label");
  Refused("category=Fraud", "", "category");
  EXPECT_NO_THROW(Job("intent=malicious", "intent", {}));
  EXPECT_NO_THROW(Job("category=Fraud", "", {}));
  EXPECT_NO_THROW(Job("answer", "answer", {"data.columns.intent=\"\""})) << "a column of data.path by its name";
  EXPECT_NO_THROW(Job("intent=benign", "intent", {"data.columns.intent=\"\"", "data.columns.prompts_by_intent={benign: asked}"}));
  EXPECT_NO_THROW(Job("label=refuse", "label", {"data.source=world"})) << "the built-in world has them all";
}

TEST_F(ColumnsOfGraders, EveryConditionOfOnlyNamesAColumnThatTheDataHas) {
  Refused("kind=text && intent=malicious", "kind, intent", "intent");
  EXPECT_NO_THROW(Job("kind=text && intent!=benign", "kind, intent", {}));
  EXPECT_THAT([&] { Job("kind=text && intent!=benign", "kind", {}); }, ThrowsMessage<ConfigError>(HasSubstr("so also intent")));
  EXPECT_THAT([&] { Job("intent!=benign", "intent", {"data.columns.intent=\"\""}); },
              ThrowsMessage<ConfigError>(HasSubstr("some would be asked about every row, data.columns.intent is empty")));
  EXPECT_THAT([&] { Job("kind=text && !=benign", "kind", {}); },
              ThrowsMessage<ConfigError>(HasSubstr("'kind=text && !=benign' has a condition without a column")));
  EXPECT_THAT([&] { Job("kind!=", "kind", {}); }, ThrowsMessage<ConfigError>(HasSubstr("'kind!=' says != and no value")));
}

TEST_F(ColumnsOfGraders, TheShippedListWithoutIntentsLacksWhatReadsThem) {
  const std::string own = std::string(kConfigs) + "/experiments/own_model.yaml";
  const std::vector<std::string> overrides = {"policy.path=/a/model", "data.path=/a/file.jsonl", "data.columns.intent=\"\""};
  EXPECT_THAT([&] { LoadExperiment(own, overrides); }, ThrowsMessage<ConfigError>(HasSubstr("harm would be asked about every row")));
  WriteBytes(folder_ / "job.yaml", Concat("defaults: [\"", own, "\", \"", kConfigs, "/base/real_english_graders_no_intent.yaml\"]\n"));
  const RewardConfig none = LoadExperiment(folder_ / "job.yaml", overrides).base.reward;
  const RewardConfig all = LoadExperiment(own, {"policy.path=/a/model", "data.path=/a/file.jsonl"}).base.reward;
  EXPECT_THAT(none.sees, IsEmpty());
  ASSERT_EQ(none.graders.size() + 2, all.graders.size());
  size_t at = 0;
  for (const GraderEntry& each : all.graders) {
    if (each.name == "asked" || each.name == "benign") continue;
    const GraderEntry& same = none.graders[at++];
    EXPECT_EQ(same.name, each.name);
    EXPECT_EQ(same.role, each.role);
    EXPECT_EQ(same.gives, each.gives);
    EXPECT_EQ(same.require, each.require) << each.name;
    EXPECT_TRUE(std::filesystem::equivalent(same.options->Files().at(0), each.options->Files().at(0))) << each.name;
  }
  EXPECT_EQ(none.combine.mode_from, "rules");
}

}  // namespace
}  // namespace temper
