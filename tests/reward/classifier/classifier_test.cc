// A classifier from its texts to its file: scores of scikit-learn, splits, weights, explanations, damaged files.
#include "reward/classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/classifier/file.h"
#include "reward/classifier/sources.h"
#include "reward/classifier/strongest.h"
#include "reward/classifier/train.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

void Quiet(const std::string&) {}

std::vector<LabelledRow> RowsOf(const std::vector<std::string>& texts, const std::vector<int>& labels) {
  std::vector<LabelledRow> rows;
  for (size_t i = 0; i < texts.size(); ++i)
    rows.push_back(
        {"", texts[i], std::to_string(labels[i]), texts[i], i % 2 == 0 ? "even" : "odd", "", "", 1, "rows.csv:" + std::to_string(i + 2)});
  return rows;
}

ClassifierOptions Options(LinearKind kind, std::vector<std::string> classes) {
  ClassifierOptions options;
  options.kind = kind;
  options.classes = std::move(classes);
  options.spaces = {{TextOf::kAnswer, {NgramUnit::kWord, 1, 2}, 1}, {TextOf::kAnswer, {NgramUnit::kCharacter, 2, 5}, 1}};
  options.linear.solver.tolerance = 1e-7;
  return options;
}

nlohmann::json Golden() {
  std::ifstream file(TEMPER_SOURCE_DIR "/tests/golden/classifier_golden.json");
  return nlohmann::json::parse(file);
}

ClassifierModel GoldenModel() {
  const auto golden = Golden();
  ClassifierOptions options = Options(LinearKind::kBinary, {"0", "1"});
  options.linear.c = 2;
  options.calibration = CalibrationKind::kNone;
  return TrainClassifier(RowsOf(golden["texts"], golden["labels"]), options, {}, Quiet).model;
}

TEST(Classifier, ScoresTextsAsScikitLearnDoes) {
  const auto golden = Golden();
  Classifier classifier(std::make_shared<ClassifierModel>(GoldenModel()));
  EXPECT_NEAR(classifier.model().offsets[0], golden["intercept"][0].get<double>(), 1e-4);  // weights are single precision
  for (size_t i = 0; i < golden["asked"].size(); ++i) {
    const Classification said = classifier.Classify("", golden["asked"][i].get<std::string>());
    EXPECT_NEAR(said.outputs[0] + classifier.model().offsets[0], golden["decisions"][i].get<double>(), 1e-4) << i;
    EXPECT_NEAR(said.probabilities[1], 1 / (1 + std::exp(-golden["decisions"][i].get<double>())), 1e-4);
    // The same text again: nothing was left from the last one.
    EXPECT_EQ(classifier.Classify("", golden["asked"][i].get<std::string>()).outputs, said.outputs);
  }
}

TEST(Classifier, ExplainsItsOutputToTheLastFeature) {
  Classifier classifier(std::make_shared<ClassifierModel>(GoldenModel()));
  const std::string text = "I cannot pour the oil, sorry.";
  double sum = 0;
  bool named = false;
  for (const Contribution& each : classifier.Explain("", text)) {
    sum += each.added[0];
    if (each.feature == "answer words \"sorry\"") {
      named = true;
      EXPECT_GT(each.added[0], 0);
    }
  }
  EXPECT_TRUE(named);
  EXPECT_NEAR(sum, classifier.Classify("", text).outputs[0], 1e-9);
}

TEST(Classifier, ReadsNumbersAndMembersToo) {
  const auto golden = Golden();
  ClassifierOptions options = Options(LinearKind::kBinary, {"0", "1"});
  options.spaces = {};
  options.dense = {0, 7};  // answer_words, refusals
  options.members = {{"first", std::make_shared<ClassifierModel>(GoldenModel())}};
  const ClassifierModel model = TrainClassifier(RowsOf(golden["texts"], golden["labels"]), options, {}, Quiet).model;
  ASSERT_EQ(model.standard.size(), 3U);
  Classifier classifier(std::make_shared<ClassifierModel>(model));
  EXPECT_GT(classifier.Classify("", "I'm sorry, I can't.").probabilities[1], classifier.Classify("", "Pour the water.").probabilities[1]);
  std::vector<std::string> features;
  for (const Contribution& each : classifier.Explain("", "Pour.")) features.push_back(each.feature);
  EXPECT_THAT(features, ElementsAre("answer_words", "refusals", "classifier first"));
  const auto again = ParseClassifier(WriteClassifier(model), "again");
  EXPECT_EQ(Classifier(again).Classify("", "I can't.").probabilities, classifier.Classify("", "I can't.").probabilities);
}

// Says yes of texts with the word.
std::shared_ptr<ClassifierModel> WordModel(const std::string& word) {
  std::vector<LabelledRow> rows = RowsOf({"oak elm", "oak ash", word + " elm", word + " ash"}, {0, 0, 1, 1});
  return std::make_shared<ClassifierModel>(TrainClassifier(rows, Options(LinearKind::kBinary, {"0", "1"}), {}, Quiet).model);
}

TEST(Classifier, MultipliesWhatTwoMembersSay) {
  ClassifierOptions options = Options(LinearKind::kBinary, {"0", "1"});
  options.spaces = {};
  options.members = {{"red", WordModel("red")}, {"round", WordModel("round")}};
  options.products = {{0, 1}};
  options.blend = Blend{0, {0, 0, 1}};  // the product alone
  options.calibration = CalibrationKind::kNone;
  const auto rows = RowsOf({"red round", "red oak", "oak round", "oak elm"}, {1, 0, 0, 0});
  const ClassifierModel model = TrainClassifier(rows, options, {}, Quiet).model;
  ASSERT_EQ(model.standard.size(), 3U);
  Classifier classifier(std::make_shared<ClassifierModel>(model)), red(options.members[0].model), round(options.members[1].model);
  for (const std::string text : {"red round", "red", "round", "elm"}) {
    const double product = red.Classify("", text).probabilities[1] * round.Classify("", text).probabilities[1];
    EXPECT_NEAR(classifier.Classify("", text).outputs[0], (product - model.standard.means[2]) * model.standard.scales[2], 1e-12) << text;
  }
  EXPECT_EQ(classifier.Explain("", "red").back().feature, "product of red and round");
  const std::string bytes = WriteClassifier(model);
  const auto again = ParseClassifier(bytes, "again");
  EXPECT_EQ(WriteClassifier(*again), bytes);
  EXPECT_EQ(Classifier(again).Classify("", "red").probabilities, classifier.Classify("", "red").probabilities);
}

TEST(Classifier, BlendsStandardisedPartsByTheirWeights) {
  const auto golden = Golden();
  const auto rows = RowsOf(golden["texts"], golden["labels"]);
  ClassifierOptions options = Options(LinearKind::kBinary, {"0", "1"});
  options.balance = ClassBalance::kNone;
  options.calibration = CalibrationKind::kNone;
  options.dense = {0};  // answer_words
  options.blend = Blend{2, {-3}};
  const ClassifierModel model = TrainClassifier(rows, options, {}, Quiet).model;
  EXPECT_EQ(model.standard.weights, std::vector<double>{-3});
  Classifier classifier(std::make_shared<ClassifierModel>(model));
  // Without the number's part, which is known, the outputs have the deviation 2 over the rows.
  double sum = 0, squares = 0;
  for (const LabelledRow& row : rows) {
    double ngrams = classifier.Classify("", row.answer).outputs[0];
    for (const Contribution& each : classifier.Explain("", row.answer))
      if (each.feature == "answer_words") ngrams -= each.added[0];
    sum += ngrams;
    squares += ngrams * ngrams;
  }
  const auto n = static_cast<double>(rows.size());
  EXPECT_NEAR(std::sqrt(squares / n - sum * sum / n / n), 2, 1e-4);  // weights are single precision
}

TEST(TrainClassifier, LearnsFromPairsWhatSetsTheirRowsApart) {
  // Every pair has a word of its own in both rows; what tells is "rude". The label alone would also fit the words.
  std::vector<LabelledRow> rows;
  for (int i = 0; i < 40; ++i) {
    LabelledRow row;
    row.pair = row.group = "p" + std::to_string(i / 2);
    row.label = i % 2 == 0 ? "no" : "yes";
    row.answer = "topic" + row.pair + (i % 2 == 0 ? " polite" : " rude");
    rows.push_back(row);
  }
  ClassifierOptions options = Options(LinearKind::kBinary, {"no", "yes"});
  options.spaces.pop_back();
  options.pairs = true;
  Classifier classifier(std::make_shared<ClassifierModel>(TrainClassifier(rows, options, {}, Quiet).model));
  EXPECT_NEAR(classifier.model().offsets[0], 0, 1e-9);  // both ways round
  EXPECT_GT(classifier.Classify("", "rude").outputs[0], 0);
  EXPECT_LT(classifier.Classify("", "polite").outputs[0], 0);
  EXPECT_NEAR(classifier.Classify("", "topicp3").outputs[0], 0, 1e-6);
}

TEST(ClassifierFile, IsReadAndWrittenAgainBitForBit) {
  ClassifierModel model = GoldenModel();
  model.record = {"hash", "{}", 8, "2026-11-30", {{"set", 8, "", "majority", "2026-11-30", {{"auroc", 0.5}}}}};
  const std::string bytes = WriteClassifier(model);
  const auto again = ParseClassifier(bytes, "file");
  EXPECT_EQ(WriteClassifier(*again), bytes);
  EXPECT_EQ(again->record.measured.at(0).figures.at(0).second, 0.5);
}

// The bytes with another body under a checksum that holds.
std::string WithBody(const std::string& bytes, const std::function<void(std::string*)>& change) {
  std::string body = bytes.substr(20);
  change(&body);
  ByteWriter hash;
  hash.Put(Hash64(body));
  return bytes.substr(0, 12) + hash.bytes() + body;
}

std::string ReasonOf(const std::string& bytes) {
  try {
    ParseClassifier(bytes, "harm.clf");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ClassifierFile, IsRefusedWithTheReasonWhereItIsDamaged) {
  const std::string bytes = WriteClassifier(GoldenModel());
  EXPECT_THAT(ReasonOf("PK\x03\x04" + bytes), HasSubstr("it is not a classifier"));
  EXPECT_THAT(ReasonOf(""), HasSubstr("harm.clf: "));
  std::string flipped = bytes;
  flipped[bytes.size() / 2] ^= 1;
  EXPECT_THAT(ReasonOf(flipped), HasSubstr("checksum"));
  std::string newer = bytes;
  newer[8] = 9;
  EXPECT_THAT(ReasonOf(newer), HasSubstr("version 9"));
  EXPECT_THAT(ReasonOf(WithBody(bytes, [](std::string* body) { body->pop_back(); })), HasSubstr("cut short"));
  EXPECT_THAT(ReasonOf(WithBody(bytes, [](std::string* body) { *body += '\0'; })), HasSubstr("too long"));
  EXPECT_THAT(ReasonOf(WithBody(bytes, [](std::string* body) { (*body)[0] = 7; })), HasSubstr("kind"));
  for (size_t size = 0; size < bytes.size(); size += 97) EXPECT_NE(ReasonOf(bytes.substr(0, size)), "") << size;
}

TEST(Splits, KeepGroupsTogetherAndLeaveEachSourceOut) {
  std::vector<LabelledRow> rows;
  for (int i = 0; i < 60; ++i) {
    LabelledRow row;
    row.group = "g" + std::to_string(i / 2);
    row.left_out = i < 20 ? "a" : i < 40 ? "b" : "";
    rows.push_back(row);
  }
  const auto by_group = SplitByGroup(rows);
  ASSERT_EQ(by_group.size(), 1U);
  EXPECT_EQ(by_group[0].train.size() + by_group[0].test.size(), 60U);
  EXPECT_GT(by_group[0].test.size(), 0U);
  for (const uint32_t row : by_group[0].test) EXPECT_EQ(std::count(by_group[0].test.begin(), by_group[0].test.end(), row ^ 1U), 1) << row;
  const auto by_source = SplitByLeftOut(rows);
  ASSERT_EQ(by_source.size(), 2U);
  EXPECT_EQ(by_source[0].name, "a");
  EXPECT_EQ(by_source[0].test.size(), 20U);
  EXPECT_EQ(by_source[0].train.size(), 40U);  // those of b, and those that are never left out
  rows[59].group = rows[0].group;             // a prompt of a that another source has, too
  EXPECT_EQ(SplitByLeftOut(rows)[0].train.size(), 39U);
}

TEST(ClassesOfLabel, SharesANumberBetweenTheLevelsBesideIt) {
  const ClassifierOptions options = Options(LinearKind::kOrdinal, {"0", "0.25", "0.5"});
  LabelledRow row;
  row.label = "0.25";
  EXPECT_THAT(ClassesOfLabel(options, row), ElementsAre(Pair(1, 1.0)));
  row.label = "0.3125";
  EXPECT_THAT(ClassesOfLabel(options, row), ElementsAre(Pair(1, 0.75), Pair(2, 0.25)));
  row.label = "0.0";
  EXPECT_THAT(ClassesOfLabel(options, row), ElementsAre(Pair(0, 1.0)));
  row.label = "0.75";
  row.place = "severity.csv:3";
  EXPECT_THROW(ClassesOfLabel(options, row), ConfigError);
}

TEST(TrainClassifier, OrdersLevelsAndTellsClassesApart) {
  std::vector<LabelledRow> rows;
  const std::vector<std::string> words = {"calm meadow", "rough meadow", "wild storm"};
  for (int i = 0; i < 60; ++i) {
    LabelledRow row;
    row.answer = words[static_cast<size_t>(i % 3)] + " number" + std::to_string(i);
    row.label = std::to_string(i % 3);
    row.group = std::to_string(i);
    rows.push_back(row);
  }
  for (const LinearKind kind : {LinearKind::kOrdinal, LinearKind::kMultinomial}) {
    ClassifierOptions options = Options(kind, {"0", "1", "2"});
    options.linear.c = 10;
    options.calibration = CalibrationKind::kNone;
    options.tricks = {Trick::kApologyAfter, Trick::kSpacedLetters};
    const TrainedClassifier trained = TrainClassifier(rows, options, SplitByGroup(rows), Quiet);
    EXPECT_FALSE(trained.held_out.empty());
    for (const HeldOut& each : trained.held_out) {
      const auto& p = each.probabilities;
      EXPECT_EQ(static_cast<size_t>(std::max_element(p.begin(), p.end()) - p.begin()), each.row % 3) << NameOf(kind);
    }
    Classifier classifier(std::make_shared<ClassifierModel>(trained.model));
    if (kind == LinearKind::kOrdinal) {
      EXPECT_LT(classifier.Value(classifier.Classify("", "calm meadow")), classifier.Value(classifier.Classify("", "wild storm")));
    }
    const TrainedClassifier again = TrainClassifier(rows, options, SplitByGroup(rows), Quiet);
    EXPECT_EQ(WriteClassifier(again.model), WriteClassifier(trained.model)) << "training is deterministic";
  }
}

TEST(SourcesOf, AreWhatRowsSayOrTheirFilesAreCalled) {
  std::vector<LabelledRow> rows(3);
  rows[0].place = "/a/b/gold.csv:7";
  rows[1].source = "web";
  rows[1].place = "/a/b/gold.csv:8";
  rows[2].place = "more.jsonl:1";
  EXPECT_THAT(SourcesOf(rows), testing::ElementsAre("gold", "more", "web"));
}

TEST(TrainingRowsOf, AreThoseOfAClassifierAndItsMembersOrNoneAtAll) {
  ClassifierModel member, model;
  model.record.options = R"({"c": 1, "sources": ["web", "gold"]})";
  model.trained_on = RowHashes({1, 2});
  EXPECT_THAT(TrainingRowsOf(model).sources, ElementsAre("gold", "web"));
  EXPECT_THAT(TrainingRowsOf(model).rows.hashes(), ElementsAre(1, 2));
  model.members.push_back({"member", std::make_shared<const ClassifierModel>(member)});
  EXPECT_TRUE(TrainingRowsOf(model).rows.empty()) << "the member does not say";
  member.record.options = R"({"sources": ["books"]})";
  member.trained_on = RowHashes({2, 3});
  model.members[0].model = std::make_shared<const ClassifierModel>(member);
  EXPECT_THAT(TrainingRowsOf(model).sources, ElementsAre("books", "gold", "web"));
  EXPECT_THAT(TrainingRowsOf(model).rows.hashes(), ElementsAre(1, 2, 3));
}

TEST(KnownToMembers, AreTheRowsThatAMemberWasTrainedOn) {
  const std::vector<LabelledRow> rows = RowsOf({"one text", "another text", "a third"}, {0, 1, 0});
  auto member = std::make_shared<ClassifierModel>();
  EXPECT_THAT(KnownToMembers({}, rows), ElementsAre(false, false, false));
  EXPECT_THAT(KnownToMembers({{"m", member}}, rows), ElementsAre(true, true, true)) << "it does not say";
  auto telling = std::make_shared<ClassifierModel>();
  telling->trained_on = HashesOf({rows[1]});
  EXPECT_THAT(KnownToMembers({{"m", telling}}, rows), ElementsAre(false, true, false));
}

TEST(TrainClassifier, KeepsTheHashesOfItsRowsInItsFile) {
  const auto golden = Golden();
  const std::vector<LabelledRow> rows = RowsOf(golden["texts"], golden["labels"]);
  const auto read = ParseClassifier(WriteClassifier(GoldenModel()), "file");
  for (const LabelledRow& row : rows) EXPECT_NE(read->trained_on.Match("", row.answer), RowMatch::kNone) << row.answer;
  EXPECT_EQ(read->trained_on.Match("", "a text that it has not read"), RowMatch::kNone);
}

TEST(StrongestOf, NamesWhatWeighsMostForAndAgainstAClass) {
  const auto model = ParseClassifier(WriteClassifier(GoldenModel()), "file");
  ASSERT_FALSE(model->strongest.empty());
  double last = INFINITY;
  bool sorry = false, against = false;
  for (const StrongFeature& each : model->strongest) {
    if (each.weight < 0 && !against) against = true, last = INFINITY;
    EXPECT_LE(std::abs(each.weight), last) << each.feature;
    last = std::abs(each.weight);
    sorry = sorry || each.feature == "answer words \"sorry\"";
    EXPECT_THAT(each.feature, HasSubstr("\""));
  }
  EXPECT_TRUE(sorry);
  EXPECT_TRUE(against);
  EXPECT_LE(model->strongest.size(), 2 * kStrongestOfEach);
}

// Three classes of which one occurs in one source only: a model that never saw it gives it next to nothing, and the final model's offsets
// are none of its business.
TEST(TrainClassifier, HeldOutRowsAreJudgedWithTheOffsetsOfTheirOwnModel) {
  std::vector<LabelledRow> rows;
  for (int i = 0; i < 90; ++i) {
    LabelledRow row;
    row.answer = "the same words";
    row.group = std::to_string(i);
    row.source = row.left_out = i < 60 ? "all" : "two";
    row.label = std::to_string(i < 60 ? i % 3 : i % 2);
    rows.push_back(row);
  }
  ClassifierOptions options = Options(LinearKind::kMultinomial, {"0", "1", "2"});
  options.balance = ClassBalance::kNone;
  options.calibration = CalibrationKind::kNone;
  options.linear.c = 1e-3;
  const TrainedClassifier trained = TrainClassifier(rows, options, SplitByLeftOut(rows), Quiet);
  for (const HeldOut& each : trained.held_out) {
    if (rows[each.row].left_out != "all") continue;
    EXPECT_LT(each.probabilities[2], 0.01) << "trained on the source without the class";
  }
}

TEST(ClassifierFile, SpacesOfAllMembersTogetherAreBounded) {
  // 16 members of 16 spaces of 2^22 slots each are 2^30 slots, in a file of some kilobytes.
  auto member = std::make_shared<ClassifierModel>();
  member->classes = {"0", "1"};
  member->offsets = {0};
  for (size_t i = 0; i < kMaxSpaces; ++i)
    member->spaces.push_back({{TextOf::kAnswer, {NgramUnit::kWord, 1, 1, kMaxSlotBits}, 1}, {{1}, {1}}, {1}});
  EXPECT_EQ(ReasonOf(WriteClassifier(*member)), "");
  ClassifierModel model = *member;
  for (size_t i = 0; i < kMaxMembers; ++i) model.members.push_back({"m", member});
  for (auto* numbers : {&model.standard.means, &model.standard.scales, &model.standard.weights}) numbers->assign(kMaxMembers, 1);
  EXPECT_THAT(ReasonOf(WriteClassifier(model)), HasSubstr("slots with those of its members"));
}

TEST(ClassifierFile, NumbersAreBounded) {
  ClassifierModel model = GoldenModel();
  model.offsets[0] = 1e300;
  EXPECT_THAT(ReasonOf(WriteClassifier(model)), HasSubstr("offsets that are no numbers of at most 1e+12"));
  model = GoldenModel();
  model.spaces[0].weights[0] = 1e30F;
  EXPECT_THAT(ReasonOf(WriteClassifier(model)), HasSubstr("weights that are no numbers of at most"));
}

}  // namespace
}  // namespace temper
