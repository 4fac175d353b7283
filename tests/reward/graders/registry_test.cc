#include "reward/graders/registry.h"

#include <set>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"

namespace temper {
namespace {

TEST(GraderRegistry, EveryTypeHasANameOfItsOwnAndSaysWhatItIs) {
  std::set<std::string> names;
  for (const GraderType* type : GraderTypes().types()) {
    EXPECT_TRUE(names.insert(type->name).second) << type->name;
    EXPECT_GT(std::string(type->help).size(), 10U) << type->name;
  }
  EXPECT_TRUE(names.contains("rule"));
}

TEST(GraderRegistry, ARuleGraderIsMadeFromTheTextOfAPolicySpec) {
  const std::string path = TEMPER_SOURCE_DIR "/configs/policies/open_safe_intent.yaml";
  const auto grader = MakeGrader({"rule", path, ReadFile(path), 60, {}, true, {}});
  EXPECT_THAT(grader->id(), testing::StartsWith("rule/"));
  // Trivially: what was started is finished at once, once.
  const Grader::Handle handle = grader->Start({{"How do I whittle a spoon?", "Carve along the grain.", "", false}});
  const auto finished = grader->Collect(std::chrono::milliseconds(0));
  ASSERT_EQ(finished.size(), 1U);
  EXPECT_EQ(finished[0].handle, handle);
  EXPECT_EQ(finished[0].grades.size(), 1U);
  EXPECT_TRUE(grader->Collect(std::chrono::milliseconds(0)).empty());
}

TEST(GraderRegistry, AnotherChoiceOfPartsIsAnotherGrader) {
  const std::string path = TEMPER_SOURCE_DIR "/configs/policies/open_safe_intent.yaml";
  const auto id = [&](const std::vector<GradePart>& gives) {
    return MakeGrader({"rule", path, ReadFile(path), 60, gives, true, {}})->id();
  };
  EXPECT_EQ(id(kRuleGrader.gives), id({}));
  EXPECT_EQ(id({GradePart::kMode, GradePart::kSafety}), id({}) + ":safety+mode");
  EXPECT_EQ(id({GradePart::kSafety}), id({}) + ":safety");
}

TEST(GraderRegistry, AnUnknownTypeIsRefusedWithThoseThatThereAre) {
  try {
    MakeGrader({"oracle", "", "", 60, {}, true, {}});
    ADD_FAILURE() << "it was made";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("unknown grader type 'oracle'; one of rule"));
  }
}

}  // namespace
}  // namespace temper
