#include "policy/formats/peft_adapter.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/isfinite.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kWeightFile = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";
constexpr int kMaxDepth = 16;
constexpr int64_t kMaxRank = 1 << 20;

// An integer where it is one, as PEFT writes it.
OrderedJson Number(double value) {
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  return whole ? OrderedJson(static_cast<int64_t>(value)) : OrderedJson(value);
}

std::string ConfigJson(const LoraOptions& options, const std::string& base) {
  OrderedJson root;
  root["base_model_name_or_path"] = base.empty() ? OrderedJson() : OrderedJson(base);
  root["bias"] = "none";
  root["fan_in_fan_out"] = false;
  root["inference_mode"] = true;
  root["init_lora_weights"] = true;
  root["lora_alpha"] = Number(options.alpha);
  root["lora_dropout"] = 0.0;
  root["modules_to_save"] = nullptr;
  root["peft_type"] = "LORA";
  root["r"] = options.rank;
  root["target_modules"] = options.target_modules;
  root["task_type"] = "CAUSAL_LM";
  root["use_dora"] = false;
  root["use_rslora"] = false;
  return root.dump(2) + "\n";
}

struct Factors {
  at::Tensor a_RK, b_NR;
};
struct AdapterFolder {
  std::string weight_path;
  int64_t rank = 0;
  double scale = 0;
  std::map<std::string, Factors> targets;  // by the parameter's name in the base
};

// Refuses settings under which the files mean something else than W + scale B A. A key that is absent, null, false or empty is off.
void CheckPlainLora(const std::string& path, const Json& config) {
  const auto text = [&](const char* key) { return config.contains(key) ? config[key].dump() : "nothing"; };
  if (config.value("peft_type", Json()) != "LORA")
    throw ConfigError(Concat(path, ": peft_type is ", text("peft_type"), ", expected \"LORA\""));
  if (config.contains("bias") && config["bias"] != "none")
    throw ConfigError(Concat(path, ": bias is ", text("bias"), ": only adapters without biases (\"none\") can be read"));
  for (const char* key : {"use_dora", "use_bdlora", "use_qalora", "fan_in_fan_out", "lora_bias", "modules_to_save", "rank_pattern",
                          "alpha_pattern", "layer_replication", "target_parameters", "trainable_token_indices", "alora_invocation_tokens",
                          "arrow_config", "kasa_config", "monteclora_config", "velora_config"}) {
    const Json value = config.value(key, Json());
    if (!value.is_null() && value != false && !(value.is_structured() && value.empty()))
      throw ConfigError(Concat(path, ": ", key, " is ", Quoted(value.dump()), ": such adapters cannot be read"));
  }
  const std::string start = config.value("init_lora_weights", Json()).dump();
  for (const char* moves_base : {"\"pissa", "\"olora", "\"corda", "\"loftq"})
    if (start.starts_with(moves_base))
      throw ConfigError(Concat(path, ": init_lora_weights is ", Quoted(start), ": the adapter's base is not the model as it is stored"));
}

void ReadConfig(const std::string& path, AdapterFolder* adapter) {
  std::string problem;
  const auto config = ParseStrictJson(ReadUserFile(path), kMaxDepth, &problem);
  if (!config || !config->is_object()) throw ConfigError(Concat(path, ": not a JSON object: ", problem));
  CheckPlainLora(path, *config);
  const Json rank = config->value("r", Json()), alpha = config->value("lora_alpha", Json());
  if (!rank.is_number_integer() || rank < 1 || rank > kMaxRank)
    throw ConfigError(Concat(path, ": r is ", Quoted(rank.dump()), ", expected a whole number, at least 1"));
  if (!alpha.is_number()) throw ConfigError(Concat(path, ": lora_alpha is ", Quoted(alpha.dump()), ", expected a number"));
  adapter->rank = rank.get<int64_t>();
  const auto ranks = static_cast<double>(adapter->rank);
  const bool by_root = config->value("use_rslora", Json()) == true;  // Kalajdzievski, "Rank stabilization", 2023
  adapter->scale = alpha.get<double>() / (by_root ? std::sqrt(ranks) : ranks);
}

// "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight" into *target "model.layers.0.mlp.up_proj.weight"; 'A', 'B', or 0 for any
// other name.
char ParseName(const std::string& name, std::string* target) {
  for (const char factor : {'A', 'B'}) {
    const std::string suffix = Concat(".lora_", factor, ".weight");
    if (!name.starts_with(kPrefix) || !name.ends_with(suffix) || name.size() <= kPrefix.size() + suffix.size()) continue;
    *target = Concat(name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size()), ".weight");
    return factor;
  }
  return 0;
}

AdapterFolder ReadFolder(const std::string& folder) {
  AdapterFolder adapter;
  ReadConfig((fs::path(folder) / kConfigFile).string(), &adapter);
  adapter.weight_path = (fs::path(folder) / kWeightFile).string();
  for (const auto& [name, tensor] : MapSafetensors(adapter.weight_path)) {
    std::string target;
    const char factor = ParseName(name, &target);
    if (factor == 0 || tensor.dim() != 2 || !tensor.is_floating_point())
      throw ConfigError(Concat(adapter.weight_path, ": ", Quoted(name, 200), " is no LoRA matrix of a linear layer"));
    (factor == 'A' ? adapter.targets[target].a_RK : adapter.targets[target].b_NR) = tensor.to(at::kFloat);
  }
  if (adapter.targets.empty()) throw ConfigError(Concat(adapter.weight_path, ": holds no adapter"));
  return adapter;
}

// Throws unless the factors are there and make a product of W's shape.
void CheckFactors(const AdapterFolder& adapter, const std::string& target, const Factors& factors, at::IntArrayRef shape) {
  const std::string at = Concat(adapter.weight_path, ": adapter of ", Quoted(target, 200));
  if (!factors.a_RK.defined() || !factors.b_NR.defined()) throw ConfigError(Concat(at, ": lora_A or lora_B is missing"));
  const auto a = factors.a_RK.sizes(), b = factors.b_NR.sizes();
  if (shape.size() != 2 || a[0] != adapter.rank || b[1] != adapter.rank || a[1] != shape[1] || b[0] != shape[0])
    throw ConfigError(Concat(at, ": lora_A is ", a, " and lora_B ", b, ", for rank ", adapter.rank, " and a weight of ", shape));
}

}  // namespace

void SavePeftAdapter(const LoraAdapter& adapter, const std::string& base, const std::string& folder) {
  fs::create_directories(folder);
  NamedTensors tensors = adapter.parameters();
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  WriteSafetensors((fs::path(folder) / kWeightFile).string(), tensors, {{"format", "pt"}});
  WriteFile(fs::path(folder) / kConfigFile, ConfigJson(adapter.options(), base), {.durable = true});
  FlushToDisk(folder);
}

void MergePeftAdapter(const std::string& folder, std::optional<at::ScalarType> written, NamedTensors* parameters) {
  const at::NoGradGuard no_grad;
  AdapterFolder adapter = ReadFolder(folder);
  for (auto& [name, weight] : *parameters) {
    const auto found = adapter.targets.find(name);
    if (found == adapter.targets.end()) continue;
    const Factors& factors = found->second;
    CheckFactors(adapter, name, factors, weight.sizes());
    const at::Tensor merged = at::addmm(weight.to(at::kFloat), factors.b_NR, factors.a_RK, /*beta=*/1, adapter.scale);
    weight = written ? merged : merged.to(weight.scalar_type());
    if (!at::isfinite(weight).all().item<bool>())
      throw ConfigError(Concat(adapter.weight_path, ": ", name, " with its adapter has values that are not finite; try --dtype fp32"));
    adapter.targets.erase(found);
  }
  if (!adapter.targets.empty())
    throw ConfigError(
        Concat(adapter.weight_path, ": adapts ", Quoted(adapter.targets.begin()->first, 200), ", which the base does not have"));
}

}  // namespace temper
