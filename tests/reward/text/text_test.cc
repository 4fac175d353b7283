// Texts to n-grams to rows: values by hand, and scalar products that scikit-learn computes (tests/golden/classifier_golden.json).
#include <cmath>
#include <fstream>
#include <numeric>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "reward/text/dense.h"
#include "reward/text/ngrams.h"
#include "reward/text/normalize.h"
#include "reward/text/phrase_counter.h"
#include "reward/text/tricks.h"
#include "reward/text/vocabulary.h"

namespace temper {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Ngrams(const NgramOptions& options, const std::string& text) {
  NgramReader reader(options);
  std::vector<std::string> out;
  reader.Read(text, [&](uint32_t, size_t begin, size_t end) { out.push_back(text.substr(begin, end - begin)); });
  return out;
}

TEST(NormalizeText, FoldsCaseQuotesWidthAndInvisibleCharacters) {
  EXPECT_EQ(NormalizeText("  I\xE2\x80\x99m \n\tHERE ", {}), " i'm here ");
  EXPECT_EQ(NormalizeText("\xEF\xBC\xA2\xEF\xBC\xAF\xEF\xBC\xAD\xEF\xBC\xA2", {}), " bomb ");  // full-width BOMB
  EXPECT_EQ(NormalizeText("bo\xE2\x80\x8Bmb", {}), " bomb ");                                  // a space of no width
  EXPECT_EQ(NormalizeText("", {}), " ");
  EXPECT_EQ(NormalizeText("a\xFF", {}), " a\xEF\xBF\xBD ");
}

TEST(NormalizeText, JoinsThreeLettersOrMoreThatStandApart) {
  EXPECT_EQ(NormalizeText("a w e a p o n is", {}), " aweapon is ");
  EXPECT_EQ(NormalizeText("the w e a p o n is", {}), " the weapon is ");
  EXPECT_EQ(NormalizeText("h-e-l-p u.s.a. x y", {}), " help usa. x y ");
  EXPECT_EQ(NormalizeText("plan b or c", {}), " plan b or c ");
  EXPECT_EQ(NormalizeText("w e a p o n", {true, false}), " w e a p o n ");
}

TEST(NgramReader, ReadsWordsOfTwoLettersOrMoreAndTheirPairs) {
  EXPECT_THAT(Ngrams({NgramUnit::kWord, 1, 2}, " i can't go "), ElementsAre("can", "can't go", "go"));
}

TEST(NgramReader, ReadsCharactersInsideWordsWithTheirSpaces) {
  EXPECT_THAT(Ngrams({NgramUnit::kCharacter, 2, 3}, " ab c "), ElementsAre(" a", " ab", "ab", "ab ", "b ", " c", " c ", "c "));
  EXPECT_THAT(Ngrams({NgramUnit::kCharacter, 5, 5}, " ab "), ElementsAre(" ab "));
  EXPECT_THAT(Ngrams({NgramUnit::kCharacter, 2, 2}, " \xC3\xA9 "), ElementsAre(" \xC3\xA9", "\xC3\xA9 "));
}

TEST(NgramReader, StopsAtTheLastWholeWordWithinItsLimit) {
  EXPECT_THAT(Ngrams({NgramUnit::kWord, 1, 1, 20, 8}, " one two three "), ElementsAre("one", "two"));
  EXPECT_THAT(Ngrams({NgramUnit::kWord, 1, 1, 20, 7}, " one two three "), ElementsAre("one", "two"));
  EXPECT_THAT(Ngrams({NgramUnit::kWord, 1, 1, 20, 6}, " one two three "), ElementsAre("one"));
  EXPECT_THAT(Ngrams({NgramUnit::kWord, 1, 1, 20, 4}, " abcdefgh "), ElementsAre("abcd"));
}

TEST(FitVocabulary, CountsRarityAsTheFormulaHasIt) {
  // Slots 3 and 5 in two texts of three, 9 in one: idf = ln(4/3) + 1 and ln(4/2) + 1.
  CountedTexts texts;
  for (const std::vector<SlotCount>& text : std::vector<std::vector<SlotCount>>{{{3, 2}, {5, 1}}, {{3, 1}, {9, 7}}, {{5, 1}}}) {
    texts.counts.insert(texts.counts.end(), text.begin(), text.end());
    texts.ends.push_back(texts.counts.size());
  }
  const std::vector<uint32_t> rows = {0, 1, 2};
  const Vocabulary all = FitVocabulary(texts, rows, {}, 6, {});
  EXPECT_THAT(all.slots, ElementsAre(3, 5, 9));
  EXPECT_FLOAT_EQ(all.idf[0], static_cast<float>(std::log(4.0 / 3) + 1));
  EXPECT_FLOAT_EQ(all.idf[2], static_cast<float>(std::log(4.0 / 2) + 1));
  // Totals are 3, 2 and 7.
  EXPECT_THAT(FitVocabulary(texts, rows, {}, 6, {2, 1, 1}).slots, ElementsAre(3, 9));
  EXPECT_THAT(FitVocabulary(texts, rows, {}, 6, {60000, 2, 1}).slots, ElementsAre(3, 5));
  // Texts 0 and 1 are of one source: slot 3 is of that alone.
  EXPECT_THAT(FitVocabulary(texts, rows, std::vector<uint32_t>{0, 0, 1}, 6, {60000, 1, 2}).slots, ElementsAre(5));
}

TEST(SlotIndex, FindsPlacesAcrossBlocksOfBits) {
  const SlotIndex index(std::vector<uint32_t>{0, 63, 64, 200}, 8);
  EXPECT_EQ(index.Find(0), 0);
  EXPECT_EQ(index.Find(63), 1);
  EXPECT_EQ(index.Find(64), 2);
  EXPECT_EQ(index.Find(200), 3);
  EXPECT_EQ(index.Find(65), -1);
  EXPECT_EQ(index.Find(255), -1);
}

// Scalar products of all pairs of rows.
std::vector<std::vector<double>> Products(const std::vector<std::string>& texts, const NgramOptions& options) {
  CountedTexts counted;
  NgramCounter counter(options);
  for (const std::string& text : texts) counter.Add(NormalizeText(text, {}), &counted);
  std::vector<uint32_t> rows(texts.size());
  std::iota(rows.begin(), rows.end(), 0U);
  const Vocabulary vocabulary = FitVocabulary(counted, rows, {}, options.slot_bits, {});
  const SlotIndex index(vocabulary.slots, options.slot_bits);
  std::vector<std::vector<double>> values(texts.size(), std::vector<double>(vocabulary.slots.size()));
  for (size_t i = 0; i < texts.size(); ++i) {
    double squares = 0;
    for (const SlotCount& each : counted.text(i)) {
      const auto place = static_cast<size_t>(index.Find(each.slot));
      values[i][place] = SublinearCount(each.count) * vocabulary.idf[place];
      squares += values[i][place] * values[i][place];
    }
    for (double& value : values[i]) value /= std::sqrt(squares);
  }
  std::vector<std::vector<double>> products;
  for (const auto& a : values) {
    products.emplace_back();
    for (const auto& b : values) products.back().push_back(std::inner_product(a.begin(), a.end(), b.begin(), 0.0));
  }
  return products;
}

TEST(Tfidf, GivesTheScalarProductsOfScikitLearn) {
  std::ifstream file(TEMPER_SOURCE_DIR "/tests/golden/classifier_golden.json");
  const auto golden = nlohmann::json::parse(file);
  const std::vector<std::string> texts = golden["texts"];
  for (const auto& [key, options] : {std::pair<const char*, NgramOptions>{"word_products", {NgramUnit::kWord, 1, 2, 20, 0}},
                                     {"character_products", {NgramUnit::kCharacter, 2, 5, 20, 0}}}) {
    const auto products = Products(texts, options);
    for (size_t i = 0; i < texts.size(); ++i)  // idf are single precision
      for (size_t k = 0; k < texts.size(); ++k) EXPECT_NEAR(products[i][k], golden[key][i][k].get<double>(), 1e-6) << key << i << "," << k;
  }
}

TEST(PhraseCounter, CountsOverlappingPhrasesAndThoseAtTheStart) {
  const PhraseCounter counter({{"he", "she", "hers"}, {"she is"}});
  const auto counts = counter.Count(" she is hers", 5);
  EXPECT_EQ(counts.all[0], 4U);  // she and its he, hers and its he
  EXPECT_EQ(counts.head[0], 2U);
  EXPECT_EQ(counts.all[1], 1U);
}

TEST(DenseValues, SayWhatTheirNamesSay) {
  const std::string prompt = "How do I bake bread?", answer = "I'm sorry, I cannot.\n1. Bake bread\n- bake bread\n- bake bread now!";
  const std::string normal_prompt = NormalizeText(prompt, {}), normal_answer = NormalizeText(answer, {});
  const auto values = DenseValues({prompt, answer, normal_prompt, normal_answer});
  ASSERT_EQ(values.size(), DenseFeatures().size());
  const auto of = [&](const std::string& name) {
    for (size_t i = 0; i < values.size(); ++i)
      if (DenseFeatures()[i].name == name) return values[i];
    ADD_FAILURE() << name;
    return 0.0;
  };
  // i'm sorry i cannot 1 bake bread bake bread bake bread now: 12 words, 8 different; content words of the prompt: bake, bread.
  EXPECT_DOUBLE_EQ(of("answer_words"), std::log1p(12));
  EXPECT_DOUBLE_EQ(of("distinct_words"), 8.0 / 13);
  EXPECT_DOUBLE_EQ(of("prompt_covered"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(of("refusals"), std::log1p(2));  // i'm sorry, i cannot
  EXPECT_DOUBLE_EQ(of("list_items"), std::log1p(3));
  EXPECT_DOUBLE_EQ(of("says_i"), std::log1p(2));
  EXPECT_DOUBLE_EQ(of("negation_rate"), 10.0 / 13);
  EXPECT_DOUBLE_EQ(of("finished"), 1);
  EXPECT_DOUBLE_EQ(of("digits"), std::log1p(1));
}

TEST(ApplyTrick, ChangesTheAnswerAndKeepsItWhole) {
  EXPECT_EQ(ApplyTrick(Trick::kSpacedLetters, "one two three \xC3\xA9t\xC3\xA9", TrickWords::kToTrain, 0),
            "one two t h r e e \xC3\xA9t\xC3\xA9");
  for (const auto& [trick, name] : EnumNames<Trick>::kTable) {
    const std::string changed = ApplyTrick(trick, "Boil the water twice.", TrickWords::kToTest, 1);
    EXPECT_NE(changed, "Boil the water twice.") << name;
    EXPECT_THAT(NormalizeText(changed, {}), testing::HasSubstr("boil the water")) << name;
    if (trick == Trick::kSpacedLetters) continue;  // which has no sentences
    EXPECT_NE(changed, ApplyTrick(trick, "Boil the water twice.", TrickWords::kToTrain, 1)) << name;
  }
}

}  // namespace
}  // namespace temper
