#include "policy/model/transformer_config.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Json = nlohmann::json;

Json Base(const char* type) {
  return {{"model_type", type},     {"vocab_size", 50},         {"hidden_size", 32},       {"intermediate_size", 48},
          {"num_hidden_layers", 3}, {"num_attention_heads", 4}, {"num_key_value_heads", 2}};
}
TransformerConfig Parse(const Json& json) { return ParseTransformerConfig(json.dump()); }

// Expected values: LlamaConfig, Qwen2Config, Qwen3Config and MistralConfig of transformers 5.23.
TEST(TransformerConfig, KeysLeftOutMeanWhatTheyMeanInTransformers) {
  const TransformerConfig llama = Parse(Base("llama"));
  EXPECT_EQ(llama.max_positions, 2048);
  EXPECT_EQ(llama.head_dim, 8);
  EXPECT_EQ(llama.bos_id, 1);
  EXPECT_EQ(llama.eos_ids, std::vector<int64_t>{2});
  EXPECT_EQ(llama.rope_theta, 10000);
  EXPECT_EQ(llama.rms_norm_eps, 1e-6);
  EXPECT_FALSE(llama.tie_embeddings || llama.qkv_bias);
  const TransformerConfig qwen2 = Parse(Base("qwen2"));
  EXPECT_EQ(qwen2.max_positions, 32768);
  EXPECT_EQ(qwen2.bos_id, -1);
  EXPECT_TRUE(qwen2.eos_ids.empty() && qwen2.qkv_bias && !qwen2.output_bias && qwen2.layer_windows.empty());
  EXPECT_EQ(Parse(Base("qwen3")).head_dim, 128);
  const TransformerConfig mistral = Parse(Base("mistral"));
  EXPECT_EQ(mistral.max_positions, 131072);
  EXPECT_EQ(mistral.layer_windows, (std::vector<int64_t>{4096, 4096, 4096}));
}

TEST(TransformerConfig, AbsentAndNullHeadsDiffer) {
  Json json = Base("llama");
  json["num_key_value_heads"] = nullptr;
  EXPECT_EQ(Parse(json).num_kv_heads, 4);
  json = Base("mistral");
  json["num_key_value_heads"] = nullptr;
  EXPECT_EQ(Parse(json).num_kv_heads, 4);
  json["num_attention_heads"] = 16;
  json.erase("num_key_value_heads");
  EXPECT_EQ(Parse(json).num_kv_heads, 8);
}

TEST(TransformerConfig, BothRopeSpellings) {
  Json json = Base("llama");
  json["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2}, {"rope_theta", 500.0}};
  EXPECT_EQ(Parse(json).rope_theta, 500);
  EXPECT_EQ(Parse(json).rope_scaling.type, "linear");
  // A rope_scaling overrules rope_parameters whole: the theta then is the one beside it, or the default.
  json["rope_scaling"] = {{"type", "llama3"}, {"factor", 8}, {"low_freq_factor", 1}, {"high_freq_factor", 4}};
  EXPECT_EQ(Parse(json).rope_theta, 10000);
  EXPECT_EQ(Parse(json).rope_scaling.type, "llama3");
  EXPECT_EQ(Parse(json).rope_scaling.original_max_positions, 2048);  // none given: max_position_embeddings
  json["rope_scaling"]["original_max_position_embeddings"] = 512;
  json["rope_theta"] = 700;
  EXPECT_EQ(Parse(json).rope_scaling.original_max_positions, 512);
  EXPECT_EQ(Parse(json).rope_theta, 700);
  json["rope_scaling"] = nullptr;
  EXPECT_EQ(Parse(json).rope_theta, 500);
}

TEST(TransformerConfig, QwenWindowsBeginAfterMaxWindowLayers) {
  Json json = Base("qwen2");
  json["sliding_window"] = 7;
  json["max_window_layers"] = 1;
  EXPECT_TRUE(Parse(json).layer_windows.empty());  // not switched on
  json["use_sliding_window"] = true;
  EXPECT_EQ(Parse(json).layer_windows, (std::vector<int64_t>{0, 7, 7}));
  json["layer_types"] = {"sliding_attention", "full_attention", "full_attention"};
  EXPECT_EQ(Parse(json).layer_windows, (std::vector<int64_t>{7, 0, 0}));
  json["sliding_window"] = nullptr;
  EXPECT_THROW(Parse(json), ConfigError);  // a sliding layer without a window
  json.erase("layer_types");
  EXPECT_TRUE(Parse(json).layer_windows.empty());
}

TEST(TransformerConfig, WritesBackWhatItRead) {
  for (const char* type : {"llama", "qwen2", "qwen3", "mistral"}) {
    Json json = Base(type);
    json["eos_token_id"] = {2, 70};  // 70 is no token, but is not ours to delete
    json["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
    json["transformers_version"] = "4.44";
    json["some_key"] = {{"a", {1, 2}}};
    json["head_dim"] = nullptr;
    json["torch_dtype"] = "bfloat16";
    const TransformerConfig config = Parse(json);
    EXPECT_EQ(config.eos_ids, std::vector<int64_t>{2});
    const Json written = Json::parse(ToConfigJson(config));
    for (const auto& [key, value] : json.items()) EXPECT_EQ(written.at(key), value) << type << " " << key;
    EXPECT_EQ(ParseTransformerConfig(written.dump()), config) << type;
  }
}

// theta 10000, head dimension 8: frequencies 1, 0.1, 0.01, 0.001, wavelengths 2 pi times their inverses: 6.28, 62.8, 628, 6283.
TEST(Rope, StretchesLongWavelengthsOnly) {
  const std::vector<float> linear = RopeFrequencies(8, 10000, {.type = "linear", .factor = 4});
  EXPECT_FLOAT_EQ(linear[1], 0.025f);
  // 400 / 4 = 100 and 400 / 1 = 400 bound the band between: 628 and 6283 are slowed in full, 6.28 and 62.8 not at all.
  const std::vector<float> out = RopeFrequencies(8, 10000, {"llama3", 8, 1, 4, 400});
  EXPECT_FLOAT_EQ(out[0], 1.0f);
  EXPECT_FLOAT_EQ(out[1], 0.1f);
  EXPECT_FLOAT_EQ(out[2], 0.01f / 8);
  EXPECT_FLOAT_EQ(out[3], 0.001f / 8);
  // 1000 / 628.32 = 1.59155; smooth = 0.59155 / 3 = 0.197183; (0.802817 / 8 + 0.197183) * 0.01.
  EXPECT_NEAR(RopeFrequencies(8, 10000, {"llama3", 8, 1, 4, 1000})[2], 0.00297535, 1e-8);
}

// The long-context setting of Qwen2.5 and Qwen3; numbers of transformers 5.23's modeling_rope_utils.
TEST(Rope, YarnSlowsWhatTurnsSeldom) {
  const RopeScaling scaling{.type = "yarn", .factor = 4, .original_max_positions = 32768};
  const std::vector<float> frequencies = RopeFrequencies(128, 1e6, scaling);
  const std::vector<std::pair<size_t, float>> expected = {{0, 1.0f},
                                                          {22, 0.00865964312f},
                                                          {23, 0.00697830599f},
                                                          {30, 0.00106436096f},
                                                          {36, 0.000179841154f},
                                                          {39, 6.4903943e-05f},
                                                          {40, 4.44569851e-05f},
                                                          {45, 1.51074091e-05f},
                                                          {63, 3.10234441e-07f}};
  for (const auto& [pair, frequency] : expected) EXPECT_FLOAT_EQ(frequencies[pair], frequency) << pair;
  EXPECT_DOUBLE_EQ(RopeAttentionFactor(scaling), 1.138629436111989);  // 0.1 ln 4 + 1
  EXPECT_EQ(RopeAttentionFactor({.type = "llama3", .factor = 4}), 1);
}

// Within max_position_embeddings dynamic scaling changes nothing, and no sequence here is longer.
TEST(Rope, DynamicIsPlainWithinTheModelsPositions) {
  EXPECT_EQ(RopeFrequencies(128, 1e4, {.type = "dynamic", .factor = 2.5}), RopeFrequencies(128, 1e4, {}));
}

TEST(TransformerConfig, ReadsYarnAsTransformersDoes) {
  Json json = Base("qwen2");
  json["rope_scaling"] = {{"type", "yarn"}, {"factor", 4.0}, {"beta_fast", 0}, {"truncate", false}, {"attention_factor", nullptr}};
  RopeScaling scaling = Parse(json).rope_scaling;
  EXPECT_EQ(scaling.original_max_positions, Parse(json).max_positions);  // none given: max_position_embeddings
  EXPECT_EQ(scaling.beta_fast, 32);                                      // 0 is as good as none
  EXPECT_EQ(scaling.beta_slow, 1);
  EXPECT_FALSE(scaling.truncate);
  EXPECT_EQ(scaling.attention_factor, 0);
  EXPECT_EQ(ParseTransformerConfig(ToConfigJson(Parse(json))), Parse(json));
  json["rope_scaling"]["factor"] = nullptr;  // by the lengths
  json["rope_scaling"]["original_max_position_embeddings"] = 512;
  scaling = Parse(json).rope_scaling;
  EXPECT_EQ(scaling.factor, static_cast<double>(Parse(json).max_positions) / 512);
}

TEST(TransformerConfig, BadTextIsRefused) {
  for (const char* text :
       {"", "[]", "{", "{\"model_type\": 3}", "{\"model_type\": \"llama\", \"model_type\": \"llama\"}", "{\"a\": 1e999}"})
    EXPECT_THROW(ParseTransformerConfig(text), ConfigError) << text;
  EXPECT_THROW(ParseTransformerConfig(std::string(100000, '[')), ConfigError);
}

}  // namespace
}  // namespace temper
