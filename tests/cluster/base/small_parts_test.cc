#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/json_fields.h"
#include "cluster/base/mean.h"

namespace temper {
namespace {

TEST(Mean, IsTheSumOverTheCount) {
  EXPECT_EQ(Mean(std::vector<double>{1, 2, 6}), 3);
  EXPECT_EQ(Mean(std::vector<double>{}), 0);
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
