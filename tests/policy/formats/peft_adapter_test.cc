#include "policy/formats/peft_adapter.h"

#include <filesystem>
#include <functional>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/model/sequence_logits.h"
#include "tests/support/golden_lora.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

// PEFT adds the product to the activations, this to the weights: the rest is fp32 rounding.
constexpr double kLogitTolerance = 1e-4;

std::vector<int32_t> Tokens(const at::Tensor& tokens) {
  return {tokens.const_data_ptr<int64_t>(), tokens.const_data_ptr<int64_t>() + tokens.numel()};
}

std::string MergeError(const std::string& folder, NamedTensors parameters) {
  try {
    bool tied = false;
    MergePeftAdapter(folder, std::nullopt, &parameters, &tied);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(PeftAdapter, MergedCheckpointsGiveTheLogitsOfPeft) {
  TempFolder scratch;
  for (const GoldenLora& golden : MergedLoras()) {
    SCOPED_TRACE(golden.name);
    const std::string out = scratch / golden.name;
    ConvertHfModel(golden.base_folder(), {.type = at::kFloat}, out, golden.folder());
    const auto expected = ReadSafetensors(golden.folder() + "/expected.safetensors");
    const at::Tensor logits = SequenceLogits(LoadHfModel(out), Tokens(expected.at("tokens")));
    EXPECT_LT((logits - expected.at("logits")).abs().max().item<double>(), kLogitTolerance);
    const at::Tensor base = SequenceLogits(LoadHfModel(golden.base_folder()), Tokens(expected.at("tokens")));
    EXPECT_GT((base - expected.at("logits")).abs().max().item<double>(), 0.1) << "the adapter changes too little to show anything";
  }
}

TEST(PeftAdapter, KeepsTheTypeOfTheBase) {
  TempFolder scratch;
  const GoldenLora golden = GoldenLoras()[2];
  ConvertHfModel(golden.base_folder(), {}, scratch / "as_is", golden.folder());
  ConvertHfModel(golden.base_folder(), {.type = at::kFloat}, scratch / "wide", golden.folder());
  const auto as_is = ReadSafetensors(scratch / "as_is/model.safetensors"), wide = ReadSafetensors(scratch / "wide/model.safetensors");
  for (const auto& [name, tensor] : as_is) {
    EXPECT_EQ(tensor.scalar_type(), at::kBFloat16) << name;
    EXPECT_TRUE(tensor.equal(wide.at(name).to(at::kBFloat16))) << name;  // rounded once
  }
}

TEST(PeftAdapter, WhatIsSavedMergesToTheSameBits) {
  TempFolder scratch;
  const GoldenLora golden = GoldenLoras()[0];
  const Transformer base = LoadHfModel(golden.base_folder());
  Transformer model = base.Clone();
  model.AddAdapter(golden.options);
  model.trainable().normal_(0, 0.1);
  model.MergeAdapter(base);
  SavePeftAdapter(*model.adapter(), "a/base", scratch / "adapter");
  const auto theirs = ReadSafetensors(golden.folder() + "/adapter_model.safetensors");
  const auto ours = ReadSafetensors(scratch / "adapter/adapter_model.safetensors");
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : theirs) EXPECT_EQ(ours.at(name).sizes(), tensor.sizes()) << name;
  const auto config = nlohmann::json::parse(ReadBytes(scratch / "adapter/adapter_config.json"));
  auto peft = nlohmann::json::parse(ReadBytes(golden.folder() + "/adapter_config.json"));
  for (const char* ours_alone : {"base_model_name_or_path", "target_modules"}) peft[ours_alone] = config[ours_alone];
  for (const auto& [key, value] : config.items()) EXPECT_EQ(value, peft[key]) << key;
  EXPECT_EQ(config["base_model_name_or_path"], "a/base");

  NamedTensors parameters = base.parameters();
  bool tied = false;
  MergePeftAdapter(scratch / "adapter", std::nullopt, &parameters, &tied);
  for (size_t i = 0; i < parameters.size(); ++i)
    EXPECT_TRUE(parameters[i].second.equal(model.parameters()[i].second)) << parameters[i].first;
}

// What transformers and PEFT open as a model, too.
TEST(PeftAdapter, AFolderOfAnAdapterAloneIsTheModelItIsOnWithTheAdapterMerged) {
  TempFolder scratch;
  for (const GoldenLora& golden : MergedLoras()) {
    SCOPED_TRACE(golden.name);
    ConvertHfModel(golden.base_folder(), {.type = at::kFloat}, scratch / "merged", golden.folder());
    std::filesystem::remove_all(scratch / "alone");
    std::filesystem::copy(golden.folder(), scratch / "alone");
    auto config = nlohmann::json::parse(ReadBytes(scratch / "alone/adapter_config.json"));
    config["base_model_name_or_path"] = golden.base_folder();
    WriteBytes(scratch / "alone/adapter_config.json", config.dump());
    EXPECT_TRUE(LoadHfModel(scratch / "alone").flat().equal(LoadHfModel(scratch / "merged").flat()));
    EXPECT_EQ(LoadHfConfig(scratch / "alone").tie_embeddings, LoadHfConfig(scratch / "merged").tie_embeddings);
    EXPECT_EQ(LoadHfConfig(scratch / "alone").eos_ids, LoadHfConfig(scratch / "merged").eos_ids);
    ConvertHfModel(scratch / "alone", {.type = at::kFloat}, scratch / "converted");
    EXPECT_TRUE(LoadHfModel(scratch / "converted").flat().equal(LoadHfModel(scratch / "merged").flat()));
    for (const char* elsewhere : {"org/model", ""}) {
      config["base_model_name_or_path"] = elsewhere;
      WriteBytes(scratch / "alone/adapter_config.json", config.dump());
      try {
        LoadHfModel(scratch / "alone");
        ADD_FAILURE() << "loaded on \"" << elsewhere << "\"";
      } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("temper convert --model BASE --adapter"));
      }
    }
  }
}

TEST(PeftAdapter, RefusesWhatItWouldMergeWrongly) {
  const GoldenLora golden = GoldenLoras()[0];
  const NamedTensors parameters = LoadHfModel(golden.base_folder()).parameters();
  const auto config = nlohmann::json::parse(ReadBytes(golden.folder() + "/adapter_config.json"));
  const std::pair<const char*, nlohmann::json> edits[] = {{"peft_type", "IA3"},
                                                          {"use_dora", true},
                                                          {"bias", "all"},
                                                          {"modules_to_save", {3}},
                                                          {"rank_pattern", {{"q_proj", "8"}}},
                                                          {"rank_pattern", {{"q_proj(", 8}}},
                                                          {"alpha_pattern", {{"q_proj", 0}}},
                                                          {"alpha_pattern", 3},
                                                          {"ensure_weight_tying", true},
                                                          {"init_lora_weights", "pissa_niter_4"},
                                                          {"r", 0},
                                                          {"r", "4"},
                                                          {"lora_alpha", nullptr}};
  for (const auto& [key, value] : edits) {
    TempFolder scratch;
    std::filesystem::copy(golden.folder() + "/adapter_model.safetensors", scratch / "adapter_model.safetensors");
    nlohmann::json edited = config;
    edited[key] = value;
    WriteBytes(scratch / "adapter_config.json", edited.dump());
    const std::string error = MergeError(scratch.path(), parameters);
    EXPECT_THAT(error, HasSubstr("adapter_config.json")) << key;
    EXPECT_THAT(error, HasSubstr(key));
  }
}

// The file names its patterns in an order, and the first that fits a module counts.
TEST(PeftAdapter, ReadsPatternsAsPeftDoes) {
  const GoldenLora golden = GoldenLoras()[0];
  const NamedTensors parameters = LoadHfModel(golden.base_folder()).parameters();
  const auto config = nlohmann::ordered_json::parse(ReadBytes(golden.folder() + "/adapter_config.json"));
  const auto merged = [&](const char* patterns) {
    TempFolder scratch;
    std::filesystem::copy(golden.folder() + "/adapter_model.safetensors", scratch / "adapter_model.safetensors");
    auto edited = config;
    edited["alpha_pattern"] = nlohmann::ordered_json::parse(patterns);
    WriteBytes(scratch / "adapter_config.json", edited.dump());
    NamedTensors changed = parameters;
    bool tied = false;
    MergePeftAdapter(scratch.path(), std::nullopt, &changed, &tied);
    return std::map<std::string, at::Tensor>(changed.begin(), changed.end());
  };
  const std::string first = "model.layers.0.self_attn.q_proj.weight", second = "model.layers.1.self_attn.q_proj.weight";
  const auto plain = merged("{}"), half = merged("{\"q_proj\": 4}");  // of 8
  const auto base = std::map<std::string, at::Tensor>(parameters.begin(), parameters.end());
  EXPECT_LT((half.at(first) - (plain.at(first) + base.at(first)) / 2).abs().max().item<double>(), 1e-6);
  const auto both = merged("{\"z|layers.0.self_attn.q_proj\": 8, \"q_proj\": 4, \".*\": 16}");
  EXPECT_TRUE(both.at(first).equal(plain.at(first)));
  EXPECT_TRUE(both.at(second).equal(half.at(second)));
  const auto whole_names = merged("{\"proj\": 4, \"ayers.1.self_attn.q_proj\": 4}");  // neither is a module's name from a dot on
  EXPECT_TRUE(whole_names.at(second).equal(plain.at(second)));
}

TEST(PeftAdapter, RefusesTensorsThatDoNotFit) {
  const GoldenLora golden = GoldenLoras()[0];
  const NamedTensors parameters = LoadHfModel(golden.base_folder()).parameters();
  const auto stored = ReadSafetensors(golden.folder() + "/adapter_model.safetensors");
  const std::string query = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  const auto error_with = [&](const std::function<void(std::map<std::string, at::Tensor>&)>& edit) {
    TempFolder scratch;
    std::filesystem::copy(golden.folder() + "/adapter_config.json", scratch / "adapter_config.json");
    auto tensors = stored;
    edit(tensors);
    WriteSafetensors(scratch / "adapter_model.safetensors", NamedTensors(tensors.begin(), tensors.end()), {});
    return MergeError(scratch.path(), parameters);
  };
  EXPECT_EQ(error_with([](auto&) {}), "");
  EXPECT_THAT(error_with([&](auto& t) { t.erase(query); }), HasSubstr("layers.0.self_attn.q_proj.weight: lora_A or lora_B is missing"));
  EXPECT_THAT(error_with([&](auto& t) { t[query] = at::zeros({4, 5}); }), HasSubstr("lora_A is [4, 5]"));
  EXPECT_THAT(error_with([&](auto& t) { t[query] = at::zeros({3, 24}); }), HasSubstr("for rank 4"));
  EXPECT_THAT(error_with([&](auto& t) { t["base_model.model.lm_head.bias"] = at::zeros({2}); }), HasSubstr("is not a LoRA matrix"));
  EXPECT_THAT(error_with([&](auto& t) {
                for (const char* factor : {"A", "B"})
                  t[Concat("base_model.model.model.layers.9.mlp.up_proj.lora_", factor, ".weight")] = at::zeros({4, 4});
              }),
              HasSubstr("adapts model.layers.9.mlp.up_proj.weight, which the base does not have"));
  EXPECT_THAT(error_with([&](auto& t) { t[query] = at::full_like(t[query], 3e38f); }), HasSubstr("not finite"));
  EXPECT_THAT(error_with([](auto& t) { t.clear(); }), HasSubstr("holds no adapter"));
  EXPECT_THAT(MergeError("/nonexistent", parameters), HasSubstr("/nonexistent/adapter_config.json"));
}

}  // namespace
}  // namespace temper
