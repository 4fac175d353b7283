// Tokenizers read from tokenizer.json: our own files, files that are refused, damaged files.
#include "policy/tokenizer/tokenizer.h"

#include <functional>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "tests/policy/tokenizer/tokenizer_fixture.h"

namespace temper {
namespace {

using nlohmann::json;

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
  EXPECT_THAT(tokenizer->Encode("x", /*add_specials=*/true), testing::ElementsAre(1, 4 + 'x'));
  // Half a character and a stray continuation byte become U+FFFD each.
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{4 + 0xC3, 4 + 'x', 4 + 0x80}), "\xEF\xBF\xBDx\xEF\xBF\xBD");
}

TEST(TokenizerTest, TakesIllFormedBytesForTheReplacementCharacter) {
  const auto tokenizer = ParseTokenizer(ByteLevelTokenizerJson());
  EXPECT_EQ(tokenizer->Encode("ab\xFF"), tokenizer->Encode("ab\xEF\xBF\xBD"));
  EXPECT_EQ(tokenizer->Encode("\xE2\x82x"), tokenizer->Encode("\xEF\xBF\xBDx"));  // one for a cut character
  EXPECT_EQ(tokenizer->Encode("\xED\xA0\x80").size(), 9u);                        // one for each byte of a surrogate
}

// What the error says when `change` is applied to a byte-level file.
std::string ErrorAfter(const std::function<void(json&)>& change, const std::string& base = "gpt2") {
  json file = ReadTokenizerGolden(base)["tokenizer"];
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
  EXPECT_THAT(ErrorAfter(set("/normalizer", {{"type", "Precompiled"}})), HasSubstr("normalizer Precompiled"));
  EXPECT_THAT(ErrorAfter(set("/normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "Nmt"}}}}})), HasSubstr("normalizer Nmt"));
  EXPECT_THAT(ErrorAfter(set("/normalizer", {{"lowercase", true}})), HasSubstr("normalizer (without a type)"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/type", "UnicodeScripts")), HasSubstr("pre_tokenizer UnicodeScripts"));
  EXPECT_THAT(ErrorAfter(set("/decoder/type", "WordPiece")), HasSubstr("decoder WordPiece"));
  EXPECT_THAT(ErrorAfter(set("/post_processor", {{"type", "BertProcessing"}})), HasSubstr("BertProcessing"));
  EXPECT_THAT(ErrorAfter(set("/model/type", "Unigram")), HasSubstr("Unigram"));
  EXPECT_THAT(ErrorAfter(set("/model/type", "WordPiece")), HasSubstr("WordPiece"));
  EXPECT_THAT(ErrorAfter(set("/model/dropout", 0.1)), HasSubstr("dropout"));
  EXPECT_THAT(ErrorAfter(set("/model/end_of_word_suffix", "</w>")), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(ErrorAfter(set("/model/vocab", json::array({{"a", -1.0}}))), HasSubstr("Unigram"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "(?~a)"), "llama3"), HasSubstr("(?~a)"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer/pretokenizers/0/behavior", "Doubled"), "llama3"), HasSubstr("Doubled"));
  EXPECT_THAT(ErrorAfter(set("/model/unk_token", "<none>"), "word_level"), HasSubstr("<none>"));
}

TEST(TokenizerTest, ChecksTheFieldsOfComponents) {
  using testing::HasSubstr;
  const auto set = [](const char* pointer, json value) { return [=](json& file) { file[json::json_pointer(pointer)] = value; }; };
  const auto metaspace = [](json more) {
    json component = {{"type", "Metaspace"}, {"replacement", "_"}};
    component.update(more);
    return component;
  };
  EXPECT_EQ(ErrorAfter(set("/pre_tokenizer", metaspace({{"add_prefix_space", false}}))), "accepted");
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer", metaspace({{"prepend_scheme", "last"}}))), HasSubstr("last"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer", metaspace({{"prepend_scheme", "first"}, {"add_prefix_space", false}}))),
              HasSubstr("contradicts"));
  EXPECT_THAT(ErrorAfter(set("/pre_tokenizer", metaspace({{"replacement", "__"}}))), HasSubstr("one character"));
  EXPECT_THAT(ErrorAfter(set("/decoder", {{"type", "Strip"}, {"content", " "}, {"start", -1}, {"stop", 0}})), HasSubstr("decoder.start"));
  EXPECT_THAT(ErrorAfter(set("/normalizer", {{"type", "Replace"}, {"pattern", "a"}, {"content", "b"}})), HasSubstr("normalizer.pattern"));
  EXPECT_THAT(ErrorAfter(set("/normalizer", {{"type", "Strip"}, {"strip_left", 1}})), HasSubstr("strip_left"));
  json processor = {
      {"type", "TemplateProcessing"}, {"single", {{{"SpecialToken", {{"id", "<eos>"}}}}}}, {"special_tokens", json::object()}};
  EXPECT_THAT(ErrorAfter(set("/post_processor", processor)), HasSubstr("special_tokens.<eos> is missing"));
  processor["special_tokens"]["<eos>"]["ids"] = {1, 100000};
  EXPECT_THAT(ErrorAfter(set("/post_processor", processor)), HasSubstr("100000 is not an id"));
  processor["single"][0] = {{"Sequence", {{"id", "B"}}}};
  EXPECT_THAT(ErrorAfter(set("/post_processor", processor)), HasSubstr("not A"));
}

// Ids of a text with much in it by a golden file after `change`.
std::vector<int32_t> IdsAfter(const std::function<void(json&)>& change, const std::string& base) {
  json file = ReadTokenizerGolden(base)["tokenizer"];
  change(file);
  const auto tokenizer = ParseTokenizer(file.dump());
  std::vector<int32_t> ids = tokenizer->Encode("the clerk's 12 drams <eos>a<mark>b <longer>\xC3\xA9 <s>", /*add_specials=*/true);
  for (const json& token : file["added_tokens"]) ids.push_back(tokenizer->IdOf(token["content"].get<std::string>()));
  return ids;
}

TEST(TokenizerTest, LeavesAsideWhatSaysNothingOfATextsIds) {
  for (const char* base : {"gpt2", "llama3", "family_llama3", "family_llama2", "word_level"}) {
    const auto ids = IdsAfter([](json&) {}, base);
    EXPECT_GT(ids.size(), 8u);
    const auto batched = [](json& file) {  // as a fine-tune in batches leaves it
      file["truncation"] = {{"direction", "Right"}, {"max_length", 2}, {"strategy", "LongestFirst"}, {"stride", 0}};
      file["padding"] = {{"strategy", {{"Fixed", 64}}}, {"direction", "Left"}, {"pad_to_multiple_of", 8}, {"pad_id", 0}, {"pad_type_id", 0},
                         {"pad_token", "<pad>"}};
    };
    EXPECT_EQ(IdsAfter(batched, base), ids) << base;
    EXPECT_EQ(IdsAfter([](json& file) { file["model"].erase("type"); }, base), ids) << base;
  }
  const auto bare = [](json& file) {  // a BPE model of an old file: all that may be missing is missing
    file["model"] = {{"vocab", file["model"]["vocab"]}, {"merges", file["model"]["merges"]}};
  };
  EXPECT_EQ(IdsAfter(bare, "gpt2"), IdsAfter([](json&) {}, "gpt2"));
  EXPECT_THAT(ErrorAfter([](json& file) {
                file["model"] = {{"vocab", {{"a", 0}}}, {"unk_token", "a"}, {"max_input_chars_per_word", 100}};
                file["added_tokens"] = json::array();
              }),
              testing::HasSubstr("model WordPiece is not supported"));
}

TEST(TokenizerTest, TakesAddedTokensByTheirIdsWhateverTheirOrder) {
  for (const char* base : {"gpt2", "family_llama3", "family_llama2", "word_level"}) {
    auto last = [](json& file) { return file["added_tokens"].size() - 1; };
    auto expected = IdsAfter([](json&) {}, base);
    const auto ends_swapped = [&](json& file) { std::swap(file["added_tokens"][0], file["added_tokens"][last(file)]); };
    const size_t count = ReadTokenizerGolden(base)["tokenizer"]["added_tokens"].size();
    ASSERT_GT(count, 2u);
    std::swap(expected[expected.size() - count], expected.back());  // IdsAfter lists them as they stand in the file
    EXPECT_EQ(IdsAfter(ends_swapped, base), expected) << base;
  }
  EXPECT_THAT(ErrorAfter([](json& file) { file["added_tokens"][0]["id"] = "7"; }),
              testing::HasSubstr("must be a whole number, found \"7\""));
}

TEST(TokenizerTest, NamesAnUnknownTokenOnlyWhenItIsNeeded) {
  json file = ReadTokenizerGolden("small_alphabet_unk")["tokenizer"];
  file["model"]["unk_token"] = "<none>";
  const auto tokenizer = ParseTokenizer(file.dump());
  EXPECT_EQ(tokenizer->Encode("the").size(), 1u);
  EXPECT_THROW(tokenizer->Encode("\x01"), ConfigError);
}

TEST(TokenizerTest, RefusesAddedTokensThatCannotBeToldApart) {
  const auto lower = [](json& file) {
    file["normalizer"] = {{"type", "Lowercase"}};
    json& tokens = file["added_tokens"];
    json twin = tokens[2];
    twin["content"] = "<MARK>";
    twin["normalized"] = true;
    for (json& token : tokens) twin["id"] = token["id"].get<int>() + 1;
    tokens.push_back(twin);
  };
  EXPECT_THAT(ErrorAfter(lower), testing::HasSubstr("the same as another one: <mark>"));
}

TEST(TokenizerTest, ChecksIdsAndMergesBeforeUsingThem) {
  using testing::HasSubstr;
  const auto vocab = [](const char* token, json id) { return [=](json& file) { file["model"]["vocab"][token] = id; }; };
  EXPECT_THAT(ErrorAfter(vocab("!", -1)), HasSubstr("model.vocab: token ! has id -1"));
  EXPECT_THAT(ErrorAfter(vocab("!", 1)), HasSubstr("each once"));
  EXPECT_THAT(ErrorAfter(vocab("!", 1.0)), HasSubstr("has id 1.0"));
  EXPECT_THAT(ErrorAfter(vocab("brand new", 4000000000u)), HasSubstr("brand new"));
  EXPECT_THAT(ErrorAfter(vocab("brand new", 1u << 21)), HasSubstr("brand new"));
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
  const std::string whole = ReadTokenizerGolden("llama3")["tokenizer"].dump();
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

}  // namespace
}  // namespace temper
