// Metrics of text_similarity against the packages whose formulas they are, and against numbers computed by hand.
#include "reward/openai/similarity.h"

#include <array>
#include <cmath>
#include <string>

#include <gmock/gmock.h>

#include "reward/openai/fuzzy.h"

namespace temper {
namespace {

struct Golden {
  const char* input;
  const char* reference;
  std::array<double, 10> values;
};
constexpr Golden kGolden[] = {
#include "tests/reward/openai/similarity_golden.inc"
};

constexpr double kPrinted = 1e-9;  // the values are printed with twelve digits

TEST(Similarity, IsThatOfRapidfuzzNltkAndRougeScore) {
  for (const auto& [input, reference, values] : kGolden) {
    const std::string pair = std::string(input) + " | " + reference;
    EXPECT_NEAR(FuzzyRatio(input, reference), values[0], kPrinted) << pair;
    EXPECT_NEAR(FuzzyWRatio(input, reference).value(), values[1], kPrinted) << pair;
    EXPECT_NEAR(Bleu(input, reference), values[2], kPrinted) << pair;
    EXPECT_NEAR(Gleu(input, reference), values[3], kPrinted) << pair;
    for (int n = 1; n <= 5; ++n)
      EXPECT_NEAR(RougeN(input, reference, n), values[static_cast<size_t>(3 + n)], kPrinted) << n << ": " << pair;
    EXPECT_NEAR(RougeL(input, reference), values[9], kPrinted) << pair;
  }
}

TEST(Similarity, OfOneSentenceByHand) {
  // 5 of 6 words shared on both sides: F = 5/6. Pairs: "the cat", "on the", "the mat" of 5: F = 3/5.
  EXPECT_DOUBLE_EQ(RougeN("the cat sat on the mat", "the cat is on the mat", 1), 5.0 / 6);
  EXPECT_DOUBLE_EQ(RougeN("the cat sat on the mat", "the cat is on the mat", 2), 3.0 / 5);
  EXPECT_DOUBLE_EQ(RougeL("the cat sat on the mat", "the cat is on the mat"), 5.0 / 6);
  // Shared 5 + 3 + 1 + 0 of 6 + 5 + 4 + 3 n-grams.
  EXPECT_DOUBLE_EQ(Gleu("the cat sat on the mat", "the cat is on the mat"), 9.0 / 18);
  // Precisions 5/6, 3/5, 1/4 and, of none in 3, 1 / (2 * 3).
  EXPECT_NEAR(Bleu("the cat sat on the mat", "the cat is on the mat"), std::pow(5.0 / 6 * 3 / 5 * 1 / 4 * 1 / 6, 0.25), 1e-12);
  // "kitten" and "sitting" have "ittn" in common: 2 * 4 / 13.
  EXPECT_DOUBLE_EQ(FuzzyRatio("kitten", "sitting"), 8.0 / 13);
}

TEST(Similarity, OfTextsThatAreFarTooLongForAnAlignmentIsRefused) {
  const std::string some(20000, 'a'), more(60000, 'b');
  EXPECT_FALSE(FuzzyWRatio(some, more));
  EXPECT_TRUE(FuzzyWRatio(some, some));  // as long as the other: no alignment is sought
}

}  // namespace
}  // namespace temper
