#include "cluster/base/keyed_random.h"

#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace temper {
namespace {

using testing::ElementsAre;

// Known answers of philox4x32-10 published with the Random123 library (its kat_vectors file).
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_THAT(Philox4x32({0, 0, 0, 0}, {0, 0}), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(UniformAt, IsAFunctionOfItsKeyAndOfEveryPartOfIt) {
  const SampleKey key{1, 2, 3, 4};
  const double value = UniformAt(key, 5);
  std::set<double> values{value};
  for (int i = 0; i < 1000; ++i) UniformAt({static_cast<uint64_t>(i), 0, 0, 0}, 0);  // whatever is drawn in between
  EXPECT_EQ(UniformAt(key, 5), value);
  values.insert(UniformAt({9, 2, 3, 4}, 5));
  values.insert(UniformAt({1, 9, 3, 4}, 5));
  values.insert(UniformAt({1, 2, 9, 4}, 5));
  values.insert(UniformAt({1, 2, 3, 9}, 5));
  values.insert(UniformAt(key, 9));
  values.insert(UniformAt({1, 2, 3 + (uint64_t{1} << 40), 4}, 5));
  EXPECT_EQ(values.size(), 7u);
}

// Chi-square over 64 bins with 64,000 draws: 63 degrees of freedom, mean 63, deviation sqrt(126) = 11.2; 120 is five deviations off.
TEST(UniformAt, IsUniformAlongEveryAxis) {
  for (int axis = 0; axis < 4; ++axis) {
    std::vector<int> bins(64);
    for (uint32_t i = 0; i < 64'000; ++i) {
      const SampleKey key{7, axis == 0 ? i : 1u, axis == 1 ? i : 2u, axis == 2 ? i : 3u};
      const double u = UniformAt(key, axis == 3 ? i : 4u);
      ASSERT_GE(u, 0.0);
      ASSERT_LT(u, 1.0);
      ++bins[static_cast<size_t>(u * 64)];
    }
    double chi_square = 0;
    for (const int count : bins) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
    EXPECT_LT(chi_square, 120) << "axis " << axis;
    EXPECT_GT(chi_square, 25) << "axis " << axis;  // too even would be as suspicious
  }
}

TEST(KeyedStream, SameKeySameStreamAndOtherKeysOtherStreams) {
  KeyedStream a(1, "shuffle", 2);
  KeyedStream b(1, "shuffle", 2);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.Next(), b.Next());
  const uint64_t first = KeyedStream(1, "shuffle", 2).Next();
  EXPECT_NE(KeyedStream(2, "shuffle", 2).Next(), first);
  EXPECT_NE(KeyedStream(1, "other", 2).Next(), first);
  EXPECT_NE(KeyedStream(1, "shuffle", 3).Next(), first);
}

TEST(KeyedStream, BelowIsUnbiased) {
  KeyedStream random(3, "below");
  std::vector<int> counts(6);
  for (int i = 0; i < 60'000; ++i) ++counts[random.Below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 5 * 91.3);  // deviation sqrt(60000 * 1/6 * 5/6)
  EXPECT_EQ(random.Below(1), 0u);
  // Above 2^63 about half of the draws must be thrown away to stay unbiased: the mean of the rest is the middle.
  const uint64_t limit = (uint64_t{1} << 63) + 1;
  double mean = 0;
  for (int i = 0; i < 10'000; ++i) mean += static_cast<double>(random.Below(limit)) / static_cast<double>(limit) / 10'000;
  EXPECT_NEAR(mean, 0.5, 5 * 0.2887 / 100);
}

TEST(KeyedStream, NormalHasMeanZeroAndVarianceOne) {
  KeyedStream random(4, "normal");
  double sum = 0;
  double squares = 0;
  const int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const double x = random.Normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(KeyedStream, ShuffleKeepsTheItems) {
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  auto shuffled = items;
  KeyedStream(5, "shuffle").Shuffle(shuffled);
  EXPECT_NE(shuffled, items);
  EXPECT_THAT(shuffled, testing::UnorderedElementsAreArray(items));
}

TEST(KeyOf, TellsNamesApart) {
  std::set<uint64_t> keys;
  for (int i = 0; i < 10'000; ++i) keys.insert(KeyOf("prompt " + std::to_string(i)));
  EXPECT_EQ(keys.size(), 10'000u);
}

}  // namespace
}  // namespace temper
