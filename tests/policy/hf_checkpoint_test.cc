#include "policy/hf_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/error.h"
#include "policy/safetensors.h"
#include "policy/sequence_logits.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kGolden = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/transformer/";

std::vector<int32_t> Ids(const at::Tensor& ids) {
  const int64_t* data = ids.const_data_ptr<int64_t>();
  return std::vector<int32_t>(data, data + ids.numel());
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  double largest = 0;
  for (int64_t i = 0; i < a.numel(); ++i)
    largest = std::max(largest, std::abs(double{a.const_data_ptr<float>()[i]} - double{b.const_data_ptr<float>()[i]}));
  return largest;
}

int32_t Argmax(const float* row, int64_t size) { return static_cast<int32_t>(std::max_element(row, row + size) - row); }

class GoldenCheckpoint : public ::testing::TestWithParam<const char*> {
 protected:
  const std::string folder_ = kGolden + GetParam();
};

TEST_P(GoldenCheckpoint, GivesTheLogitsOfTransformers) {
  const Transformer model = LoadHfModel(folder_);
  const auto expected = ReadSafetensors(folder_ + "/expected.safetensors");
  // The bound users are told of; measured differences are about 1e-6.
  EXPECT_LT(LargestDifference(SequenceLogits(model, Ids(expected.at("tokens"))), expected.at("logits")), 1e-4);
}

TEST_P(GoldenCheckpoint, ContinuesGreedilyAsTransformersDoes) {
  const Transformer model = LoadHfModel(folder_);
  const auto expected = ReadSafetensors(folder_ + "/expected.safetensors");
  const std::vector<int32_t> greedy = Ids(expected.at("greedy"));
  std::vector<int32_t> tokens = Ids(expected.at("tokens"));
  tokens.resize(7);
  for (const int32_t token : greedy) {
    const at::Tensor logits = SequenceLogits(model, tokens);
    const int64_t vocab = logits.size(1);
    tokens.push_back(Argmax(logits.const_data_ptr<float>() + (logits.size(0) - 1) * vocab, vocab));
    EXPECT_EQ(tokens.back(), token);
  }
}

TEST_P(GoldenCheckpoint, ReadsBackWhatItWrites) {
  const Transformer model = LoadHfModel(folder_);
  const std::string copy = (fs::temp_directory_path() / (std::string("temper_hf_") + GetParam() + std::to_string(::getpid()))).string();
  SaveHfModel(model, "", copy);
  SaveHfModel(model, "", copy);  // over an existing folder
  const Transformer again = LoadHfModel(copy);
  EXPECT_EQ(again.config(), model.config());
  EXPECT_EQ(std::memcmp(again.flat().const_data_ptr(), model.flat().const_data_ptr(), model.flat().nbytes()), 0);
  fs::remove_all(copy);
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenCheckpoint, ::testing::Values("llama", "llama_bf16_tied", "qwen2_sharded", "qwen3"),
                         [](const auto& p) { return std::string(p.param); });

// A copy of a golden folder that a test may damage.
class DamagedFolder {
 public:
  explicit DamagedFolder(const std::string& name) : path_(fs::temp_directory_path() / ("temper_damaged_" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::copy(kGolden + name, path_);
  }
  ~DamagedFolder() { fs::remove_all(path_); }
  void EditJson(const std::string& file, const std::function<void(nlohmann::json&)>& edit) const {
    std::ifstream in(path_ / file);
    nlohmann::json json = nlohmann::json::parse(in);
    edit(json);
    std::ofstream(path_ / file) << json;
  }
  std::string LoadError() const {
    try {
      LoadHfModel(path_.string());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(HfCheckpoint, NamesTheConfigKeyItCannotServe) {
  const DamagedFolder folder("llama");
  using Edit = std::function<void(nlohmann::json&)>;
  const std::vector<std::pair<std::string, Edit>> edits = {
      {"config.json: model_type", [](auto& j) { j["model_type"] = "mamba"; }},
      {"config.json: hidden_size: missing", [](auto& j) { j.erase("hidden_size"); }},
      {"config.json: hidden_size", [](auto& j) { j["hidden_size"] = 1e30; }},
      {"config.json: num_hidden_layers", [](auto& j) { j["num_hidden_layers"] = 0; }},
      {"config.json: num_key_value_heads", [](auto& j) { j["num_key_value_heads"] = 2; }},
      {"config.json: rope_scaling.rope_type",
       [](auto& j) {
         j["rope_scaling"] = {{"type", "yarn"}};
       }},
      {"config.json: rope_parameters.rope_type", [](auto& j) { j["rope_parameters"]["rope_type"] = "llama3"; }},
      {"config.json: use_sliding_window", [](auto& j) { j["use_sliding_window"] = true; }},
      {"config.json: layer_types", [](auto& j) { j["layer_types"] = {"sliding_attention"}; }},
      {"config.json: quantization_config",
       [](auto& j) {
         j["quantization_config"] = {{"bits", 4}};
       }},
      {"config.json: attention_bias", [](auto& j) { j["attention_bias"] = true; }},
      {"config.json: hidden_act", [](auto& j) { j["hidden_act"] = "gelu"; }},
      {"config.json: eos_token_id", [](auto& j) { j["eos_token_id"] = 4000; }},
      {"config.json: head_dim", [](auto& j) { j["head_dim"] = 7; }},
  };
  for (const auto& [message, edit] : edits) {
    const DamagedFolder fresh("llama");
    fresh.EditJson("config.json", edit);
    EXPECT_THAT(fresh.LoadError(), HasSubstr(message));
  }
}

TEST(HfCheckpoint, NamesTheTensorThatDoesNotFit) {
  const DamagedFolder wrong_shape("llama");
  wrong_shape.EditJson("config.json", [](auto& j) { j["intermediate_size"] = 38; });
  EXPECT_THAT(wrong_shape.LoadError(), HasSubstr("tensor model.layers.0.mlp.gate_proj.weight: shape [37, 24]"));
  const DamagedFolder missing("llama");
  missing.EditJson("config.json", [](auto& j) { j["num_hidden_layers"] = 3; });
  EXPECT_THAT(missing.LoadError(), HasSubstr("tensor model.layers.2.input_layernorm.weight is missing"));
  const DamagedFolder extra("llama");
  extra.EditJson("config.json", [](auto& j) { j["num_hidden_layers"] = 1; });
  EXPECT_THAT(extra.LoadError(), HasSubstr("tensor model.layers.1.input_layernorm.weight is not one of a llama model"));
}

TEST(HfCheckpoint, RefusesAShardOutsideTheFolder) {
  const DamagedFolder folder("qwen2_sharded");
  folder.EditJson("model.safetensors.index.json", [](auto& j) { j["weight_map"]["model.norm.weight"] = "../x.safetensors"; });
  EXPECT_THAT(folder.LoadError(), HasSubstr("weight_map.model.norm.weight"));
}

TEST(HfCheckpoint, NamesAMissingShard) {
  const DamagedFolder folder("qwen2_sharded");
  fs::remove(folder.path() / "model-00002-of-00004.safetensors");
  EXPECT_THAT(folder.LoadError(), HasSubstr("model-00002-of-00004.safetensors: cannot open"));
}

}  // namespace
}  // namespace temper
