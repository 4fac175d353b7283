#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/json_fields.h"
#include "cluster/base/log_budget.h"
#include "cluster/base/mean.h"

namespace temper {
namespace {

TEST(Mean, IsTheSumOverTheCount) {
  EXPECT_EQ(Mean(std::vector<double>{1, 2, 6}), 3);
  EXPECT_EQ(Mean(std::vector<double>{}), 0);
}

TEST(LogBudget, WritesABurstAndThenSomeASecondAndCountsTheRest) {
  LogBudget budget(3, 0.5);
  int written = 0;
  for (int i = 0; i < 1237; ++i) written += budget.Take(100);
  EXPECT_EQ(written, 3);
  EXPECT_EQ(budget.TakeCounted(109.9), 0) << "not yet";
  EXPECT_EQ(budget.TakeCounted(110), 1234);
  EXPECT_EQ(budget.TakeCounted(200), 0) << "told";
  EXPECT_TRUE(budget.Take(102));  // one after two seconds; time that goes back gives none
  EXPECT_FALSE(budget.Take(101));
  written = 0;
  for (int i = 0; i < 100; ++i) written += budget.Take(1000);
  EXPECT_EQ(written, 3) << "rest does not add up beyond the burst";
}

TEST(MoreOfThese, GroupsDigits) {
  EXPECT_EQ(MoreOfThese(1), "... 1 more of these");
  EXPECT_EQ(MoreOfThese(1234), "... 1,234 more of these");
  EXPECT_EQ(MoreOfThese(123456789), "... 123,456,789 more of these");
}

TEST(JsonFields, WhatIsAbsentOrOfAnotherKindIsNoError) {
  const nlohmann::json object = {{"name", "a"}, {"step", 7}};
  EXPECT_EQ(TextField(object, "name"), "a");
  EXPECT_EQ(NumberField(object, "step"), 7);
  EXPECT_EQ(TextField(object, "step"), "");
  EXPECT_EQ(TextField(object, "none"), "");
  EXPECT_EQ(NumberField(object, "name"), std::nullopt);
  EXPECT_EQ(NumberField(nlohmann::json::array(), "step"), std::nullopt);
  EXPECT_EQ(TextField(nlohmann::json(), "name"), "");
}

TEST(ScopedTimer, AddsToItsTotal) {
  double total = 5;
  const Stopwatch watch;
  {
    const ScopedTimer timer(&total);
    while (watch.Seconds() < 0.002) {
    }
  }
  EXPECT_GE(total, 5.0015);
  EXPECT_LE(total, 5 + watch.Seconds());
}

}  // namespace
}  // namespace temper
