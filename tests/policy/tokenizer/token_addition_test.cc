#include "policy/tokenizer/token_addition.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ProblemOf(const std::string& tokenizer_json, const std::vector<std::string>& tokens) {
  try {
    WithSpecialTokens(tokenizer_json, tokens);
    return "none";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

// Words 4 to 6 behind the four specials: the first new token has the id 7, as the tokenizers library counts.
TEST(TokenAddition, NumbersNewTokensBehindAllOthersAndLeavesThemOutOfText) {
  const auto tokenizer = ParseTokenizer(WithSpecialTokens(WordLevelTokenizerJson({"fire", "ward", "."}), {"[direct]", "[redirect]"}));
  EXPECT_EQ(tokenizer->vocab_size(), 9);
  EXPECT_EQ(tokenizer->IdOf("[direct]"), 7);
  EXPECT_EQ(tokenizer->IdOf("[redirect]"), 8);
  EXPECT_THAT(tokenizer->Encode("[redirect]ward fire"), ElementsAre(8, 5, 4));
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{7, 5, 4}), "ward fire");
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{7, 5}, /*skip_specials=*/false), "[direct] ward");
}

TEST(TokenAddition, LeavesTokensThatAreThereAsTheyAre) {
  const std::string once = WithSpecialTokens(ByteLevelTokenizerJson(), {"[direct]", "[redirect]"});
  EXPECT_EQ(WithSpecialTokens(once, {"[direct]", "[redirect]"}), once);
  EXPECT_EQ(WithSpecialTokens(once, {"<eos>"}), once) << "a special token of the vocabulary";
  const auto more = ParseTokenizer(WithSpecialTokens(once, {"[redirect]", "[other]"}));
  EXPECT_EQ(more->IdOf("[redirect]"), 261);
  EXPECT_EQ(more->IdOf("[other]"), 262);
  EXPECT_EQ(WithSpecialTokens(once, {}), once);
}

TEST(TokenAddition, RefusesTokensThatATextWouldHoldByChance) {
  const std::string words = WordLevelTokenizerJson({"fire", "ward"});
  EXPECT_THAT(ProblemOf(words, {"fire"}), HasSubstr("fire is an ordinary token"));
  EXPECT_THAT(ProblemOf(words, {"[a]", "[a]"}), HasSubstr("given twice"));
  EXPECT_THAT(ProblemOf(words, {""}), HasSubstr("a text in UTF-8"));
  auto file = nlohmann::json::parse(WithSpecialTokens(words, {"[a]"}));
  file["added_tokens"].back()["special"] = false;
  EXPECT_THAT(ProblemOf(file.dump(), {"[a]"}), HasSubstr("not special"));
  EXPECT_THAT(ProblemOf("{}", {"[a]"}), HasSubstr("model"));
}

}  // namespace
}  // namespace temper
