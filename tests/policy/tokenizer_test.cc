// Tokenizers read from tokenizer.json. The expected ids and texts are the `tokenizers` library's (tests/golden/tokenizer_golden.py).
#include "policy/tokenizer.h"

#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/error.h"
#include "cluster/keyed_random.h"
#include "policy/byte_pair_merges.h"
#include "policy/strict_json.h"
#include "policy/utf8.h"

namespace temper {
namespace {

using nlohmann::json;

json ReadGolden(const std::string& name) {
  const std::string path = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/tokenizer/" + name + ".json";
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  return json::parse(in);
}

class GoldenTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTokenizer, EncodesAndDecodesAsTheLibraryDoes) {
  const json golden = ReadGolden(GetParam());
  const auto tokenizer = ParseTokenizer(golden["tokenizer"].dump());
  int texts = 0;
  for (const json& row : golden["cases"]) {
    const auto ids = row["ids"].get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer->Decode(ids), row["decoded"].get<std::string>()) << row["ids"];
    if (!row.contains("text")) continue;
    EXPECT_EQ(tokenizer->Encode(row["text"].get<std::string>()), ids) << row["text"];
    ++texts;
  }
  EXPECT_GT(texts, 50);
  for (const auto& [token, id] : golden["tokenizer"]["model"]["vocab"].items()) EXPECT_EQ(tokenizer->IdOf(token), id.get<int32_t>());
  EXPECT_EQ(tokenizer->IdOf("no such token"), -1);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTokenizer,
                         testing::Values("gpt2", "prefix_space", "no_regex", "llama3", "qwen2", "o200k", "small_alphabet",
                                         "small_alphabet_unk", "word_level", "word_level_punctuation"),
                         [](const auto& test) { return std::string(test.param); });

TEST(WordLevelTokenizerJsonTest, NumbersTheWordsAfterTheSpecials) {
  const auto tokenizer = ParseTokenizer(WordLevelTokenizerJson({"fire", "ward", "."}));
  EXPECT_EQ(tokenizer->vocab_size(), 7);
  EXPECT_EQ(tokenizer->IdOf("<pad>"), 0);
  EXPECT_EQ(tokenizer->IdOf("."), 6);
  EXPECT_THAT(tokenizer->Encode("ward  fire\n. sea<eos>"), testing::ElementsAre(5, 4, 6, 3, 2));
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{1, 5, 4, 6, 3, 2, 0, 99, -1}), "ward fire .");
}

TEST(WordLevelTokenizerJsonTest, RefusesAWordThatComesTwice) { EXPECT_THROW(WordLevelTokenizerJson({"fire", "fire"}), Error); }

TEST(ByteLevelTokenizerJsonTest, GivesEveryByteItsOwnToken) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  EXPECT_EQ(tokenizer->vocab_size(), 260);
  const std::string text = std::string("a b\n\0\xC3\xA9", 7);
  EXPECT_THAT(tokenizer->Encode(text), testing::ElementsAre(4 + 'a', 4 + ' ', 4 + 'b', 4 + '\n', 4, 4 + 0xC3, 4 + 0xA9));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
  EXPECT_THAT(tokenizer->Encode("<bos>x<eos>"), testing::ElementsAre(1, 4 + 'x', 2));
  // Half a character and a stray continuation byte become U+FFFD each.
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{4 + 0xC3, 4 + 'x', 4 + 0x80}), "\xEF\xBF\xBDx\xEF\xBF\xBD");
}

TEST(TokenizerTest, RefusesTextThatIsNotUtf8) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  EXPECT_THROW(tokenizer->Encode("ab\xFF"), ConfigError);
  EXPECT_THROW(ParseTokenizer(WordLevelTokenizerJson({"a"}))->Encode("\xED\xA0\x80"), ConfigError);
}

// What the error says when `change` is applied to a byte-level file.
std::string ErrorAfter(const std::function<void(json&)>& change, const std::string& base = "gpt2") {
  json file = ReadGolden(base)["tokenizer"];
  change(file);
  try {
    ParseTokenizer(file.dump());
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TokenizerTest, NamesTheComponentItDoesNotSupport) {
  using testing::HasSubstr;
  const auto set = [](const char* pointer, json value) { return [=](json& file) { file[json::json_pointer(pointer)] = value; }; };
  const json nfc = {{"type", "NFC"}};
  EXPECT_THAT(ErrorAfter(set("/normalizer", nfc)), HasSubstr("normalizer NFC"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/type", "Metaspace")), HasSubstr("Metaspace"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer", nullptr)), HasSubstr("pre_tokenizer null"));
  EXPECT_THAT(ErrorAfter(set("/decoder", nullptr)), HasSubstr("decoder null"));
  EXPECT_THAT(ErrorAfter(set("/decoder/type", "WordPiece")), HasSubstr("WordPiece"));
  EXPECT_THAT(ErrorAfter(set("/post_processor", {{"type", "BertProcessing"}})), HasSubstr("BertProcessing"));
  EXPECT_THAT(ErrorAfter(set("/model/type", "Unigram")), HasSubstr("Unigram"));
  EXPECT_THAT(ErrorAfter(set("/model/dropout", 0.1)), HasSubstr("dropout"));
  EXPECT_THAT(ErrorAfter(set("/model/byte_fallback", true)), HasSubstr("byte_fallback"));
  EXPECT_THAT(ErrorAfter(set("/model/end_of_word_suffix", "</w>")), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(ErrorAfter(set("/truncation", {{"max_length", 4}})), HasSubstr("truncation"));
  EXPECT_THAT(ErrorAfter(set("/padding", json::object())), HasSubstr("padding"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "(a+)+$"), "llama3"), HasSubstr("(a+)+$"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/pretokenizers/0/behavior", "MergedWithNext"), "llama3"), HasSubstr("MergedWithNext"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/type", "Digits"), "word_level"), HasSubstr("Digits"));
  EXPECT_THAT(ErrorAfter(set("/decoder", {{"type", "Fuse"}}), "word_level"), HasSubstr("Fuse"));
  EXPECT_THAT(ErrorAfter(set("/model/unk_token", "<none>"), "word_level"), HasSubstr("<none>"));
}

TEST(TokenizerTest, ChecksIdsAndMergesBeforeUsingThem) {
  using testing::HasSubstr;
  const auto vocab = [](const char* token, json id) { return [=](json& file) { file["model"]["vocab"][token] = id; }; };
  EXPECT_THAT(ErrorAfter(vocab("!", -1)), HasSubstr("model.vocab: token ! has id -1"));
  EXPECT_THAT(ErrorAfter(vocab("!", 1)), HasSubstr("each once"));
  EXPECT_THAT(ErrorAfter(vocab("!", 1.0)), HasSubstr("has id 1.0"));
  EXPECT_THAT(ErrorAfter(vocab("brand new", 4000000000u)), HasSubstr("brand new"));
  const auto merge = [](json value) { return [=](json& file) { file["model"]["merges"].push_back(value); }; };
  EXPECT_THAT(ErrorAfter(merge("a")), HasSubstr("not a pair"));
  EXPECT_THAT(ErrorAfter(merge("a ")), HasSubstr("not a pair"));
  EXPECT_THAT(ErrorAfter(merge(json::array({"a", "b", "c"}))), HasSubstr("not a pair"));
  EXPECT_THAT(ErrorAfter(merge(7)), HasSubstr("not a pair"));
  EXPECT_THAT(ErrorAfter(merge("a unheard-of")), HasSubstr("unheard-of is not in model.vocab"));
  EXPECT_THAT(ErrorAfter(merge("q z")), HasSubstr("qz is not in model.vocab"));
  EXPECT_EQ(ErrorAfter([](json& file) {  // the older spelling of a merge
              for (json& pair : file["model"]["merges"]) pair = pair[0].get<std::string>() + " " + pair[1].get<std::string>();
            }),
            "accepted");
  EXPECT_THAT(ErrorAfter([](json& file) { file["added_tokens"][0]["id"] = 100000; }), HasSubstr("expected"));
  EXPECT_THAT(ErrorAfter([](json& file) { file["added_tokens"][0]["content"] = ""; }), HasSubstr("empty"));
  EXPECT_THAT(ErrorAfter([](json& file) { file["added_tokens"][0].erase("special"); }), HasSubstr("special"));
  EXPECT_THAT(ErrorAfter([](json& file) { file["model"].erase("merges"); }), HasSubstr("merges"));
  EXPECT_THAT(ErrorAfter([](json& file) { file = json::array(); }), HasSubstr("not a JSON object"));
}

TEST(TokenizerTest, RefusesDuplicateKeysAndDeepNesting) {
  EXPECT_THROW(ParseTokenizer(R"({"model":{"type":"WordLevel","unk_token":"a","vocab":{"a":0,"a":1}}})"), ConfigError);
  EXPECT_THROW(ParseTokenizer(std::string(100000, '[')), ConfigError);
  EXPECT_THROW(ParseTokenizer(""), ConfigError);
  EXPECT_THROW(LoadTokenizer("/no/such/folder"), ConfigError);
}

// Random damage: every outcome is a tokenizer or a ConfigError, and a tokenizer encodes without a crash.
TEST(TokenizerTest, SurvivesDamagedFiles) {
  const std::string whole = ReadGolden("llama3")["tokenizer"].dump();
  int accepted = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    KeyedStream stream(1, "damage", i);
    std::string text = whole;
    for (uint64_t n = 1 + stream.Below(3); n > 0; --n) {
      const size_t at = stream.Below(text.size());
      const uint64_t kind = stream.Below(4);
      if (kind == 0) text[at] = static_cast<char>(stream.Below(256));
      if (kind == 1) text.erase(at, 1 + stream.Below(20));
      if (kind == 2) text.insert(at, text.substr(stream.Below(text.size()), 1 + stream.Below(20)));
      if (kind == 3) text[at] = static_cast<char>('0' + stream.Below(10));
    }
    try {
      const auto tokenizer = ParseTokenizer(text);
      const auto ids = tokenizer->Encode("the clerk's 12 drams <eos> \xC3\xA9");
      for (const int32_t id : ids) EXPECT_LT(id, tokenizer->vocab_size());
      tokenizer->Decode(ids);
      ++accepted;
    } catch (const ConfigError&) {
    }
  }
  EXPECT_LT(accepted, 400);
}

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
  EXPECT_EQ(ReplaceInvalidUtf8("\xE2\x82x\xFF"), "\xEF\xBF\xBDx\xEF\xBF\xBD");
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

}  // namespace
}  // namespace temper
