#include "policy/formats/peft_adapter.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/isfinite.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/text/strict_json.h"
#include "policy/text/unicode_regex.h"

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
  root["use_rslora"] = options.rslora;
  return root.dump(2) + "\n";
}

// What a matrix of the base gets.
struct Change {
  at::Tensor saved;  // takes its place first; undefined = it stays
  at::Tensor a_RK, b_NR;
};

// rank_pattern or alpha_pattern: a regular expression for the end of a module's name, and what holds in place of r or lora_alpha.
using Pattern = std::pair<UnicodeRegex, double>;

struct AdapterFolder {
  std::string config_path, weight_path;
  double rank = 0, alpha = 0;
  bool rslora = false;
  std::vector<Pattern> ranks, alphas;  // of the file, in its order: the first that fits counts
  std::vector<std::string> saved_modules;
  std::map<std::string, Change> changes;  // by the parameter's name in the base
};

// Refuses settings under which the files mean something else than W + scale B A. A key that is absent, null, false or empty is off.
void CheckPlainLora(const std::string& path, const Json& config) {
  const auto text = [&](const char* key) { return config.contains(key) ? config[key].dump() : "nothing"; };
  if (config.value("peft_type", Json()) != "LORA")
    throw ConfigError(Concat(path, ": peft_type is ", text("peft_type"), ", expected \"LORA\""));
  if (config.contains("bias") && config["bias"] != "none")
    throw ConfigError(Concat(path, ": bias is ", text("bias"), ": only adapters without biases (\"none\") can be read"));
  for (const char* key : {"use_dora", "use_bdlora", "use_qalora", "ensure_weight_tying", "fan_in_fan_out", "lora_bias", "layer_replication",
                          "target_parameters", "trainable_token_indices", "alora_invocation_tokens", "arrow_config", "kasa_config",
                          "monteclora_config", "velora_config"}) {
    const Json value = config.value(key, Json());
    if (!value.is_null() && value != false && !(value.is_structured() && value.empty()))
      throw ConfigError(Concat(path, ": ", key, " is ", Quoted(value.dump()), ": such adapters cannot be read"));
  }
  const std::string start = config.value("init_lora_weights", Json()).dump();
  for (const char* moves_base : {"\"pissa", "\"olora", "\"corda", "\"loftq"})
    if (start.starts_with(moves_base))
      throw ConfigError(Concat(path, ": init_lora_weights is ", Quoted(start), ": the adapter's base is not the model as it is stored"));
}

std::vector<Pattern> ReadPatterns(const std::string& path, const OrderedJson& config, const char* key) {
  std::vector<Pattern> patterns;
  const OrderedJson found = config.value(key, OrderedJson());
  if (found.is_null()) return patterns;
  if (!found.is_object()) throw ConfigError(Concat(path, ": ", key, ": expected an object of names and numbers"));
  for (const auto& [name, value] : found.items()) {
    const std::string where = Concat(path, ": ", key, ": ", Quoted(name), ": ");
    if (!value.is_number() || !(value.get<double>() > 0))
      throw ConfigError(Concat(where, Quoted(value.dump()), " is not a number above 0"));
    try {
      patterns.emplace_back(UnicodeRegex(Concat("(?:.*\\.)?(?:", name, ")$")), value.get<double>());
    } catch (const ConfigError& error) {
      throw ConfigError(where + error.what());
    }
  }
  return patterns;
}

void ReadConfig(AdapterFolder* adapter) {
  const std::string& path = adapter->config_path;
  const std::string text = ReadUserFile(path);
  std::string problem = "not an object";
  const auto config = ParseStrictJson(text, kMaxDepth, &problem);
  if (!config || !config->is_object()) throw ConfigError(Concat(path, ": not a JSON object: ", problem));
  CheckPlainLora(path, *config);
  const Json rank = config->value("r", Json()), alpha = config->value("lora_alpha", Json());
  if (!rank.is_number_integer() || rank < 1 || rank > kMaxRank)
    throw ConfigError(Concat(path, ": r is ", Quoted(rank.dump()), ", expected a whole number, at least 1"));
  if (!alpha.is_number()) throw ConfigError(Concat(path, ": lora_alpha is ", Quoted(alpha.dump()), ", expected a number"));
  adapter->rank = rank.get<double>();
  adapter->alpha = alpha.get<double>();
  adapter->rslora = config->value("use_rslora", Json()) == true;
  const OrderedJson ordered = OrderedJson::parse(text);
  adapter->ranks = ReadPatterns(path, ordered, "rank_pattern");
  adapter->alphas = ReadPatterns(path, ordered, "alpha_pattern");
  for (const Json& name : config->value("modules_to_save", Json::array())) {
    if (!name.is_string()) throw ConfigError(Concat(path, ": modules_to_save: expected a list of texts"));
    adapter->saved_modules.push_back(name.get<std::string>());
  }
}

// What holds for a module: "model.layers.0.mlp.up_proj".
double ValueFor(const std::string& module, const std::vector<Pattern>& patterns, double otherwise) {
  for (const auto& [regex, value] : patterns)
    if (regex.MatchAtStart(module) == module.size()) return value;
  return otherwise;
}

bool SavesModule(const AdapterFolder& adapter, const std::string& module) {
  return std::any_of(adapter.saved_modules.begin(), adapter.saved_modules.end(),
                     [&](const std::string& saved) { return module.ends_with(saved); });
}

std::string WithoutEnding(const std::string& name, std::string_view ending) { return name.substr(0, name.size() - ending.size()); }

// Puts a tensor of the file where it belongs: ...up_proj.lora_A.weight at the change of ...up_proj.weight. False where the name is none of
// PEFT's for a linear layer or a saved module.
bool Place(const std::string& name, const at::Tensor& tensor, AdapterFolder* adapter) {
  if (!name.starts_with(kPrefix) || !tensor.is_floating_point()) return false;
  const std::string own = name.substr(kPrefix.size());
  const at::Tensor values = tensor.to(at::kFloat);
  for (const char factor : {'A', 'B'}) {
    const std::string ending = Concat(".lora_", factor, ".weight");
    if (!own.ends_with(ending) || own.size() == ending.size()) continue;
    Change& change = adapter->changes[WithoutEnding(own, ending) + ".weight"];
    (factor == 'A' ? change.a_RK : change.b_NR) = values;
    return tensor.dim() == 2;
  }
  // With an adapter on the output projection PEFT stores that projection's own matrix, too.
  constexpr std::string_view kBase = ".base_layer.weight";
  const std::string parameter = own.ends_with(kBase) ? WithoutEnding(own, kBase) + ".weight" : own;
  const size_t dot = parameter.rfind('.');
  const std::string module = parameter.substr(0, dot == std::string::npos ? 0 : dot);
  const bool embeds = parameter == "model.embed_tokens.weight" || parameter == "lm_head.weight";  // kept where the vocabulary grew
  if (!embeds && !SavesModule(*adapter, module)) return false;
  adapter->changes[parameter].saved = values;
  return true;
}

AdapterFolder ReadFolder(const std::string& folder) {
  AdapterFolder adapter;
  adapter.config_path = (fs::path(folder) / kConfigFile).string();
  adapter.weight_path = (fs::path(folder) / kWeightFile).string();
  ReadConfig(&adapter);
  for (const auto& [name, tensor] : MapSafetensors(adapter.weight_path)) {
    if (!Place(name, tensor, &adapter))
      throw ConfigError(Concat(adapter.weight_path, ": ", Quoted(name, 200), " is not a LoRA matrix of a linear layer",
                               adapter.saved_modules.empty() ? "" : " and of no module that modules_to_save names"));
  }
  if (adapter.changes.empty()) throw ConfigError(Concat(adapter.weight_path, ": holds no adapter"));
  return adapter;
}

// The weight with its change, in fp32. Throws unless the tensors are there and have W's shape.
at::Tensor Changed(const AdapterFolder& adapter, const std::string& target, const Change& change, const at::Tensor& weight) {
  const std::string at = Concat(adapter.weight_path, ": adapter of ", Quoted(target, 200));
  const auto shape = weight.sizes();
  if (change.saved.defined() && change.saved.sizes() != shape)
    throw ConfigError(Concat(at, ": the saved module is ", change.saved.sizes(), ", the base has ", shape));
  const at::Tensor from = change.saved.defined() ? change.saved : weight.to(at::kFloat);
  if (!change.a_RK.defined() && !change.b_NR.defined()) return from;
  if (!change.a_RK.defined() || !change.b_NR.defined()) throw ConfigError(Concat(at, ": lora_A or lora_B is missing"));
  const std::string module = WithoutEnding(target, ".weight");
  const double rank = ValueFor(module, adapter.ranks, adapter.rank);
  const auto a = change.a_RK.sizes(), b = change.b_NR.sizes();
  if (shape.size() != 2 || static_cast<double>(a[0]) != rank || static_cast<double>(b[1]) != rank || a[1] != shape[1] || b[0] != shape[0])
    throw ConfigError(Concat(at, ": lora_A is ", a, " and lora_B ", b, ", for rank ", rank, " and a weight of ", shape));
  const double scale = LoraScale(ValueFor(module, adapter.alphas, adapter.alpha), a[0], adapter.rslora);
  return at::addmm(from, change.b_NR, change.a_RK, /*beta=*/1, scale);
}

// A change of the output projection is none of the embedding that it is tied to, nor is a saved embedding's one of the projection: PEFT
// keeps the other as the base has it, and they part.
bool Parts(const AdapterFolder& adapter) {
  const bool saves_embedding = SavesModule(adapter, "model.embed_tokens") && adapter.changes.contains("model.embed_tokens.weight");
  return saves_embedding || adapter.changes.contains("lm_head.weight");
}

void Untie(const AdapterFolder& adapter, NamedTensors* parameters, bool* tied) {
  if (!*tied || !Parts(adapter)) return;
  const auto is_embedding = [](const auto& parameter) { return parameter.first == "model.embed_tokens.weight"; };
  const auto embedding = std::find_if(parameters->begin(), parameters->end(), is_embedding);
  TEMPER_CHECK(embedding != parameters->end(), "a model without an embedding");
  parameters->emplace_back("lm_head.weight", at::Tensor(embedding->second));
  *tied = false;
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

std::string AdapterIn(const std::string& folder) { return IsPeftAdapter(folder) ? folder : (fs::path(folder) / "adapter").string(); }

bool IsPeftAdapter(const std::string& folder) {
  return fs::exists(fs::path(folder) / kConfigFile) && !fs::exists(fs::path(folder) / "config.json");
}

std::string BaseOfPeftAdapter(const std::string& folder) {
  const std::string path = (fs::path(folder) / kConfigFile).string();
  std::string problem;
  const auto config = ParseStrictJson(ReadUserFile(path), kMaxDepth, &problem);
  const Json named = config && config->is_object() ? config->value("base_model_name_or_path", Json()) : Json();
  const std::string base = named.is_string() ? named.get<std::string>() : "";
  if (!base.empty() && fs::exists(fs::path(base) / "config.json")) return base;
  throw ConfigError(Concat(path, ": the adapter is on ", base.empty() ? "a model that it does not name" : Quoted(base, 200),
                           base.empty() ? "" : ", and there is no model folder of that name",
                           "; merge it into its model with temper convert --model BASE --adapter ", folder, " --out MERGED"));
}

bool PartsTiedEmbeddings(const std::string& folder) { return Parts(ReadFolder(folder)); }

void LoadPeftAdapter(const std::string& folder, const NamedTensors& parameters) {
  const at::NoGradGuard no_grad;
  const std::string path = (fs::path(folder) / kWeightFile).string();
  const auto stored = MapSafetensors(path);
  if (stored.size() != parameters.size())
    throw ConfigError(Concat(path, ": ", stored.size(), " tensors, an adapter of these targets has ", parameters.size()));
  for (const auto& [name, values] : parameters) {
    const auto found = stored.find(name);
    if (found == stored.end()) throw ConfigError(Concat(path, ": ", name, " is missing"));
    if (found->second.sizes() != values.sizes() || found->second.scalar_type() != at::kFloat)
      throw ConfigError(Concat(path, ": ", name, " is ", found->second.sizes(), ", this run's is ", values.sizes(), " in fp32"));
    values.copy_(found->second);
  }
}

void MergePeftAdapter(const std::string& folder, std::optional<at::ScalarType> written, NamedTensors* parameters, bool* tied) {
  const at::NoGradGuard no_grad;
  AdapterFolder adapter = ReadFolder(folder);
  Untie(adapter, parameters, tied);
  for (auto& [name, weight] : *parameters) {
    const auto found = adapter.changes.find(name);
    if (found == adapter.changes.end()) continue;
    const at::Tensor merged = Changed(adapter, name, found->second, weight);
    weight = written ? merged : merged.to(weight.scalar_type());
    if (!at::isfinite(weight).all().item<bool>())
      throw ConfigError(Concat(adapter.weight_path, ": ", name, " with its adapter has values that are not finite; try --dtype fp32"));
    adapter.changes.erase(found);
  }
  if (!adapter.changes.empty())
    throw ConfigError(
        Concat(adapter.weight_path, ": adapts ", Quoted(adapter.changes.begin()->first, 200), ", which the base does not have"));
}

}  // namespace temper
