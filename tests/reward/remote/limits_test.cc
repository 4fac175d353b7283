// What keeps a client from asking too much, at times that the test tells.
#include "reward/remote/limits.h"

#include <gtest/gtest.h>

namespace temper {
namespace {

TEST(TokenBucket, BeginsFullAndFillsWithTime) {
  TokenBucket bucket(2, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(100));
  EXPECT_FALSE(bucket.Take(100));
  EXPECT_DOUBLE_EQ(bucket.Wait(100), 0.5);  // one token at two a second
  EXPECT_DOUBLE_EQ(bucket.Wait(100.25), 0.25);
  EXPECT_TRUE(bucket.Take(100.5));
  EXPECT_FALSE(bucket.Take(100.75));
  // However long nobody takes any, no more than three lie in it.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(1000));
  EXPECT_FALSE(bucket.Take(1000));
}

TEST(TokenBucket, OfNoRateAlwaysHasSome) {
  TokenBucket bucket(0, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.Take(1));
  EXPECT_EQ(bucket.Wait(1), 0);
}

TEST(AimdWindow, GrowsByOneAWindowAndIsHalvedOnceAQuietTime) {
  AimdWindow window(8, 1);
  EXPECT_EQ(window.size(), 2);
  for (int i = 0; i < 2; ++i) window.OnSuccess();
  EXPECT_EQ(window.size(), 3);
  for (int i = 0; i < 3 + 4 + 5 + 6 + 7; ++i) window.OnSuccess();
  EXPECT_EQ(window.size(), 8);
  window.OnSuccess();
  EXPECT_EQ(window.size(), 8);
  window.OnOverload(10);
  EXPECT_EQ(window.size(), 4);
  window.OnOverload(10.9);  // of what was sent before
  EXPECT_EQ(window.size(), 4);
  window.OnOverload(11);
  EXPECT_EQ(window.size(), 2);
  window.OnOverload(12);
  window.OnOverload(13);
  EXPECT_EQ(window.size(), 1);
}

TEST(AimdWindow, OfOneStaysAtOne) {
  AimdWindow window(1);
  for (int i = 0; i < 10; ++i) window.OnSuccess();
  EXPECT_EQ(window.size(), 1);
}

TEST(CircuitBreaker, RestsAfterFailuresInARowAndLetsOneTry) {
  CircuitBreaker breaker(3, 5);
  breaker.OnFailure(1);
  breaker.OnFailure(2);
  breaker.OnSuccess();
  breaker.OnFailure(3);
  breaker.OnFailure(4);
  EXPECT_TRUE(breaker.Allows(4));
  breaker.OnFailure(5);
  EXPECT_FALSE(breaker.Allows(9.9));
  EXPECT_EQ(breaker.opens_at(), 10);
  ASSERT_TRUE(breaker.Allows(10));
  breaker.OnStart();
  EXPECT_FALSE(breaker.Allows(11)) << "a second one while the first tries";
  breaker.OnFailure(12);
  EXPECT_FALSE(breaker.Allows(16.9));
  ASSERT_TRUE(breaker.Allows(17));
  breaker.OnStart();
  breaker.OnSuccess();
  EXPECT_TRUE(breaker.Allows(17));
  EXPECT_FALSE(breaker.open());
}

TEST(Budget, HoldsOverAnyWindowOfItsLength) {
  Budget budget(2, 60);
  EXPECT_TRUE(budget.Take(0));
  EXPECT_TRUE(budget.Take(30));
  EXPECT_FALSE(budget.Take(59));
  EXPECT_TRUE(budget.Take(60));
  EXPECT_FALSE(budget.Take(89));
  EXPECT_TRUE(budget.Take(90));
  Budget none(0, 60);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(none.Take(0));
}

TEST(Backoff, DoublesUpToTheLongestAndIsAtLeastHalf) {
  EXPECT_DOUBLE_EQ(BackoffSeconds(1, 0.25, 8, 0), 0.125);
  EXPECT_DOUBLE_EQ(BackoffSeconds(1, 0.25, 8, 1), 0.25);
  EXPECT_DOUBLE_EQ(BackoffSeconds(4, 0.25, 8, 1), 2);
  EXPECT_DOUBLE_EQ(BackoffSeconds(6, 0.25, 8, 0.5), 6);
  EXPECT_DOUBLE_EQ(BackoffSeconds(1000, 0.25, 8, 1), 8);
  EXPECT_DOUBLE_EQ(BackoffSeconds(3, 0, 8, 1), 0);
}

}  // namespace
}  // namespace temper
