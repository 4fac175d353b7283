// TransformerConfig from config.json.
#include <algorithm>
#include <array>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "policy/model/shape_limits.h"
#include "policy/model/transformer_config.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;

[[noreturn]] void RefuseConfig(const std::string& key, const std::string& why) {
  throw ConfigError(Concat("config.json: ", key, ": ", why));
}

std::string Shown(const Json& value) { return Quoted(value.dump(), 80); }

const Json* Find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

bool IsWholeNumber(const Json& value) {
  return value.is_number_integer() && !(value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX});
}
int64_t IntAt(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  if (value == nullptr) RefuseConfig(key, "missing");
  if (!IsWholeNumber(*value)) RefuseConfig(key, Concat("expected a whole number, found ", Shown(*value)));
  return value->get<int64_t>();
}
int64_t IntOr(const Json& object, const char* key, int64_t absent) { return Find(object, key) ? IntAt(object, key) : absent; }
// For keys whose null means something else than their absence.
int64_t IntOr(const Json& object, const char* key, int64_t absent, int64_t null) {
  return object.contains(key) ? IntOr(object, key, null) : absent;
}

double RealOr(const Json& object, const char* key, double absent) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absent;
  if (!value->is_number()) RefuseConfig(key, Concat("expected a number, found ", Shown(*value)));
  return value->get<double>();
}

bool BoolOr(const Json& object, const char* key, bool absent) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absent;
  if (!value->is_boolean()) RefuseConfig(key, Concat("expected true or false, found ", Shown(*value)));
  return value->get<bool>();
}

std::string TextOr(const Json& object, const char* key, const std::string& absent) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absent;
  if (!value->is_string()) RefuseConfig(key, Concat("expected a text, found ", Shown(*value)));
  return value->get<std::string>();
}

// What a family's config leaves out means this in transformers.
struct FamilyDefaults {
  const char* model_type;
  const char* architecture;
  int64_t num_kv_heads;  // 0 = as many as query heads
  int64_t head_dim;      // 0 = hidden_size / num_attention_heads
  int64_t max_positions;
  int64_t bos_id;
  int64_t eos_id;
};
constexpr std::array kFamilies = {FamilyDefaults{"llama", "LlamaForCausalLM", 0, 0, 2048, 1, 2},
                                  FamilyDefaults{"qwen2", "Qwen2ForCausalLM", 32, 0, 32768, -1, -1},
                                  FamilyDefaults{"qwen3", "Qwen3ForCausalLM", 32, 128, 32768, -1, -1},
                                  FamilyDefaults{"mistral", "MistralForCausalLM", 8, 0, 131072, 1, 2}};
constexpr int64_t kDefaultWindow = 4096;
constexpr int64_t kDefaultMaxWindowLayers = 28;

const FamilyDefaults& FamilyOf(const std::string& type) {
  const auto* family = std::find_if(kFamilies.begin(), kFamilies.end(), [&](const FamilyDefaults& f) { return type == f.model_type; });
  if (family == kFamilies.end())
    RefuseConfig("model_type", Concat("'", Quoted(type), "' is not supported; known are ", ListOf(ModelFamilies())));
  return *family;
}

void RefuseUnsupported(const Json& root, const FamilyDefaults& family) {
  if (const Json* names = Find(root, "architectures")) {
    const bool known = names->is_array() && names->size() == 1 && names->front() == family.architecture;
    if (!known) RefuseConfig("architectures", Concat(Shown(*names), " is not supported; only [\"", family.architecture, "\"] is"));
  }
  if (Find(root, "quantization_config")) RefuseConfig("quantization_config", "quantized weights are not supported");
  const std::string act = TextOr(root, "hidden_act", "silu");
  if (act != "silu") RefuseConfig("hidden_act", Concat("'", Quoted(act), "' is not supported; only 'silu' is"));
  if (RealOr(root, "partial_rotary_factor", 1.0) != 1.0) RefuseConfig("partial_rotary_factor", "only 1 is supported");
}

// As in transformers, 0 is as good as nothing.
void ReadYarn(const Json& rope, RopeScaling* scaling) {
  const auto real = [&](const char* key, double absent) {
    const double value = RealOr(rope, key, absent);
    return value == 0 ? absent : value;
  };
  scaling->beta_fast = real("beta_fast", scaling->beta_fast);
  scaling->beta_slow = real("beta_slow", scaling->beta_slow);
  scaling->mscale = real("mscale", 0);
  scaling->mscale_all_dim = real("mscale_all_dim", 0);
  scaling->attention_factor = RealOr(rope, "attention_factor", 0);
  if (Find(rope, "attention_factor") != nullptr && !(scaling->attention_factor > 0))
    RefuseConfig("rope attention_factor", Concat(scaling->attention_factor, " is not above 0"));
  scaling->truncate = BoolOr(rope, "truncate", true);
}

constexpr char kLongRope[] =
    ". Its angles change with the length of each sequence as it grows, which the keys of a cache that were turned before cannot follow";

// The two spellings of rotary settings: rope_theta with rope_scaling (transformers 4), rope_parameters (transformers 5). As in
// transformers, a rope_scaling that is there overrules rope_parameters whole, and a theta in it overrules the one beside it.
void ReadRope(const Json& root, TransformerConfig* config) {
  config->rope_theta = RealOr(root, "rope_theta", 10000.0);
  const char* key = "rope_scaling";
  const Json* rope = Find(root, key);
  if (rope == nullptr || rope->empty()) rope = Find(root, key = "rope_parameters");
  if (rope == nullptr) return;
  if (!rope->is_object()) RefuseConfig(key, "expected an object");
  for (const auto& [name, value] : rope->items())
    if (value.is_object()) RefuseConfig(Concat(key, ".", Quoted(name)), "rotary settings per layer type are not supported");
  RopeScaling& scaling = config->rope_scaling;
  scaling.type = TextOr(*rope, "rope_type", TextOr(*rope, "type", "default"));
  config->rope_theta = RealOr(*rope, "rope_theta", config->rope_theta);
  if (RealOr(*rope, "partial_rotary_factor", 1.0) != 1.0) RefuseConfig(Concat(key, ".partial_rotary_factor"), "only 1 is supported");
  if (scaling.type == "default") return;
  const auto& known = RopeTypes();
  if (std::find(known.begin(), known.end(), scaling.type) == known.end())
    RefuseConfig(Concat(key, ".rope_type"), Concat("'", Quoted(scaling.type), "' is not supported; known are ", ListOf(known),
                                                   scaling.type == "longrope" ? kLongRope : ""));
  const auto required = [&](const char* name) {
    if (Find(*rope, name) == nullptr) RefuseConfig(Concat(key, ".", name), Concat("missing; rope type ", scaling.type, " needs it"));
    return RealOr(*rope, name, 0);
  };
  const bool stretches_original = scaling.type == "llama3" || scaling.type == "yarn";
  constexpr const char* kOriginal = "original_max_position_embeddings";
  if (stretches_original) scaling.original_max_positions = IntOr(root, kOriginal, IntOr(*rope, kOriginal, config->max_positions));
  const bool by_lengths = scaling.type == "yarn" && rope->contains("factor") && rope->at("factor").is_null();
  scaling.factor =
      by_lengths ? static_cast<double>(config->max_positions) / static_cast<double>(scaling.original_max_positions) : required("factor");
  if (scaling.type == "yarn") ReadYarn(*rope, &scaling);
  if (scaling.type != "llama3") return;
  scaling.low_freq_factor = required("low_freq_factor");
  scaling.high_freq_factor = required("high_freq_factor");
}

// Which layers look back only so far. Mistral: all; Qwen: by layer_types, else those from max_window_layers on.
void ReadWindows(const Json& root, TransformerConfig* config) {
  const bool qwen = config->model_type == "qwen2" || config->model_type == "qwen3";
  const bool used = qwen ? BoolOr(root, "use_sliding_window", false) : config->model_type == "mistral";
  const Json* types = Find(root, "layer_types");
  if (types != nullptr && (!types->is_array() || static_cast<int64_t>(types->size()) != config->num_layers))
    RefuseConfig("layer_types", "expected a list of one text per layer");
  // Of the Llama family transformers does not look at the key, other loaders do.
  if (!qwen && !used && Find(root, "sliding_window")) RefuseConfig("sliding_window", "is not supported for model_type llama");
  const int64_t window = used ? IntOr(root, "sliding_window", kDefaultWindow, 0) : 0;
  if (used && Find(root, "sliding_window") && window < 1) RefuseConfig("sliding_window", Concat(window, " is below 1"));
  const int64_t first = qwen ? IntOr(root, "max_window_layers", kDefaultMaxWindowLayers) : 0;
  std::vector<int64_t> windows;
  for (int64_t layer = 0; layer < config->num_layers; ++layer) {
    const Json by_default = window > 0 && layer >= first ? "sliding_attention" : "full_attention";
    const Json& type = types == nullptr ? by_default : (*types)[static_cast<size_t>(layer)];
    if (type != "sliding_attention" && type != "full_attention")
      RefuseConfig("layer_types", Concat(Shown(type), " is not supported; known are \"full_attention\", \"sliding_attention\""));
    if (type == "sliding_attention" && window == 0)
      RefuseConfig("layer_types", "\"sliding_attention\", but no sliding window is switched on");
    if (!qwen && type != by_default) RefuseConfig("layer_types", Concat("layer ", layer, ": ", Shown(type), " against sliding_window"));
    windows.push_back(type == "sliding_attention" ? window : 0);
  }
  if (std::any_of(windows.begin(), windows.end(), [](int64_t w) { return w > 0; })) config->layer_windows = std::move(windows);
}

void ReadBiases(const Json& root, TransformerConfig* config) {
  const std::string& type = config->model_type;
  const bool attention_bias = BoolOr(root, "attention_bias", false);
  const bool optional = type == "llama" || type == "qwen3";
  if (attention_bias && !optional) RefuseConfig("attention_bias", Concat("true is not supported for model_type ", type));
  config->qkv_bias = type == "qwen2" || attention_bias;
  config->output_bias = attention_bias;
  config->mlp_bias = BoolOr(root, "mlp_bias", false);
  if (config->mlp_bias && type != "llama") RefuseConfig("mlp_bias", Concat("true is not supported for model_type ", type));
}

// -1 for an id that no token can have.
int64_t KnownId(const char* key, int64_t id, int64_t vocab_size) {
  if (id >= 0 && id < vocab_size) return id;
  if (id != -1) TEMPER_LOG(Warn, key, " ", id, " is outside the vocabulary of ", vocab_size, " and is taken for none");
  return -1;
}

std::vector<int64_t> EosIds(const std::string& file, const Json& root, int64_t vocab_size) {
  const Json* eos = Find(root, "eos_token_id");
  if (eos == nullptr) return {};
  const Json list = eos->is_array() ? *eos : Json::array({*eos});
  std::vector<int64_t> ids;
  for (const Json& id : list) {
    if (!IsWholeNumber(id) || list.size() > 64)
      throw ConfigError(Concat(file, ": eos_token_id: expected a token id or a list of at most 64, found ", Shown(*eos)));
    if (const int64_t known = KnownId("eos_token_id", id.get<int64_t>(), vocab_size); known >= 0) ids.push_back(known);
  }
  return ids;
}

void ReadSpecialTokens(const Json& root, const FamilyDefaults& family, TransformerConfig* config) {
  const int64_t vocab = config->vocab_size;
  // A default outside a small vocabulary is nobody's mistake.
  const auto assumed = [&](int64_t id) { return id < vocab ? id : -1; };
  config->bos_id = KnownId("bos_token_id", IntOr(root, "bos_token_id", assumed(family.bos_id), -1), vocab);
  config->pad_id = KnownId("pad_token_id", IntOr(root, "pad_token_id", -1), vocab);
  if (root.contains("eos_token_id"))
    config->eos_ids = EosIds("config.json", root, vocab);
  else if (assumed(family.eos_id) >= 0)
    config->eos_ids = {family.eos_id};
}

// transformers 5 writes dtype, transformers 4 torch_dtype; of both it takes the first.
std::string ReadDtype(const Json& root) {
  std::string dtype = TextOr(root, "dtype", TextOr(root, "torch_dtype", "float32"));
  if (dtype.starts_with("torch.")) dtype = dtype.substr(6);
  return Quoted(dtype);
}

// The keys of `root` that ToConfigJson does not give back as they are. The dtype is that of the next weights written, not of those read.
std::string KeysNotWritten(const Json& root, const TransformerConfig& config) {
  const Json written = Json::parse(ToConfigJson(config));
  Json other = Json::object();
  for (const auto& [key, value] : root.items()) {
    const auto same = written.find(key);
    if (key != "dtype" && key != "torch_dtype" && (same == written.end() || *same != value)) other[key] = value;
  }
  return other.empty() ? "" : other.dump();
}

Json ParseObject(const std::string& file, const std::string& text) {
  std::string problem = "not an object";
  std::optional<Json> parsed = ParseStrictJson(text, kMaxDepth, &problem);
  if (!parsed || !parsed->is_object()) throw ConfigError(Concat(file, ": not a JSON object: ", problem));
  return *std::move(parsed);
}

}  // namespace

const std::vector<std::string>& ModelFamilies() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const FamilyDefaults& family : kFamilies) names.emplace_back(family.model_type);
    return names;
  }();
  return kNames;
}

TransformerConfig ParseTransformerConfig(const std::string& config_json) {
  const Json root = ParseObject("config.json", config_json);
  TransformerConfig config;
  if (Find(root, "model_type") == nullptr) RefuseConfig("model_type", "missing");
  config.model_type = TextOr(root, "model_type", "");
  const FamilyDefaults& family = FamilyOf(config.model_type);
  RefuseUnsupported(root, family);
  config.vocab_size = IntAt(root, "vocab_size");
  config.hidden_size = IntAt(root, "hidden_size");
  config.intermediate_size = IntAt(root, "intermediate_size");
  config.num_layers = IntAt(root, "num_hidden_layers");
  config.num_heads = IntAt(root, "num_attention_heads");
  config.num_kv_heads =
      IntOr(root, "num_key_value_heads", family.num_kv_heads > 0 ? family.num_kv_heads : config.num_heads, config.num_heads);
  const int64_t derived = config.num_heads > 0 ? config.hidden_size / config.num_heads : 0;
  config.head_dim = IntOr(root, "head_dim", family.head_dim > 0 ? family.head_dim : derived, derived);
  config.max_positions = IntOr(root, "max_position_embeddings", family.max_positions);
  config.rms_norm_eps = RealOr(root, "rms_norm_eps", 1e-6);
  config.initializer_range = RealOr(root, "initializer_range", 0.02);
  config.tie_embeddings = BoolOr(root, "tie_word_embeddings", false);
  config.qk_norm = config.model_type == "qwen3";
  config.dtype = ReadDtype(root);
  ReadRope(root, &config);
  ReadBiases(root, &config);
  CheckTransformerConfig(config);  // before anything as long as the number of layers is made
  ReadWindows(root, &config);
  ReadSpecialTokens(root, family, &config);
  CheckTransformerConfig(config);
  config.other_keys = KeysNotWritten(root, config);
  return config;
}

std::vector<int64_t> StopIdsIn(const std::string& file, const std::string& json, int64_t vocab_size) {
  return EosIds(file, ParseObject(file, json), vocab_size);
}

void SetStopIds(std::vector<int64_t> ids, TransformerConfig* config) {
  if (ids == config->eos_ids) return;
  Json other = config->other_keys.empty() ? Json::object() : Json::parse(config->other_keys);
  if (!other.contains("eos_token_id")) other["eos_token_id"] = Json::parse(ToConfigJson(*config)).at("eos_token_id");
  config->other_keys = other.dump();
  config->eos_ids = std::move(ids);
}

}  // namespace temper
