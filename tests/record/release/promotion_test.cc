#include "record/release/promotion.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "record/eval_files.h"
#include "record/manifest.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// A finished run of two arms with two steps of RL, one evaluation set of one answer.
class PromotionFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RunDescription description;
    description.name = "run";
    description.eval_sets = {"topics"};
    description.arms = {{"a"}, {"b"}};
    fs::create_directories(folder_.path());
    WriteRunDescription(folder_.path(), description);
    for (const char* arm : {"a", "b"}) {
      const std::string weights = run().Arm(arm).Weights(2);
      fs::create_directories(weights);
      WriteBytes(weights + "/config.json", "{}");
      WriteBytes(weights + "/model.safetensors", arm);
      WriteManifest(weights, std::nullopt);
      WriteEvaluation(arm, "topics", 2, "cafe");
    }
  }
  RunPaths run() const { return RunPaths(folder_.path()); }

  void WriteEvaluation(const std::string& arm, const std::string& set, int64_t version, const std::string& hash) const {
    const EvalPaths eval = run().Arm(arm).Eval(EvalTime::kEnd);
    fs::create_directories(eval.folder());
    EvalSample sample;
    sample.prompt_id = "p";
    WriteEvalSamples(eval.Samples(set), {sample});
    WriteEvalMeta(eval.Meta(set),
                  {.weight_version = version, .weight_hash = hash, .samples_hash = Hash128OfFile(eval.Samples(set)), .rewards = {}});
  }
  Promotion Judged(const std::string& arm, std::vector<std::string> reasons) const {
    const PromotionCandidate candidate = CandidateOf(folder_.path(), arm);
    Promotion promotion{.arm = arm,
                        .weights = candidate.weights,
                        .weight_version = candidate.weight_version,
                        .weight_hash = candidate.weight_hash,
                        .manifest_hash = Hash128OfFile(ManifestPath(run().Arm(arm).Weights(2))),
                        .grader = "rule/x",
                        .grading = "words",
                        .config = {},
                        .samples = {{"topics", "beef"}},
                        .verdict = {}};
    promotion.verdict.tests = {{"topics", "safety", true, 0.9, 0.975, 40, 0.01, 0.025, 0.9125, true}};
    promotion.verdict.reasons = std::move(reasons);
    return promotion;
  }

  TempFolder folder_;
};

TEST_F(PromotionFileTest, ComesBackToTheBit) {
  EXPECT_FALSE(ReadPromotion(folder_.path(), "a").has_value());
  Promotion written = Judged("a", {});
  written.config.correction = TestCorrection::kBonferroni;
  written.config.min_safety = 0.1 + 0.2;
  WritePromotion(folder_.path(), written);
  const auto read = ReadPromotion(folder_.path(), "a");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->weights, "a/weights/step_2");
  EXPECT_EQ(read->weight_version, 2);
  EXPECT_EQ(read->weight_hash, "cafe");
  EXPECT_EQ(read->config.correction, TestCorrection::kBonferroni);
  EXPECT_EQ(read->config.min_safety, 0.1 + 0.2);
  EXPECT_EQ(read->samples, written.samples);
  ASSERT_EQ(read->verdict.tests.size(), 1U);
  EXPECT_EQ(read->verdict.tests[0].bound, 0.9125);
  EXPECT_TRUE(read->verdict.promoted());
}

TEST_F(PromotionFileTest, OnlyWhatIsPromotedIsFound) {
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("arm a was never judged")));
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), ""); }, ThrowsMessage<ConfigError>(HasSubstr("no arm is promoted")));
  WritePromotion(folder_.path(), Judged("a", {"safety on topics: too low"}));
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), "a"); },
              ThrowsMessage<ConfigError>(HasSubstr("arm a is quarantined: safety on topics: too low")));
  WritePromotion(folder_.path(), Judged("b", {}));
  EXPECT_EQ(PromotedWeights(folder_.path(), ""), folder_ / "b/weights/step_2");
  WritePromotion(folder_.path(), Judged("a", {}));
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), ""); }, ThrowsMessage<ConfigError>(HasSubstr("2 arms are promoted; name one")));
  EXPECT_EQ(PromotedWeights(folder_.path(), "a"), folder_ / "a/weights/step_2");
}

TEST_F(PromotionFileTest, OtherWeightsThanThoseJudgedAreNotServed) {
  WritePromotion(folder_.path(), Judged("a", {}));
  const std::string weights = run().Arm("a").Weights(2);
  WriteBytes(weights + "/model.safetensors", "x");
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("model.safetensors does not have")));
  WriteManifest(weights, std::nullopt);  // as if they had been made so
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), "a"); },
              ThrowsMessage<ConfigError>(HasSubstr("these are not the weights that were promoted")));
}

TEST_F(PromotionFileTest, AChangedRecordIsRefused) {
  WritePromotion(folder_.path(), Judged("a", {"safety on topics: too low"}));
  const std::string path = run().Arm("a").Promotion();
  std::string text = ReadBytes(path);
  text.replace(text.find("quarantined"), 11, "promoted");
  WriteBytes(path, text);
  EXPECT_THAT([&] { PromotedWeights(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("its checksum does not fit")));
  WriteBytes(path, "{");
  EXPECT_THAT([&] { ReadPromotion(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("not the record of a promotion")));
  WritePromotion(folder_.path(), Judged("b", {}));
  fs::copy_file(run().Arm("b").Promotion(), path, fs::copy_options::overwrite_existing);
  EXPECT_THAT([&] { ReadPromotion(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("it is of the arm b")));
}

TEST_F(PromotionFileTest, ACandidateIsOneWholePolicy) {
  EXPECT_EQ(CandidateOf(folder_.path(), "a").sets.at("topics").size(), 1U);
  WriteEvaluation("a", "past_tense", 2, "feed");
  EXPECT_THAT([&] { CandidateOf(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("answered by other weights")));
  WriteEvaluation("a", "past_tense", 2, "cafe");
  EXPECT_EQ(CandidateOf(folder_.path(), "a").sets.size(), 2U);
  WriteBytes(run().Arm("a").Eval(EvalTime::kEnd).Samples("past_tense"), "");
  EXPECT_THAT([&] { CandidateOf(folder_.path(), "a"); }, ThrowsMessage<ConfigError>(HasSubstr("not as the evaluation wrote them")));
  // A start from SFT's weights asks the settings how many steps it had; those that say no number name no folder.
  fs::create_directories(run().Arm("b").Configs());
  WriteBytes(run().Arm("b").ResolvedConfig(), "sft:\n  steps: many\n");
  WriteEvaluation("b", "topics", 0, "cafe");
  EXPECT_THAT([&] { CandidateOf(folder_.path(), "b"); },
              ThrowsMessage<ConfigError>(HasSubstr("after 0 steps, and the run's folder holds no")));
  WriteEvaluation("b", "topics", 2, "cafe");
  fs::remove_all(run().Arm("b").Weights(2));
  EXPECT_THAT([&] { CandidateOf(folder_.path(), "b"); }, ThrowsMessage<ConfigError>(HasSubstr("holds no weights of them")));
  fs::remove_all(run().Arm("b").Eval(EvalTime::kEnd).folder());
  EXPECT_THAT([&] { CandidateOf(folder_.path(), "b"); }, ThrowsMessage<ConfigError>(HasSubstr("there is no evaluation to judge")));
}

}  // namespace
}  // namespace temper
