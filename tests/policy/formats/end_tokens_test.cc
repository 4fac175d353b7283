// Which tokens end an answer, by the three files of a model folder that name some.
#include "policy/formats/end_tokens.h"

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EndTokensTest : public ::testing::Test {
 protected:
  // As a file of the folder; "" = there is none.
  void Write(const std::string& config, const std::string& generation, const std::string& tokenizer) const {
    const std::string common =
        "\"model_type\": \"llama\", \"vocab_size\": 260, \"hidden_size\": 8, \"intermediate_size\": 8, \"num_hidden_layers\": 1, "
        "\"num_attention_heads\": 1";
    WriteBytes(folder_ / "config.json", "{" + common + (config.empty() ? "" : ", \"eos_token_id\": " + config) + "}");
    if (!generation.empty()) WriteBytes(folder_ / "generation_config.json", "{\"eos_token_id\": " + generation + "}");
    if (!tokenizer.empty()) WriteBytes(folder_ / "tokenizer_config.json", "{\"eos_token\": " + tokenizer + "}");
  }
  EndTokens Find() const {
    const TransformerConfig config = ParseTransformerConfig(ReadBytes(folder_ / "config.json"));
    return FindEndTokens(folder_.path(), config, tokenizer_.get());
  }

  const TempFolder folder_;
  const std::unique_ptr<Tokenizer> tokenizer_ = ParseTokenizer(ByteLevelTokenizerJson());  // <pad> 0, <bos> 1, <eos> 2, <unk> 3
};

// A fine-tune for chat on a base: config.json and generation_config.json are the base's.
TEST_F(EndTokensTest, CountsTheTokenizersWhereTheConfigsHaveTheBasesOnly) {
  Write("3", "3", "\"<eos>\"");
  const EndTokens ends = Find();
  EXPECT_THAT(ends.ids, ElementsAre(2, 3));
  EXPECT_THAT(ends.disagreement, HasSubstr(": the files name different end tokens: tokenizer_config.json <eos> (2), "
                                           "generation_config.json 3, config.json 3; each of them ends an answer"));
}

TEST_F(EndTokensTest, CountsEachFile) {
  Write("[0, 1]", "[3, 0]", "{\"content\": \"<eos>\"}");
  EXPECT_THAT(Find().ids, ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(Find().disagreement, HasSubstr("generation_config.json 3 and 0, config.json 0 and 1"));
  const TransformerConfig config = ParseTransformerConfig(ReadBytes(folder_ / "config.json"));
  EXPECT_THAT(FindEndTokens(folder_.path(), config, nullptr).ids, ElementsAre(3, 0, 1)) << "without a tokenizer";
}

TEST_F(EndTokensTest, SaysNothingWhereGenerateStopsAtAllOfThem) {
  Write("2", "[2, 3]", "\"<unk>\"");
  EXPECT_THAT(Find().ids, ElementsAre(3, 2));
  EXPECT_EQ(Find().disagreement, "");
}

// config.json without the key means 2 to transformers, which is an ordinary token of many vocabularies.
TEST_F(EndTokensTest, CountsWhatAFileMeansBySilenceOnlyWhereNoneNamesAToken) {
  Write("", "", "");
  EXPECT_THAT(Find().ids, ElementsAre(2));
  Write("", "", "\"<unk>\"");
  EXPECT_THAT(Find().ids, ElementsAre(3));
  EXPECT_EQ(Find().disagreement, "");
}

TEST_F(EndTokensTest, LeavesAsideWhatIsNoToken) {
  Write("null", "", "\"<|im_end|>\"");
  EXPECT_THAT(Find().ids, IsEmpty());
  WriteBytes(folder_ / "special_tokens_map.json", "{\"eos_token\": \"<eos>\"}");
  EXPECT_THAT(Find().ids, IsEmpty()) << "tokenizer_config.json goes first";
  WriteBytes(folder_ / "tokenizer_config.json", "{}");
  EXPECT_THAT(Find().ids, ElementsAre(2));
}

}  // namespace
}  // namespace temper
