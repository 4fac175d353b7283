// Ids and texts of every fixture are the `tokenizers` library's (tests/golden/tokenizer_golden.py, tokenizer_families_golden.py).
#include <thread>

#include <gmock/gmock.h>

#include "cluster/base/keyed_random.h"
#include "cluster/base/utf8.h"
#include "tests/policy/tokenizer/tokenizer_fixture.h"

namespace temper {
namespace {

using nlohmann::json;

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

class GoldenTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTokenizer, EncodesAndDecodesAsTheLibraryDoes) {
  const json golden = ReadTokenizerGolden(GetParam());
  const auto tokenizer = ParseTokenizer(golden["tokenizer"].dump());
  int texts = 0;
  for (const json& row : golden["cases"]) {
    const auto ids = row["ids"].get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer->Decode(ids), row["decoded"].get<std::string>()) << row["ids"];
    EXPECT_EQ(tokenizer->Decode(ids, /*skip_specials=*/false), row["kept"].get<std::string>()) << row["ids"];
    if (!row.contains("text") && !row.contains("bytes")) continue;
    const std::string text = row.contains("text") ? row["text"].get<std::string>() : FromHex(row["bytes"]);
    EXPECT_EQ(tokenizer->Encode(text), ids) << row;
    if (row.contains("with_specials")) {
      EXPECT_EQ(tokenizer->Encode(text, /*add_specials=*/true), row["with_specials"].get<std::vector<int32_t>>()) << row;
    }
    ++texts;
  }
  EXPECT_GT(texts, 50);
  for (const auto& [token, id] : golden["tokenizer"]["model"]["vocab"].items()) EXPECT_EQ(tokenizer->IdOf(token), id.get<int32_t>());
  EXPECT_EQ(tokenizer->IdOf("no such token"), -1);
}

// What comes id by id is whole characters, never taken back, and all of the text.
TEST_P(GoldenTokenizer, StreamsWhatItDecodes) {
  const json golden = ReadTokenizerGolden(GetParam());
  const auto tokenizer = ParseTokenizer(golden["tokenizer"].dump());
  for (const json& row : golden["cases"]) {
    const auto ids = row["ids"].get<std::vector<int32_t>>();
    for (const bool skip : {true, false}) {
      StreamDecoder decoder(*tokenizer, skip);
      std::string text;
      for (const int32_t id : ids) {
        const std::string part = decoder.Push(id);
        EXPECT_EQ(InvalidUtf8At(part), std::nullopt) << row["ids"];
        text += part;
      }
      EXPECT_EQ(text + decoder.Finish(), row[skip ? "decoded" : "kept"].get<std::string>()) << row["ids"];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTokenizer,
                         testing::Values("gpt2", "prefix_space", "no_regex", "llama3", "qwen2", "o200k", "small_alphabet",
                                         "small_alphabet_unk", "word_level", "word_level_punctuation", "family_llama3", "family_qwen2",
                                         "family_gpt2", "family_llama2", "family_mistral", "family_metaspace", "family_gemma"),
                         [](const auto& test) { return std::string(test.param); });

// A text of random characters, mostly ASCII, without the U+2581 that spells a space.
std::string RandomText(uint64_t seed) {
  KeyedStream stream(seed, "text");
  std::string text;
  for (uint64_t n = stream.Below(60); n > 0; --n) {
    const uint64_t kind = stream.Below(10);
    char32_t c = static_cast<char32_t>(kind < 6 ? stream.Below(0x80) : kind < 8 ? stream.Below(0xD800) : 0xE000 + stream.Below(0x102000));
    if (c == 0x2581) c = ' ';
    for (uint64_t times = stream.Below(8) == 0 ? stream.Below(40) : 1; times > 0; --times) AppendUtf8(c, &text);
  }
  return text;
}

// Byte-level and byte-fallback vocabularies lose nothing.
TEST(TokenizerPropertyTest, GivesAnyTextBack) {
  for (const char* name : {"family_llama3", "family_gpt2", "gpt2", "no_regex", "family_gemma"}) {
    const auto tokenizer = GoldenTokenizerNamed(name);
    for (uint64_t seed = 0; seed < 500; ++seed) {
      const std::string text = RandomText(seed);
      const auto ids = tokenizer->Encode(text);
      EXPECT_EQ(tokenizer->Decode(ids), text) << name;
      EXPECT_EQ(StreamIds(*tokenizer, ids, true), text) << name;
    }
  }
}

// A word is the same behind any other: encoding twice, with a cache that knows the words, changes nothing.
TEST(TokenizerPropertyTest, EncodesTheSameFromThreadsThatShareIt) {
  const auto tokenizer = GoldenTokenizerNamed("family_qwen2");
  std::vector<std::vector<int32_t>> expected;
  for (uint64_t seed = 0; seed < 200; ++seed) expected.push_back(GoldenTokenizerNamed("family_qwen2")->Encode(RandomText(seed % 20)));
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t seed = 0; seed < 200; ++seed) wrong[t] += tokenizer->Encode(RandomText(seed % 20)) != expected[seed];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(StreamDecoderTest, WaitsForWholeCharacters) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  const auto ids = tokenizer->Encode("a\xF0\x9F\x98\x80\xC3\xA9!");
  EXPECT_EQ(StreamIds(*tokenizer, ids, true, "|"), "a||||\xF0\x9F\x98\x80||\xC3\xA9|!|");
  // A byte that cannot go on with what waits settles it at once; what is cut at the end comes with Finish.
  EXPECT_EQ(StreamIds(*tokenizer, {4 + 0xF0, 4 + 0x9F, 4 + 'x', 4 + 0xE2}, true, "|"), "||\xEF\xBF\xBDx||\xEF\xBF\xBD");
}

TEST(StreamDecoderTest, WaitsForTheEndOfARunOfByteTokens) {
  const auto tokenizer = GoldenTokenizerNamed("family_llama2");
  const auto byte = [&](const char* token) { return tokenizer->IdOf(token); };
  const std::vector<int32_t> ids = {byte("\xE2\x96\x81the"), byte("<0xC3>"), byte("<0xA9>"), byte("\xE2\x96\x81the")};
  EXPECT_THAT(ids, testing::Each(testing::Ge(0)));
  EXPECT_EQ(StreamIds(*tokenizer, ids, true, "|"), "the|||\xC3\xA9 the|");
  EXPECT_EQ(StreamIds(*tokenizer, {byte("<0xC3>"), byte("<0xA9>"), byte("<0xA9>")}, true, "|"),
            "|||\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // as the library does: one bad byte spoils the run
}

TEST(StreamDecoderTest, LeavesSpecialTokensOutOnDemand) {
  const auto tokenizer = GoldenTokenizerNamed("family_llama3");
  const auto ids = tokenizer->Encode("<s>hi<mark>", /*add_specials=*/true);
  EXPECT_EQ(StreamIds(*tokenizer, ids, true), "hi<mark>");
  EXPECT_EQ(StreamIds(*tokenizer, ids, false), "<s><s>hi<mark>");
}

}  // namespace
}  // namespace temper
