#include "reward/tsetlin/text_features.h"

#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(TextFeaturesTest, WordsAreLowerCaseAndKeepTheApostropheInside) {
  EXPECT_THAT(FeatureWords("I'm SORRY, but 'quoted' can't \xE2\x80\x94 rock'n'roll' 42!"),
              ElementsAre("i'm", "sorry", "but", "quoted", "can't", "\xE2\x80\x94", "rock'n'roll", "42"));
  EXPECT_THAT(FeatureWords("I\xE2\x80\x99m \xE2\x80\x99 h\xC3\xA9"), ElementsAre("i'm", "h\xC3\xA9"));
  EXPECT_THAT(FeatureWords(" '' . "), IsEmpty());
}

TEST(TextFeaturesTest, TermsAreRunsOfWordsOnceEach) {
  EXPECT_THAT(TermsOf("A b a b", {.max_words = 2}), ElementsAre("a", "a b", "b", "b a"));
  EXPECT_THAT(TermsOf("a b c", {.max_words = 3}), ElementsAre("a", "a b", "a b c", "b", "b c", "c"));
}

TEST(TextFeaturesTest, TermsOfTheOpeningLieWhollyInIt) {
  EXPECT_THAT(TermsOf("a b c", {.max_words = 2, .opening_words = 2}), ElementsAre("a", "a b", "b", "b c", "c", "^a", "^a b", "^b"));
}

// Four texts, two of each class. "x": 2 of class 0, none of class 1; E = 2 * .5 = 1 each: (2-1)^2/1 + (0-1)^2/1 = 2. "y": one of each: 0.
// "z": 1 of class 0, 2 of class 1; E = 1.5: .25/1.5 * 2 = 1/3. "x z": 1 of class 0; E = .5: .25/.5 * 2 = 1, in one row alone.
TEST(TextFeaturesTest, ChiSquareRanksTermsAsComputedByHand) {
  const std::vector<std::string> texts = {"x z", "x y", "y z", "z"};
  const std::vector<int32_t> labels = {0, 0, 1, 1};
  EXPECT_THAT(ChooseTerms(texts, labels, 2, {.max_words = 1}, {.count = 10, .min_rows = 1}), ElementsAre("x", "z", "y"));
  EXPECT_THAT(ChooseTerms(texts, labels, 2, {.max_words = 2}, {.count = 3, .min_rows = 1}), ElementsAre("x", "x y", "x z"));
  EXPECT_THAT(ChooseTerms(texts, labels, 2, {.max_words = 2}, {.count = 3, .min_rows = 2}), ElementsAre("x", "z", "y"));
}

TEST(TextFeaturesTest, TheBinariserFindsTheTermsThatTermsOfNames) {
  const TermOptions options = {.max_words = 3, .opening_words = 3};
  const std::string text = "I'm sorry, but I can't; I'm sorry but no.";
  std::vector<std::string> terms = TermsOf(text, options);
  const size_t present = terms.size();
  for (const char* absent : {"sorry i", "but i can't no", "^i can't", "^but i", "zebra"})
    if (FeatureWords(absent).size() <= 3) terms.emplace_back(absent);
  const TextBinariser binariser(terms, options);
  std::vector<uint64_t> features(binariser.num_words(), ~uint64_t{0});
  binariser.Read(text, features);
  for (size_t term = 0; term < terms.size(); ++term)
    EXPECT_EQ(features[term / 64] >> term % 64 & 1, term < present ? 1u : 0u) << terms[term];
}

TEST(TextFeaturesTest, AnUnknownWordPartsARunOfWords) {
  const TextBinariser binariser({"a b"}, {.max_words = 2});
  std::array<uint64_t, 1> features = {};
  binariser.Read("a zebra b", features);
  EXPECT_EQ(features[0], 0u);
  binariser.Read("zebra a  B", features);
  EXPECT_EQ(features[0], 1u);
}

TEST(TextFeaturesTest, TermsThatNoTextCanHaveAreRefused) {
  const auto error = [](std::vector<std::string> terms) -> std::string {
    try {
      TextBinariser(std::move(terms), {.max_words = 2, .opening_words = 1});
    } catch (const ConfigError& problem) {
      return problem.what();
    }
    return "none";
  };
  EXPECT_EQ(error({"a b", "a", "^a"}), "none");
  EXPECT_THAT(error({"A"}), HasSubstr("lower case"));
  EXPECT_THAT(error({""}), HasSubstr("lower case"));
  EXPECT_THAT(error({"a  b"}), HasSubstr("one space"));
  EXPECT_THAT(error({"a b c"}), HasSubstr("3 words; at most 2"));
  EXPECT_THAT(error({"^a b"}), HasSubstr("2 words; at most 1"));
  EXPECT_THAT(error({"a", "a"}), HasSubstr("twice"));
}

}  // namespace
}  // namespace temper
