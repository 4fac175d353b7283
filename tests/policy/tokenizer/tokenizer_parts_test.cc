// Parts of the tokenizer, each by itself.
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/text/unicode_regex.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/byte_pair_merges.h"
#include "policy/tokenizer/normalizer.h"
#include "policy/tokenizer/pre_tokenizer.h"
#include "policy/tokenizer/split_behavior.h"
#include "policy/tokenizer/token_decoder.h"
#include "policy/tokenizer/word_cache.h"

namespace temper {
namespace {

using nlohmann::json;
using testing::ElementsAre;

TEST(BytePairMergesTest, TakesTheLowestRankAndOfEqualsTheLeftmost) {
  BytePairMerges merges;
  merges.Add(1, 2, 10);    // rank 0
  merges.Add(2, 2, 20);    // rank 1
  merges.Add(10, 20, 30);  // rank 2
  std::vector<int32_t> symbols = {1, 2, 2, 2, 2};
  merges.Apply(&symbols);  // 1 2 -> 10; 2 2 -> 20 leftmost; 10 20 -> 30; one 2 is left
  EXPECT_THAT(symbols, testing::ElementsAre(30, 2));
  symbols = {2, 2, 2};
  merges.Apply(&symbols);
  EXPECT_THAT(symbols, testing::ElementsAre(20, 2));
}

TEST(BytePairMergesTest, MergesAMillionSymbolsInTime) {
  BytePairMerges merges;
  for (int32_t i = 0; i < 20; ++i) merges.Add(i, i, i + 1);
  std::vector<int32_t> symbols(size_t{1} << 20, 0);
  merges.Apply(&symbols);
  EXPECT_THAT(symbols, testing::ElementsAre(20));
}

TEST(Utf8Test, FindsTheFirstIllFormedByte) {
  EXPECT_EQ(InvalidUtf8At("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(InvalidUtf8At("a\xC0\x80"), 1u);         // overlong
  EXPECT_EQ(InvalidUtf8At("\xE0\x80\x80"), 0u);      // overlong
  EXPECT_EQ(InvalidUtf8At("ab\xED\xA0\x80"), 2u);    // surrogate
  EXPECT_EQ(InvalidUtf8At("\xF4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(InvalidUtf8At("abc\xE2\x82"), 3u);       // cut short
  EXPECT_EQ(RepairUtf8("\xE2\x82x\xFF"), "\xEF\xBF\xBDx\xEF\xBF\xBD");
}

TEST(StrictJsonTest, SaysWhy) {
  std::string error;
  EXPECT_TRUE(ParseStrictJson(R"({"a":{"b":[1]},"c":{"b":2}})", 4, &error));
  EXPECT_FALSE(ParseStrictJson(R"({"a":1,"a":2})", 4, &error));
  EXPECT_THAT(error, testing::HasSubstr("duplicate key a"));
  EXPECT_FALSE(ParseStrictJson("[[[[[1]]]]]", 4, &error));
  EXPECT_THAT(error, testing::HasSubstr("nested"));
  EXPECT_FALSE(ParseStrictJson("\"\\ud800\"", 4, &error));
  EXPECT_FALSE(ParseStrictJson("[1e999]", 4, &error));
  EXPECT_FALSE(ParseStrictJson("\"\xFF\"", 4, &error));
}

TEST(Utf8Test, FindsWhatMayStillBecomeACharacter) {
  EXPECT_EQ(IncompleteUtf8Tail("ab"), 0u);
  EXPECT_EQ(IncompleteUtf8Tail("a\xC3"), 1u);
  EXPECT_EQ(IncompleteUtf8Tail("a\xC3\xA9"), 0u);
  EXPECT_EQ(IncompleteUtf8Tail("\xF0\x9F\x98"), 3u);
  EXPECT_EQ(IncompleteUtf8Tail("\xE0\x80"), 0u);  // overlong: ill-formed whatever follows
  EXPECT_EQ(IncompleteUtf8Tail("\x80\x80"), 0u);
  EXPECT_TRUE(IsAscii("eight by eight, and three"));
  EXPECT_FALSE(IsAscii("eight by eight, and \xC3\xA9"));
}

TEST(ByteLevelTest, SpellsEveryByteAndBack) {
  EXPECT_EQ(ByteSymbol(' '), "\xC4\xA0");
  EXPECT_EQ(ByteSymbol('\n'), "\xC4\x8A");
  EXPECT_EQ(ByteSymbol('a'), "a");
  std::string bytes, spelled, back;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  AppendByteSymbols(bytes, &spelled);
  EXPECT_EQ(InvalidUtf8At(spelled), std::nullopt);
  AppendSpelledBytes(spelled, &back);
  EXPECT_EQ(back, bytes);
  AppendSpelledBytes("\xE2\x96\x81", &back);  // no byte's symbol
  EXPECT_EQ(back, bytes + "\xE2\x96\x81");
}

std::vector<std::string> SplitAtDashes(SplitBehavior behavior, bool invert) {
  const std::string text = "the-final--countdown";
  std::vector<std::string> parts;
  for (const auto& [begin, end] : SplitAt(UnicodeRegex::Literal("-").FindAll(text), text.size(), behavior, invert)) {
    parts.push_back(text.substr(begin, end - begin));
  }
  return parts;
}

TEST(SplitBehaviorTest, TreatsMatchesAsNamed) {
  EXPECT_THAT(SplitAtDashes(SplitBehavior::kRemoved, false), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(SplitAtDashes(SplitBehavior::kIsolated, false), ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(SplitAtDashes(SplitBehavior::kMergedWithPrevious, false), ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(SplitAtDashes(SplitBehavior::kMergedWithNext, false), ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(SplitAtDashes(SplitBehavior::kContiguous, false), ElementsAre("the", "-", "final", "--", "countdown"));
  EXPECT_THAT(SplitAtDashes(SplitBehavior::kRemoved, true), ElementsAre("-", "-", "-"));
  EXPECT_THROW(SplitBehaviorNamed("isolated"), ConfigError);
}

TEST(WordCacheTest, KnowsWhatWasPutInUntilItIsFull) {
  WordCache cache;
  std::vector<int32_t> ids;
  EXPECT_FALSE(cache.Append("word", &ids));
  cache.Insert("word", std::vector<int32_t>{1, 2});
  cache.Insert("", {});
  EXPECT_TRUE(cache.Append("word", &ids));
  EXPECT_TRUE(cache.Append("word", &ids));
  EXPECT_FALSE(cache.Append("words", &ids));
  EXPECT_THAT(ids, ElementsAre(1, 2, 1, 2));
  const std::string longest(256, 'x'), too_long(257, 'x');
  cache.Insert(longest, std::vector<int32_t>(256, 7));
  cache.Insert(too_long, std::vector<int32_t>{3});
  ids.clear();
  EXPECT_TRUE(cache.Append(longest, &ids));
  EXPECT_FALSE(cache.Append(too_long, &ids));
  EXPECT_EQ(ids.size(), 256u);
  for (int32_t i = 0; i < 100000; ++i) {
    const std::string word = std::to_string(i);
    cache.Insert(word, std::vector<int32_t>{i});
    ids.clear();
    ASSERT_TRUE(cache.Append(word, &ids));
    ASSERT_THAT(ids, ElementsAre(i));
  }
}

std::string Normalized(const json& component, const std::string& text) { return Normalizer(component).Apply(text).text; }

TEST(NormalizerTest, AppliesItsStepsInOrder) {
  EXPECT_EQ(Normalized(nullptr, "a\xCC\x81"), "a\xCC\x81");
  EXPECT_EQ(Normalized({{"type", "NFC"}}, "a\xCC\x81"), "\xC3\xA1");
  EXPECT_EQ(Normalized({{"type", "NFKC"}}, "\xEF\xAC\x81"), "fi");
  EXPECT_EQ(Normalized({{"type", "Lowercase"}}, "\xC4\xB0\xCE\xA3"), "i\xCC\x87\xCF\x83");
  EXPECT_EQ(Normalized({{"type", "Prepend"}, {"prepend", "_"}}, ""), "");
  const json strip = {{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}};
  EXPECT_EQ(Normalized(strip, "\xE3\x80\x80 \n"), "");
  const json digits = {{"type", "Replace"}, {"pattern", {{"Regex", "[0-9]+"}}}, {"content", "#"}};
  const json prepend = {{"type", "Prepend"}, {"prepend", ">"}};
  EXPECT_EQ(Normalized({{"type", "Sequence"}, {"normalizers", {strip, digits, prepend}}}, " 12 and 7 "),
            ">#"
            " and #");
}

// Word starts of a Metaspace depend on whether the text's first character is still there.
TEST(NormalizerTest, RemembersWhetherTheStartIsKept) {
  const Normalizer strip({{"type", "Strip"}, {"strip_left", true}, {"strip_right", false}});
  EXPECT_TRUE(strip.Apply("a ").keeps_start);
  EXPECT_FALSE(strip.Apply(" a").keeps_start);
  EXPECT_FALSE(Normalizer({{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", ""}}).Apply("ab").keeps_start);
}

std::vector<std::string> Words(const json& component, const std::string& text) {
  std::deque<std::string> storage;
  std::vector<std::string> words;
  for (const PreToken& word : PreTokenizer(component).Split({text, true}, &storage)) words.emplace_back(word.text);
  return words;
}

TEST(PreTokenizerTest, SplitsAsItsStepsSay) {
  const json metaspace = {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "first"}};
  EXPECT_THAT(Words(metaspace, "a  b c "), ElementsAre("_a", "_", "_b", "_c", "_"));
  EXPECT_THAT(Words({{"type", "Sequence"}, {"pretokenizers", {{{"type", "WhitespaceSplit"}}, metaspace}}}, "a b"), ElementsAre("_a", "b"));
  EXPECT_THAT(Words({{"type", "Digits"}, {"individual_digits", false}}, "a12b"), ElementsAre("a", "12", "b"));
  EXPECT_THAT(Words({{"type", "Digits"}, {"individual_digits", true}}, "a12b"), ElementsAre("a", "1", "2", "b"));
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", true}};
  EXPECT_THAT(Words(bytes, "it's 2 \xC3\xA9"), ElementsAre(" it", "'s", " 2", " \xC3\xA9"));
  // In front of another step the bytes are spelled, and that step sees the spelling.
  const json split = {{"type", "Split"}, {"pattern", {{"String", "\xC4\xA0"}}}, {"behavior", "Removed"}, {"invert", false}};
  EXPECT_THAT(Words({{"type", "Sequence"}, {"pretokenizers", {bytes, split}}}, "a \xC3\xA9"), ElementsAre("a", "\xC3\x83\xC2\xA9"));
}

std::string Decoded(const json& component, const std::vector<std::string>& tokens, const std::string& mark = "") {
  const TokenDecoder decoder(component);
  std::string text;
  const auto stage = decoder.Start(&text);
  for (const std::string& token : tokens) {
    stage->Put(token);
    text += mark;
  }
  stage->Finish();
  return text;
}

json DecoderSequence(std::vector<json> parts) { return {{"type", "Sequence"}, {"decoders", parts}}; }

TEST(TokenDecoderTest, HoldsBackOnlyWhatMayChange) {
  const json fuse = {{"type", "Fuse"}};
  const json strip = {{"type", "Strip"}, {"content", "_"}, {"start", 2}, {"stop", 1}};
  EXPECT_EQ(Decoded(strip, {"___a__", "_", "b"}, "|"), "_a_||b|");  // each token by itself
  EXPECT_EQ(Decoded(DecoderSequence({fuse, strip}), {"_", "__a", "__", "_", "b_"}, "|"), "|_a|_|_|_b|");
  const json replace = {{"type", "Replace"}, {"pattern", {{"String", "aab"}}}, {"content", "!"}};
  EXPECT_EQ(Decoded(DecoderSequence({fuse, replace}), {"a", "a", "a", "b", "aa"}, "|"), "||a|!||aa");
  const json spaces = {{"type", "Replace"}, {"pattern", {{"Regex", " +"}}}, {"content", " "}};
  EXPECT_EQ(Decoded(DecoderSequence({fuse, spaces}), {"a ", " b"}, "|"), "||a b");  // an expression sees the whole
  EXPECT_EQ(Decoded(nullptr, {"a", "b"}, "|"), "a| b|");
}

}  // namespace
}  // namespace temper
