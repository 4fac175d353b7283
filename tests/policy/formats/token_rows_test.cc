#include "policy/formats/token_rows.h"

#include <algorithm>
#include <filesystem>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/tokenizer/token_addition.h"
#include "policy/tokenizer/tokenizer.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;

at::Tensor Matrix(std::vector<float> numbers, int64_t width) {
  at::Tensor matrix = at::empty({std::ssize(numbers) / width, width}, at::kFloat);
  std::copy(numbers.begin(), numbers.end(), matrix.mutable_data_ptr<float>());
  return matrix;
}

std::vector<float> RowOf(const at::Tensor& matrix, int64_t row) {
  const at::Tensor numbers = matrix.select(0, row).to(at::kFloat).contiguous();
  return {numbers.const_data_ptr<float>(), numbers.const_data_ptr<float>() + numbers.numel()};
}

TEST(TokenRows, AreTheMeansOfTheRowsThatTheyName) {
  const at::Tensor weight = Matrix({1, 2, 3, 6, -1, 4}, 2);
  // (1, 2), (3, 6): (2, 4). (3, 6) twice and (-1, 4): (5 / 3, 16 / 3). Row 5 is padding.
  const at::Tensor grown = WithTokenRows(weight, {{3, {0, 1}}, {4, {1, 1, 2}}}, 6);
  ASSERT_EQ(grown.sizes(), at::IntArrayRef({6, 2}));
  EXPECT_THAT(RowOf(grown, 2), ElementsAre(-1, 4));
  EXPECT_THAT(RowOf(grown, 3), ElementsAre(2, 4));
  EXPECT_THAT(RowOf(grown, 4), ElementsAre(5.0f / 3, 16.0f / 3));
  EXPECT_THAT(RowOf(grown, 5), ElementsAre(0, 0));
}

// A vocabulary that was padded has a row for the token already: it is written over, and the matrix does not grow.
TEST(TokenRows, FillThePaddingOfAVocabulary) {
  const at::Tensor grown = WithTokenRows(Matrix({1, 2, 3, 6, 9, 9}, 2), {{2, {0, 1}}}, 3);
  EXPECT_THAT(RowOf(grown, 2), ElementsAre(2, 4));
  EXPECT_EQ(grown.size(0), 3);
}

TEST(TokenRows, AreRoundedToTheMatrixsTypeOnce) {
  const at::Tensor grown = WithTokenRows(Matrix({1, 1.0078125f}, 1).to(at::kBFloat16), {{2, {0, 1, 1}}}, 3);
  EXPECT_EQ(grown.scalar_type(), at::kBFloat16);
  EXPECT_THAT(RowOf(grown, 2), ElementsAre(1.0078125f));  // 1.0052083 lies nearer to it than to 1
}

TEST(TokenRows, RefuseWhatTheModelLacks) {
  const at::Tensor weight = Matrix({1, 2}, 1);
  EXPECT_THROW(WithTokenRows(weight, {{2, {}}}, 3), ConfigError);
  EXPECT_THROW(WithTokenRows(weight, {{2, {2}}}, 3), ConfigError);
  EXPECT_THROW(WithTokenRows(weight, {{3, {0}}}, 3), ConfigError);
}

class GrowHfModelTest : public ::testing::TestWithParam<bool> {};

TEST_P(GrowHfModelTest, WritesAFolderThatLoadsWithTheTokens) {
  TransformerConfig config;
  config.vocab_size = 261;  // one row of padding behind the 260 tokens
  config.hidden_size = config.intermediate_size = config.head_dim = 8;
  config.num_layers = config.num_heads = config.num_kv_heads = 1;
  config.max_positions = 16;
  config.tie_embeddings = GetParam();
  config.bos_id = 1;
  config.eos_ids = {2};
  Transformer model(config);
  model.Initialize(5);
  const TempFolder folder;
  SaveHfModel(model, {.tokenizer_json = ByteLevelTokenizerJson()}, folder / "before");
  const std::string tokenizer = WithSpecialTokens(ByteLevelTokenizerJson(), {"[direct]", "[redirect]"});
  GrowHfModel(folder / "before", {{260, {70, 71}}, {261, {80}}}, {.companions = {{"tokenizer.json", tokenizer}}}, folder / "after");

  const Transformer grown = LoadHfModel(folder / "after");
  EXPECT_EQ(grown.config().vocab_size, 262);
  EXPECT_EQ(grown.config().tie_embeddings, GetParam());
  EXPECT_EQ(LoadTokenizer(folder / "after")->IdOf("[redirect]"), 261);
  EXPECT_EQ(nlohmann::json::parse(ReadFile(folder / "after" + std::string("/config.json"))).at("vocab_size"), 262);
  ASSERT_EQ(grown.parameters().size(), model.parameters().size());
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    const auto& [name, before] = model.parameters()[i];
    const at::Tensor& after = grown.parameters()[i].second;
    if (name != "model.embed_tokens.weight" && name != "lm_head.weight") {
      EXPECT_TRUE(after.equal(before)) << name;
      continue;
    }
    EXPECT_TRUE(after.narrow(0, 0, 260).equal(before.narrow(0, 0, 260))) << name;
    EXPECT_TRUE(after.select(0, 260).equal((before.select(0, 70) + before.select(0, 71)) / 2)) << name;
    EXPECT_TRUE(after.select(0, 261).equal(before.select(0, 80))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(TiedOrNot, GrowHfModelTest, ::testing::Bool(), [](const auto& test) { return test.param ? "Tied" : "Untied"; });

}  // namespace
}  // namespace temper
