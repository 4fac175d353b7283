#include "reward/tsetlin/model_file.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/tsetlin/classifier.h"
#include "tests/reward/tsetlin/example_model.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TsetlinModel Example() {
  const auto constraints =
      ParseConstraints("lock 7 if 'blue' and 'tea' then refused\nveto if 'cannot' and not 'six' then refused", "rules.txt");
  const std::vector<LabelledText> rows = ExampleTexts(100, 1);
  TsetlinTraining training = ExampleTraining();
  training.epochs = 2;
  return TrainTsetlinModel(rows, ExampleSource(), training, nullptr, &constraints);
}

std::string ErrorOf(const std::string& bytes) {
  try {
    ParseTsetlinModel(bytes, "m.tsetlin");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

// The bytes with their checksum made right.
std::string Signed(std::string bytes) {
  ByteWriter hash;
  hash.Put(Hash64(std::string_view(bytes).substr(24)));
  return bytes.replace(16, 8, hash.bytes());
}

TEST(TsetlinModelFileTest, AModelIsReadBackWhole) {
  const TsetlinModel model = Example();
  const std::string bytes = TsetlinModelBytes(model);
  const TsetlinModel again = ParseTsetlinModel(bytes, "m.tsetlin");
  EXPECT_EQ(TsetlinModelBytes(again), bytes);
  EXPECT_THAT(again.labels, ElementsAre("complied", "refused"));
  EXPECT_EQ(again.source.data_hash, "0123");
  EXPECT_EQ(again.source.rows, 100);
  EXPECT_EQ(again.source.epochs, 2);
  EXPECT_EQ(again.vetoes, model.vetoes);
  EXPECT_EQ(again.machine.planes(), model.machine.planes());
  EXPECT_EQ(RulesInUse(again).size(), RulesInUse(model).size());
}

TEST(TsetlinModelFileTest, TrainingGoesOnFromAFileAsFromMemory) {
  const TsetlinModel model = Example();
  const TsetlinModel read = ParseTsetlinModel(TsetlinModelBytes(model), "m.tsetlin");
  const std::vector<LabelledText> rows = ExampleTexts(100, 1);
  TsetlinTraining training = ExampleTraining();
  training.epochs = 2;
  const TsetlinModel one = TrainTsetlinModel(rows, ExampleSource(), training, &model, nullptr);
  const TsetlinModel two = TrainTsetlinModel(rows, ExampleSource(), training, &read, nullptr);
  EXPECT_EQ(TsetlinModelBytes(one), TsetlinModelBytes(two));
}

TEST(TsetlinModelFileTest, ItKnowsTheTextsOfAllItsTrainings) {
  const TsetlinModel first = Example();
  TsetlinTraining training = ExampleTraining();
  training.epochs = 1;
  TsetlinSource source = ExampleSource();
  source.trained_on.sources = {"second"};
  const TsetlinModel model =
      ParseTsetlinModel(TsetlinModelBytes(TrainTsetlinModel(ExampleTexts(50, 2), source, training, &first, nullptr)), "m");
  EXPECT_THAT(model.source.trained_on.sources, ElementsAre("second"));
  for (const uint64_t seed : {1, 2})
    EXPECT_NE(model.source.trained_on.rows.Match("", ExampleTexts(1, seed)[0].text), RowMatch::kNone) << seed;
  EXPECT_EQ(model.source.trained_on.rows.Match("", "another text"), RowMatch::kNone);
}

TEST(TsetlinModelFileTest, EpochsBeyondAnyTrainingAreRefused) {
  TsetlinModel model = Example();
  model.source.epochs = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(ErrorOf(TsetlinModelBytes(model)), HasSubstr("the number of epochs is 9223372036854775807"));
  model.source.epochs = -1;
  EXPECT_THAT(ErrorOf(TsetlinModelBytes(model)), HasSubstr("the number of epochs is -1"));
}

TEST(TsetlinModelFileTest, EveryDamagedByteIsNoticed) {
  const std::string bytes = TsetlinModelBytes(Example());
  for (size_t at = 0; at < bytes.size(); at += at < 600 ? 1 : 97) {
    if (at >= 12 && at < 16) continue;  // reserved
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_NE(ErrorOf(damaged), "none") << "byte " << at;
  }
  for (size_t size = 0; size < bytes.size(); size += 53) EXPECT_NE(ErrorOf(bytes.substr(0, size)), "none") << size << " bytes";
}

TEST(TsetlinModelFileTest, ErrorsSayWhatIsWrong) {
  const std::string bytes = TsetlinModelBytes(Example());
  EXPECT_THAT(ErrorOf("hello"), HasSubstr("m.tsetlin: not a Tsetlin machine"));
  std::string later = bytes;
  later[8] = 3;
  EXPECT_THAT(ErrorOf(later), HasSubstr("version 3; this Temper reads 2"));
  std::string damaged = bytes;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_THAT(ErrorOf(damaged), HasSubstr("damaged"));
  EXPECT_THAT(ErrorOf(Signed(bytes + "x")), HasSubstr("1 bytes after its end"));
}

TEST(TsetlinModelFileTest, ContentsThatAreNoModelAreRefusedBehindARightChecksum) {
  const std::string bytes = TsetlinModelBytes(Example());
  // Each byte of the body in turn: a file that is still read must be sound, so that it is written as it was read.
  for (size_t at = 24; at < 700; ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(0xFF);
    changed = Signed(changed);
    if (ErrorOf(changed) == "none") {
      const TsetlinModel model = ParseTsetlinModel(changed, "m.tsetlin");
      RulesInUse(model);
      TsetlinTextClassifier(model).Classify("sorry one two");
    }
  }
}

// Votes by hand: "a" +5 for refused, "b" -3. T = 4.
TEST(TsetlinClassifierTest, SharesFollowTheVotes) {
  const auto constraints = ParseConstraints("lock 5 if 'a' then refused\nlock 3 if 'b' then complied", "rules.txt");
  const std::vector<LabelledText> rows = {{"a", "refused"}, {"b", "complied"}};
  TsetlinTraining training;
  training.machine = {.clauses = 2, .threshold = 4};
  training.epochs = 1;
  const TsetlinTextClassifier classifier(TrainTsetlinModel(rows, {}, training, nullptr, &constraints));
  const TsetlinVerdict a = classifier.Classify("A!"), b = classifier.Classify("b"), both = classifier.Classify("a b"),
                       none = classifier.Classify("");
  EXPECT_THAT(a.votes, ElementsAre(5));
  EXPECT_THAT(a.shares, ElementsAre(0, 1));  // cut to T
  EXPECT_EQ(a.label, 1u);
  EXPECT_THAT(b.votes, ElementsAre(-3));
  EXPECT_THAT(b.shares, ElementsAre(0.875, 0.125));  // (4 - 3) / 8
  EXPECT_EQ(b.label, 0u);
  EXPECT_THAT(both.votes, ElementsAre(2));
  EXPECT_THAT(both.shares, ElementsAre(0.25, 0.75));
  EXPECT_THAT(none.votes, ElementsAre(0));
  EXPECT_EQ(none.label, 1u) << "0 votes are for the second class, as published";
}

// Three banks, T = 4: votes 4, 0, -4 give the parts 1, .5, 0 and so 2/3, 1/3, 0.
TEST(TsetlinClassifierTest, SharesOfSeveralClassesAddUpToOne) {
  const auto constraints = ParseConstraints("lock 4 if 'x' then a\nlock 4 if 'x' then not c", "rules.txt");
  const std::vector<LabelledText> rows = {{"x", "a"}, {"y", "b"}, {"z", "c"}};
  TsetlinTraining training;
  training.machine = {.clauses = 2, .threshold = 4};
  training.epochs = 0;
  training.choice.min_rows = 1;
  const TsetlinVerdict verdict = TsetlinTextClassifier(TrainTsetlinModel(rows, {}, training, nullptr, &constraints)).Classify("x");
  EXPECT_THAT(verdict.votes, ElementsAre(4, 0, -4));
  EXPECT_EQ(verdict.label, 0u);
  EXPECT_THAT(verdict.shares, ElementsAre(::testing::DoubleEq(2.0 / 3), ::testing::DoubleEq(1.0 / 3), 0));
}

}  // namespace
}  // namespace temper
