// Features of hidden states against transformers (tests/golden/hidden_features_golden.py), their cache, and heads trained on them.
#include "reward/probe/probe.h"

#include <cmath>
#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/formats/folder_hash.h"
#include "policy/tokenizer/tokenizer.h"
#include "reward/graders/registry.h"
#include "reward/probe/feature_cache.h"
#include "reward/probe/hidden_features.h"
#include "reward/probe/train.h"
#include "tests/support/golden_checkpoints.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// The golden checkpoint `llama` with a tokenizer of whole words: "w9" is the id 9, and <bos>, 1, stands before a text.
class TinyModel {
 public:
  TinyModel() {
    for (const char* name : {"config.json", "model.safetensors", "generation_config.json"})
      fs::copy_file(GoldenCheckpointsFolder() + "/llama/" + name, folder_ / name);
    std::vector<std::string> words;
    for (int id = 4; id < 67; ++id) words.push_back("w" + std::to_string(id));
    WriteBytes(folder_ / "tokenizer.json", WordLevelTokenizerJson(words));
  }
  const std::string& path() const { return folder_.path(); }

 private:
  const TempFolder folder_;
};

FeatureOptions Options(const std::string& features) { return {ParseFeatures(features), TextLayout::kPlain, 32, 32}; }

std::string TextOf(const std::vector<int32_t>& ids) {
  std::string text;
  for (const int32_t id : ids)
    if (id >= 4) text += (text.empty() ? "w" : " w") + std::to_string(id);
  return text;
}

TEST(HiddenFeatures, AreThosePooledFromTransformersHiddenStates) {
  const TinyModel model;
  const auto golden = nlohmann::json::parse(ReadBytes(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/hidden_features.json"));
  std::string features;
  for (const auto& each : golden["features"]) features += (features.empty() ? "" : ",") + each.get<std::string>();
  const HiddenFeatures computer(model.path(), Options(features));
  ASSERT_EQ(computer.size(), 4 * 24);
  std::vector<std::string> texts;
  for (const auto& text : golden["texts"])
    for (const char* part : {"prompt", "answer"}) texts.push_back(TextOf(text[part].get<std::vector<int32_t>>()));
  std::vector<ProbeText> pairs;
  for (size_t i = 0; i < texts.size(); i += 2) pairs.push_back({texts[i], texts[i + 1]});
  pairs.push_back(pairs.front());  // twice
  const std::vector<float> rows = computer.Compute(pairs);
  for (size_t i = 0; i + 1 < pairs.size(); ++i)
    for (size_t d = 0; d < 96; ++d)  // States are up to 50; fp32 sums in another order differ in the sixth digit.
      ASSERT_NEAR(rows[i * 96 + d], golden["rows"][i][d].get<double>(), 1e-4) << "text " << i << ", number " << d;
  EXPECT_EQ(std::memcmp(rows.data(), rows.data() + 4 * 96, 96 * sizeof(float)), 0);
  const std::vector<float> alone = computer.Compute(std::span(pairs).subspan(2, 1));
  EXPECT_EQ(std::memcmp(alone.data(), rows.data() + 2 * 96, 96 * sizeof(float)), 0);  // whatever is beside it
}

TEST(HiddenFeatures, CutLongTextsAndLeaveAnswersUnreadThatNoFeatureNeeds) {
  const TinyModel model;
  FeatureOptions options = Options("2:last,1:prompt");
  options.prompt_tokens = 3;
  options.answer_tokens = 2;
  const HiddenFeatures cut(model.path(), options);
  EXPECT_EQ(cut.Compute(std::vector<ProbeText>{{"w5 w6 w7 w8 w9", "w10 w11 w12"}}),
            cut.Compute(std::vector<ProbeText>{{"w5 w6 w7", "w10 w11"}}));
  const HiddenFeatures prompts(model.path(), Options("2:prompt_last"));
  EXPECT_FALSE(ReadsAnswer(Options("2:prompt_last")));
  EXPECT_EQ(prompts.Compute(std::vector<ProbeText>{{"w5", "w6"}}), prompts.Compute(std::vector<ProbeText>{{"w5", ""}}));
}

TEST(HiddenFeatures, WhatCannotBeIsSaid) {
  const TinyModel model;
  EXPECT_THAT([] { ParseFeatures("16"); }, ThrowsMessage<ConfigError>(HasSubstr("LAYER:POOLING")));
  EXPECT_THAT([] { ParseFeatures("1:mean"); }, ThrowsMessage<ConfigError>(HasSubstr("prompt_last")));
  EXPECT_THAT([] { ParseFeatures("1:last,1:last"); }, ThrowsMessage<ConfigError>(HasSubstr("twice")));
  EXPECT_THAT([&] { HiddenFeatures(model.path(), Options("3:last")); }, ThrowsMessage<ConfigError>(HasSubstr("layers 0 to 2")));
  FeatureOptions chat = Options("1:last");
  chat.layout = TextLayout::kChat;
  EXPECT_THROW(HiddenFeatures(model.path(), chat), ConfigError);
  FeatureOptions wide = Options("1:last");
  wide.answer_tokens = 96;
  EXPECT_THAT([&] { HiddenFeatures(model.path(), wide); }, ThrowsMessage<ConfigError>(HasSubstr("positions")));
  EXPECT_EQ(DescriptionOf(Options("1:last,2:prompt")), "1:last,2:prompt plain 32+32");
}

TEST(FeatureCache, ComputesATextOnceAndPassesOverWhatIsDamaged) {
  const TinyModel model;
  const TempFolder cache;
  const FeatureOptions options = Options("1:answer");
  const std::vector<ProbeText> texts = {{"w5", "w6"}, {"w5", "w7"}, {"w5", "w6"}};
  const auto run = [&] { return ComputeFeatures(model.path(), options, cache.path(), texts, [](size_t, size_t) {}); };
  const FeatureRun first = run();
  EXPECT_EQ(first.width, 24);
  EXPECT_EQ(first.computed, 3U);  // missing ones, of which two are alike
  const FeatureRun second = run();
  EXPECT_EQ(second.computed, 0U);
  EXPECT_EQ(second.rows, first.rows);
  ASSERT_EQ(std::distance(fs::directory_iterator(cache.path()), {}), 1);
  const std::string file = fs::directory_iterator(cache.path())->path();
  std::string bytes = ReadBytes(file);
  bytes[50] = static_cast<char>(bytes[50] ^ 1);
  WriteBytes(file, bytes + "torn");
  const FeatureRun third = run();
  EXPECT_EQ(third.computed, 2U);  // the one that occurs twice
  EXPECT_EQ(third.rows, first.rows);
  EXPECT_EQ(run().computed, 0U);
}

TEST(FolderHash, FollowsWhatTheModelComputesAndNothingElse) {
  const TinyModel model, same;
  const std::string hash = HashOfHfFolder(model.path());
  EXPECT_EQ(HashOfHfFolder(same.path()), hash);
  WriteBytes(model.path() + "/README.md", "words");
  EXPECT_EQ(HashOfHfFolder(model.path()), hash);
  std::string weights = ReadBytes(model.path() + "/model.safetensors");
  weights.back() = static_cast<char>(weights.back() ^ 1);
  WriteBytes(model.path() + "/model.safetensors", weights);
  EXPECT_NE(HashOfHfFolder(model.path()), hash);
  EXPECT_THAT([] { HashOfHfFolder("/nowhere"); }, ThrowsMessage<ConfigError>(HasSubstr("/nowhere")));
}

// Two features, of which the first tells the classes: rows at -1 and 1 with a little noise, and a second that is noise alone.
struct Labelled {
  std::vector<LabelledRow> rows;
  std::vector<float> features;
};
Labelled TwoClasses(int count) {
  Labelled out;
  KeyedStream stream(7, "probe_test");
  for (int i = 0; i < count; ++i) {
    const bool yes = i % 2 == 1;
    LabelledRow row;
    row.prompt = row.group = "p" + std::to_string(i);
    row.label = yes ? "yes" : "no";
    row.source = row.left_out = i % 4 < 2 ? "a" : "b";
    out.rows.push_back(row);
    out.features.push_back(static_cast<float>((yes ? 1 : -1) + 0.3 * stream.Normal()));
    out.features.push_back(static_cast<float>(100 + 5 * stream.Normal()));
  }
  return out;
}

TEST(ProbeTraining, StandardisesAndFindsTheFeatureThatTells) {
  const Labelled data = TwoClasses(200);
  ProbeOptions options;
  options.classes = {"no", "yes"};
  const TrainedProbe trained = TrainProbe(data.rows, data.features, options, SplitByLeftOut(data.rows), [](const std::string&) {});
  double mean = 0;
  for (size_t i = 0; i < 200; ++i) mean += double{data.features[2 * i + 1]} / 200;
  EXPECT_NEAR(trained.head.standard.means[1], mean, 1e-9);
  EXPECT_GT(trained.head.standard.weights[0], 10 * std::abs(trained.head.standard.weights[1]));
  ASSERT_EQ(trained.held_out.size(), 200U);  // each source was left out once
  int right = 0;
  for (const HeldOut& each : trained.held_out) right += (each.probabilities[1] >= 0.5) == (data.rows[each.row].label == "yes");
  EXPECT_GT(right, 195);
  const TrainedProbe again = TrainProbe(data.rows, data.features, options, SplitByLeftOut(data.rows), [](const std::string&) {});
  EXPECT_EQ(again.head.standard.weights, trained.head.standard.weights);  // the same bits
  EXPECT_EQ(trained.head.trained_on.Match(data.rows[0].prompt, data.rows[0].answer), RowMatch::kRow);
}

// Three classes of which one occurs in one source only: a head that never saw it gives it next to nothing, and the final head's offsets are
// none of its business.
TEST(ProbeTraining, HeldOutRowsAreJudgedWithTheOffsetsOfTheirOwnHead) {
  Labelled data;
  for (int i = 0; i < 90; ++i) {
    LabelledRow row;
    row.prompt = row.group = std::to_string(i);
    row.source = row.left_out = i < 60 ? "all" : "two";
    row.label = std::to_string(i < 60 ? i % 3 : i % 2);
    data.rows.push_back(row);
    data.features.push_back(static_cast<float>(i % 5));  // tells nothing
  }
  ProbeOptions options;
  options.kind = LinearKind::kMultinomial;
  options.classes = {"0", "1", "2"};
  options.balance = false;
  options.c = 1e-5;
  options.calibration = CalibrationKind::kNone;
  const TrainedProbe trained = TrainProbe(data.rows, data.features, options, SplitByLeftOut(data.rows), [](const std::string&) {});
  for (const HeldOut& each : trained.held_out) {
    if (data.rows[each.row].left_out != "all") continue;
    EXPECT_LT(each.probabilities[2], 0.01) << "trained on the source without the class";
  }
}

// One feature of unit spread, rows at +1 (yes) and -1 (no), equally many, C = 1, n rows: the weight w solves w = n / (1 + e^w), since every
// row pulls by sigma(-w).
TEST(ProbeTraining, SolvesTheLogisticRegressionOfOneFeature) {
  Labelled data;
  for (int i = 0; i < 8; ++i) {
    LabelledRow row;
    row.prompt = row.group = std::to_string(i);
    row.label = i % 2 == 1 ? "1" : "0";
    data.rows.push_back(row);
    data.features.push_back(i % 2 == 1 ? 1.0f : -1.0f);
  }
  ProbeOptions options;
  options.classes = {"0", "1"};
  options.c = 1;
  const TrainedProbe trained = TrainProbe(data.rows, data.features, options, {}, [](const std::string&) {});
  const double w = trained.head.standard.weights[0];
  EXPECT_NEAR(w, 8 / (1 + std::exp(w)), 0.02);  // the solver ends at a thousandth of the first gradient, which is 4
  EXPECT_NEAR(trained.head.offsets[0], 0, 0.01);
}

Probe SomeProbe(const std::string& model) {
  Probe probe;
  probe.model_hash = HashOfHfFolder(model);
  probe.model_name = "tiny";
  probe.features = Options("2:answer");
  probe.head.classes = {"fine", "harm"};
  probe.head.standard.means.assign(24, 0.5);
  probe.head.standard.scales.assign(24, 2);
  for (int i = 0; i < 24; ++i) probe.head.standard.weights.push_back(0.01 * i);
  probe.head.offsets = {-0.25};
  probe.head.record = {"hash", "{}", 12, "2026-11-30", {{"set", 5, "held out", "majority", "2026-11-30", {{"auroc", 0.75}}}}};
  return probe;
}

TEST(ProbeFile, IsReadAsItWasWritten) {
  const TinyModel model;
  Probe probe = SomeProbe(model.path());
  probe.head.trained_on = RowHashes({7, 5});
  const std::string bytes = WriteProbe(probe);
  const Probe read = ParseProbe(bytes, "p");
  EXPECT_EQ(WriteProbe(read), bytes);
  EXPECT_THAT(read.head.trained_on.hashes(), ElementsAre(5, 7));
  EXPECT_EQ(FeaturesText(read.features.features), "2:answer");
  EXPECT_THAT(read.head.classes, ElementsAre("fine", "harm"));
  EXPECT_EQ(read.head.record.measured.at(0).figures.at(0).second, 0.75);
}

TEST(ProbeFile, DamageIsRefused) {
  const TinyModel model;
  const std::string bytes = WriteProbe(SomeProbe(model.path()));
  for (size_t at = 0; at < bytes.size(); at += 7) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_THAT([&] { ParseProbe(damaged, "p"); }, ThrowsMessage<ConfigError>(HasSubstr("p: not a probe"))) << at;
    EXPECT_THROW(ParseProbe(bytes.substr(0, at), "p"), ConfigError) << at;
  }
}

// What an entry of reward.graders does: the options' payload, then the grader made of it.
TEST(ProbeGrader, GradesByTheHeadAndRefusesAnotherModel) {
  const TinyModel model;
  Probe probe = SomeProbe(model.path());
  ByteWriter payload;
  payload.Put<uint8_t>(0);  // harm
  payload.Put(0.5);
  payload.Put<uint64_t>(0);
  payload.PutString(model.path());
  payload.PutString(WriteProbe(probe));
  const auto grader = MakeGrader({"probe", "p", payload.bytes(), 60, {GradePart::kSafety}, true, {}});
  EXPECT_THAT(grader->id(), testing::StartsWith("probe/1:"));
  const auto grades = GradeAll(grader.get(), {{"w5", "w9 w10", "", false}, {"w6", "", "", false}}, 60);
  const HiddenFeatures features(model.path(), probe.features);
  const double harm = ProbabilitiesOf(probe.head, features.Compute(std::vector<ProbeText>{{"w5", "w9 w10"}}))[1];
  ASSERT_EQ(grades.size(), 2U);
  EXPECT_EQ(grades[0].outcome, GradeOutcome::kOk);
  EXPECT_DOUBLE_EQ(grades[0].safety, 1 - harm);
  std::string config = ReadBytes(model.path() + "/config.json");
  WriteBytes(model.path() + "/config.json", config + "\n");
  EXPECT_THAT(
      [&] {
        MakeGrader({"probe", "p", payload.bytes(), 60, {}, true, {}});
      },
      ThrowsMessage<ConfigError>(HasSubstr("is not the one that the probe was trained on")));
}

}  // namespace
}  // namespace temper
