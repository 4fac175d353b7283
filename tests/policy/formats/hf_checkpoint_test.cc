#include "policy/formats/hf_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/error.h"
#include "policy/formats/hf_weights.h"
#include "policy/formats/safetensors.h"
#include "policy/model/sequence_logits.h"
#include "tests/support/golden_checkpoints.h"
#include "tests/support/temp_folder.h"

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

class GoldenCheckpoint : public ::testing::TestWithParam<std::string> {
 protected:
  const std::string folder_ = GoldenCheckpointsFolder() + "/" + GetParam();
};

TEST_P(GoldenCheckpoint, GivesTheLogitsOfTransformers) {
  const Transformer model = LoadHfModel(folder_);
  const auto expected = ReadSafetensors(folder_ + "/expected.safetensors");
  // The bound users are told of; measured differences are about 1e-5.
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

at::ScalarType TypeOf(const TransformerConfig& config) {
  return config.dtype == "bfloat16" ? at::kBFloat16 : config.dtype == "float16" ? at::kHalf : at::kFloat;
}

// `copy` holds the tensors of `folder`, bit for bit, but for a stored head of tied embeddings.
void ExpectSameWeights(const std::string& copy, const std::string& folder, bool tied) {
  auto wanted = MapHfWeights(folder);
  if (tied) wanted.erase("lm_head.weight");
  const auto found = MapHfWeights(copy);
  ASSERT_EQ(found.size(), wanted.size());
  for (const auto& [name, tensor] : wanted) {
    const at::Tensor& other = found.at(name);
    EXPECT_EQ(other.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(other.sizes(), tensor.sizes()) << name;
    EXPECT_EQ(std::memcmp(other.const_data_ptr(), tensor.const_data_ptr(), tensor.nbytes()), 0) << name;
  }
}

// Every key of the config loaded is in the one saved; the dtype may stand under another name.
void ExpectKeepsConfig(const std::string& copy, const std::string& folder) {
  const auto parse = [](const std::string& path) { return nlohmann::json::parse(ReadBytes(path + "/config.json")); };
  const nlohmann::json saved = parse(copy);
  nlohmann::json loaded = parse(folder);
  if (loaded.contains("torch_dtype")) loaded["dtype"] = loaded["torch_dtype"];
  for (const auto& [key, value] : loaded.items()) EXPECT_EQ(saved.value(key, nlohmann::json("absent")), value) << key;
}

TEST_P(GoldenCheckpoint, SavesBitForBitWhatItLoaded) {
  const TempFolder scratch;
  const Transformer model = LoadHfModel(folder_);
  const SaveOptions options{.type = TypeOf(model.config()), .companions = ReadCompanionFiles(folder_)};
  SaveHfModel(model, options, scratch / "copy");
  SaveHfModel(model, options, scratch / "copy");  // over an existing folder
  const Transformer again = LoadHfModel(scratch / "copy");
  EXPECT_EQ(again.config(), model.config());
  EXPECT_EQ(std::memcmp(again.flat().const_data_ptr(), model.flat().const_data_ptr(), model.flat().nbytes()), 0);
  ExpectSameWeights(scratch / "copy", folder_, model.config().tie_embeddings);
  ExpectKeepsConfig(scratch / "copy", folder_);
  EXPECT_EQ(ReadBytes(scratch / "copy/generation_config.json"), ReadBytes(folder_ + "/generation_config.json"));
}

TEST_P(GoldenCheckpoint, ConvertsIntoShardsAndBack) {
  const TempFolder scratch;
  ConvertHfModel(folder_, {.max_shard_bytes = 5000}, scratch / "shards");
  EXPECT_TRUE(fs::exists(scratch / "shards/model.safetensors.index.json"));
  EXPECT_FALSE(fs::exists(scratch / "shards/model.safetensors"));
  ConvertHfModel(scratch / "shards", {}, scratch / "one");
  const TransformerConfig config = LoadHfConfig(folder_);
  EXPECT_EQ(LoadHfConfig(scratch / "one"), config);
  ExpectSameWeights(scratch / "shards", folder_, config.tie_embeddings);
  ExpectSameWeights(scratch / "one", folder_, config.tie_embeddings);
  // The file is the very one that the safetensors library writes.
  const bool same_tensors = !config.tie_embeddings || !MapHfWeights(folder_).contains("lm_head.weight");
  if (same_tensors && fs::exists(folder_ + "/model.safetensors")) {
    EXPECT_EQ(ReadBytes(scratch / "one/model.safetensors"), ReadBytes(folder_ + "/model.safetensors"));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenCheckpoint, ::testing::ValuesIn(GoldenCheckpoints()), [](const auto& p) { return p.param; });

TEST(HfCheckpoint, ConvertsToAnotherDtype) {
  const TempFolder scratch;
  ConvertHfModel(kGolden + "llama", {.type = at::kBFloat16}, scratch / "bf16");
  EXPECT_EQ(LoadHfConfig(scratch / "bf16").dtype, "bfloat16");
  const auto exact = MapHfWeights(kGolden + "llama");
  for (const auto& [name, tensor] : MapHfWeights(scratch / "bf16")) {
    EXPECT_EQ(tensor.scalar_type(), at::kBFloat16);
    EXPECT_TRUE(tensor.equal(exact.at(name).to(at::kBFloat16))) << name;
  }
}

TEST(HfCheckpoint, RefusesToWriteWhatF16CannotHold) {
  const TempFolder scratch;
  Transformer model = LoadHfModel(kGolden + "llama");
  model.flat().mutable_data_ptr<float>()[3] = 1e6f;
  try {
    SaveHfModel(model, {.type = at::kHalf}, scratch / "half");
    FAIL() << "1e6 was written as F16";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("tensor model.embed_tokens.weight: a value is too large for F16"));
  }
  EXPECT_FALSE(fs::exists(scratch / "half"));
}

TEST(HfCheckpoint, CarriesTheTokenizersFilesUnchanged) {
  const TempFolder scratch;
  fs::copy(kGolden + "llama", scratch / "source");
  const std::vector<std::string> names = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"};
  for (const std::string& name : names) WriteBytes(scratch / "source/" + name, "{ \"" + name + "\": \xC3\xA9 }");
  SaveHfModel(LoadHfModel(scratch / "source"), {.tokenizer_json = "{}", .companions = ReadCompanionFiles(scratch / "source")},
              scratch / "saved");
  ConvertHfModel(scratch / "source", {}, scratch / "converted");
  for (const std::string& name : names) {
    EXPECT_EQ(ReadBytes(scratch / "saved/" + name), ReadBytes(scratch / "source/" + name));
    EXPECT_EQ(ReadBytes(scratch / "converted/" + name), ReadBytes(scratch / "source/" + name));
  }
}

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
  const auto set = [](const char* key, nlohmann::json value) { return Edit([=](auto& j) { j[key] = value; }); };
  const std::vector<std::pair<std::string, Edit>> edits = {
      {"config.json: model_type: 'mamba'", set("model_type", "mamba")},
      {"config.json: architectures", set("architectures", {"LlamaForSequenceClassification"})},
      {"config.json: hidden_size: missing", [](auto& j) { j.erase("hidden_size"); }},
      {"config.json: hidden_size", set("hidden_size", 1e30)},
      {"config.json: hidden_size", set("hidden_size", uint64_t{18446744073709551615U})},
      {"config.json: num_hidden_layers", set("num_hidden_layers", 0)},
      {"config.json: num_key_value_heads", set("num_key_value_heads", 2)},
      {"config.json: rope_scaling.factor: missing; rope type yarn needs it", set("rope_scaling", {{"type", "yarn"}})},
      {"config.json: rope beta_slow: -1", set("rope_scaling", {{"type", "yarn"}, {"factor", 2}, {"beta_slow", -1}})},
      {"config.json: rope attention_factor",
       set("rope_scaling", {{"type", "yarn"}, {"factor", 2}, {"mscale", -99}, {"mscale_all_dim", 1}})},
      {"config.json: rope attention_factor: 0 is not", set("rope_scaling", {{"type", "yarn"}, {"factor", 2}, {"attention_factor", 0}})},
      {"config.json: rope_scaling.factor: missing", set("rope_scaling", {{"rope_type", "dynamic"}})},
      {"known are default, linear, dynamic, llama3, yarn. Its angles change with the length of each sequence",
       [](auto& j) { j["rope_parameters"]["rope_type"] = "longrope"; }},
      {"config.json: rope_parameters.rope_type: 'longrope'", [](auto& j) { j["rope_parameters"]["rope_type"] = "longrope"; }},
      {"config.json: rope_parameters.factor: missing", [](auto& j) { j["rope_parameters"]["rope_type"] = "llama3"; }},
      {"config.json: rope_scaling.factor: missing", set("rope_scaling", {{"type", "linear"}})},
      {"config.json: rope factor", set("rope_scaling", {{"type", "linear"}, {"factor", 0}})},
      {"config.json: rope_parameters.full_attention", set("rope_parameters", {{"full_attention", {{"rope_type", "default"}}}})},
      {"config.json: rope_parameters.partial_rotary_factor", [](auto& j) { j["rope_parameters"]["partial_rotary_factor"] = 0.5; }},
      {"config.json: sliding_window", set("sliding_window", 8)},
      {"config.json: layer_types", set("layer_types", {"sliding_attention", "full_attention"})},
      {"config.json: layer_types", set("layer_types", {"full_attention"})},
      {"config.json: quantization_config", set("quantization_config", {{"bits", 4}})},
      {"tensor model.layers.0.self_attn.q_proj.bias is missing", set("attention_bias", true)},
      {"tensor model.layers.0.mlp.gate_proj.bias is missing", set("mlp_bias", true)},
      {"config.json: hidden_act: 'gelu'", set("hidden_act", "gelu")},
      {"config.json: eos_token_id", set("eos_token_id", "2")},
      {"config.json: head_dim", set("head_dim", 7)},
      {"config.json: dtype: 'float8_e4m3fn'", set("dtype", "float8_e4m3fn")},
      {"config.json: sliding_window: 0 is below 1",
       [](auto& j) {
         j.update({{"model_type", "mistral"}, {"sliding_window", 0}, {"architectures", nullptr}});
       }},
      {"config.json: attention_bias",
       [](auto& j) {
         j.update({{"model_type", "mistral"}, {"attention_bias", true}, {"architectures", nullptr}});
       }},
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
  EXPECT_THAT(extra.LoadError(),
              HasSubstr("9 tensors that are no parameter of a llama model: \"model.layers.1.input_layernorm.weight\", "));
}

TEST(HfCheckpoint, NamesWhatAnIndexAndItsShardsDisagreeOn) {
  const DamagedFolder missing("qwen2_sharded");
  missing.EditJson("model.safetensors.index.json",
                   [](auto& j) { j["weight_map"]["model.extra.weight"] = "model-00001-of-00004.safetensors"; });
  EXPECT_THAT(missing.LoadError(),
              HasSubstr("model-00001-of-00004.safetensors: tensor \"model.extra.weight\" is missing; the index names it"));
  const DamagedFolder unlisted("qwen2_sharded");
  unlisted.EditJson("model.safetensors.index.json", [](auto& j) { j["weight_map"].erase("model.norm.weight"); });
  EXPECT_THAT(unlisted.LoadError(),
              HasSubstr("tensor \"model.norm.weight\" is in model-00003-of-00004.safetensors, the index does not say so"));
}

// Rewrites a golden checkpoint's tensors.
void EditTensors(const DamagedFolder& folder, const std::function<void(std::map<std::string, at::Tensor>&)>& edit) {
  const std::string path = (folder.path() / "model.safetensors").string();
  auto tensors = ReadSafetensors(path);
  edit(tensors);
  WriteSafetensors(path, {tensors.begin(), tensors.end()}, {{"format", "pt"}});
}

// A reward model's head, as training with one leaves it in the folder.
TEST(HfCheckpoint, LeavesTensorsAsideThatPatternsName) {
  const DamagedFolder folder("llama");
  const at::Tensor flat = LoadHfModel(folder.path().string()).flat();
  EditTensors(folder, [](auto& t) {
    t["v_head.summary.weight"] = at::empty({1, 24}).zero_();
    t["v_head.summary.bias"] = at::empty({1}).zero_();
    t["score.weight"] = at::empty({1, 24}).zero_();
  });
  EXPECT_THAT(folder.LoadError(), HasSubstr("3 tensors that are no parameter of a llama model: \"score.weight\", \"v_head.summary.bias\", "
                                            "\"v_head.summary.weight\"; if the model does not need them, policy.skip_tensors: "
                                            "[\"score.*\", \"v_head.*\"] ignores them, and so does --skip-tensors of `temper convert`"));
  EXPECT_TRUE(LoadHfModel(folder.path().string(), {"score.*", "v_head.*"}).flat().equal(flat));
  EXPECT_TRUE(LoadHfModel(folder.path().string(), {"*"}).flat().equal(flat)) << "a parameter is never left aside";
  EXPECT_THROW(LoadHfModel(folder.path().string(), {"v_head.*"}), ConfigError);
  const TempFolder scratch;
  ConvertHfModel(folder.path().string(), {}, scratch / "plain", "", {"score.*", "v_head.*"});
  EXPECT_TRUE(LoadHfModel(scratch / "plain").flat().equal(flat));
}

// transformers' rule: a head of its own unties a checkpoint whose config ties, unless it equals the embedding; either name will do.
TEST(HfCheckpoint, TheTensorsSayWhetherTheHeadIsTied) {
  const DamagedFolder own_head("qwen3");
  EditTensors(own_head, [](auto& t) { t["lm_head.weight"] = t["model.embed_tokens.weight"] * 2; });
  EXPECT_FALSE(LoadHfConfig(own_head.path().string()).tie_embeddings);
  const Transformer model = LoadHfModel(own_head.path().string());
  EXPECT_FALSE(model.output_weight().equal(model.parameters()[0].second));
  const TempFolder scratch;
  SaveHfModel(model, {}, scratch / "saved");
  EXPECT_EQ(nlohmann::json::parse(ReadBytes(scratch / "saved/config.json"))["tie_word_embeddings"], false);

  const DamagedFolder only_head("qwen3");
  EditTensors(only_head, [](auto& t) {
    t["lm_head.weight"] = t["model.embed_tokens.weight"];
    t.erase("model.embed_tokens.weight");
  });
  EXPECT_TRUE(LoadHfModel(only_head.path().string()).flat().equal(LoadHfModel(kGolden + "qwen3").flat()));

  const DamagedFolder no_head("llama");
  EditTensors(no_head, [](auto& t) { t.erase("lm_head.weight"); });
  EXPECT_THAT(no_head.LoadError(), HasSubstr("tensor lm_head.weight is missing"));
}

TEST(HfCheckpoint, StopsWhereEitherConfigSays) {
  const DamagedFolder folder("llama");
  folder.EditJson("generation_config.json", [](auto& j) { j["eos_token_id"] = {5, 7}; });
  const TransformerConfig config = LoadHfConfig(folder.path().string());
  EXPECT_EQ(config.eos_ids, (std::vector<int64_t>{5, 7, 2}));
  EXPECT_EQ(nlohmann::json::parse(ToConfigJson(config))["eos_token_id"], 2);  // the file keeps what it said
  folder.EditJson("generation_config.json", [](auto& j) { j["eos_token_id"] = "</s>"; });
  EXPECT_THAT(folder.LoadError(), HasSubstr("generation_config.json: eos_token_id"));
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

TEST(HfCheckpoint, NamesATensorThatIsNotFinite) {
  const TempFolder folder;
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    for (const size_t which : {size_t{0}, size_t{3}}) {
      const Transformer model = LoadHfModel(kGolden + "llama");
      const auto& [name, tensor] = model.parameters()[which];
      tensor.mutable_data_ptr<float>()[tensor.numel() - 1] = bad;
      SaveHfModel(model, {}, folder / "model");
      EXPECT_THAT(
          [&] { LoadHfModel(folder / "model"); },
          ::testing::ThrowsMessage<ConfigError>(HasSubstr((folder / "model") + ": tensor " + name + " has a value that is not finite")));
    }
  }
}

}  // namespace
}  // namespace temper
