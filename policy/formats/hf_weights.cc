#include "policy/formats/hf_weights.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>

#include <ATen/ops/equal.h>
#include <fnmatch.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/formats/safetensors_header.h"
#include "policy/model/parameter_layout.h"
#include "policy/model/transformer.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmbeddingTensor = "model.embed_tokens.weight";
constexpr const char* kHead = "lm_head.weight";
constexpr int kMaxIndexDepth = 8;

// Tensor name -> file of the shard, from model.safetensors.index.json.
std::map<std::string, std::string> ReadIndex(const fs::path& path) {
  std::string problem;
  const auto root = ParseStrictJson(ReadUserFile(path), kMaxIndexDepth, &problem);
  if (!root) throw ConfigError(Concat(path.string(), ": not JSON: ", problem));
  if (!root->is_object() || !root->contains("weight_map") || !root->at("weight_map").is_object())
    throw ConfigError(Concat(path.string(), ": weight_map: missing or not an object"));
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : root->at("weight_map").items()) {
    const bool plain = file.is_string() && file.get_ref<const std::string&>().ends_with(".safetensors") &&
                       file.get_ref<const std::string&>().find('/') == std::string::npos;
    if (!plain)
      throw ConfigError(Concat(path.string(), ": weight_map.", Quoted(name), ": expected the name of a .safetensors file beside it"));
    files[name] = file.get<std::string>();
  }
  return files;
}

std::map<std::string, at::Tensor> MapShards(const fs::path& folder, const fs::path& index) {
  const auto file_of = ReadIndex(index);
  std::set<std::string> files;
  for (const auto& [name, file] : file_of) files.insert(file);
  std::map<std::string, at::Tensor> tensors;
  for (const std::string& file : files)
    for (auto& [name, tensor] : MapSafetensors((folder / file).string())) {
      const auto listed = file_of.find(name);
      if (listed == file_of.end() || listed->second != file)
        throw ConfigError(Concat(index.string(), ": tensor ", PrintableName(name), " is in ", file, ", the index does not say so"));
      tensors.emplace(name, std::move(tensor));
    }
  for (const auto& [name, file] : file_of)
    if (!tensors.contains(name))
      throw ConfigError(Concat((folder / file).string(), ": tensor ", PrintableName(name), " is missing; the index names it"));
  return tensors;
}

std::string ShapeText(at::IntArrayRef shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

void CheckTensor(const std::string& folder, const std::string& name, const at::Tensor& tensor, at::IntArrayRef shape) {
  if (tensor.sizes() != shape)
    throw ConfigError(
        Concat(folder, ": tensor ", name, ": shape ", ShapeText(tensor.sizes()), ", config.json makes it ", ShapeText(shape)));
  const at::ScalarType type = tensor.scalar_type();
  if (type != at::kFloat && type != at::kBFloat16 && type != at::kHalf)
    throw ConfigError(Concat(folder, ": tensor ", name, ": expected F32, BF16 or F16 values"));
}

// What leaves a tensor and its like aside: "v_head.*" for "v_head.summary.weight", "model.layers.*.mask" for "model.layers.3.mask".
std::string PatternOf(const std::string& name) {
  const size_t dot = name.find('.');
  if (!name.starts_with("model.") && dot != std::string::npos) return name.substr(0, dot) + ".*";
  std::string pattern;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) pattern += c;
    if (digit && !pattern.ends_with('*')) pattern += '*';
  }
  return pattern;
}

// `unknown`: the tensors that no parameter took.
[[noreturn]] void RefuseUnknown(const std::string& folder, const TransformerConfig& config,
                                const std::map<std::string, at::Tensor>& unknown) {
  constexpr size_t kShown = 3;
  std::string names;
  std::set<std::string> patterns;
  size_t number = 0;
  for (const auto& [name, tensor] : unknown) {
    if (patterns.size() < kShown) patterns.insert(PatternOf(name));
    if (number++ < kShown) names += (names.empty() ? "" : ", ") + PrintableName(name);
  }
  std::string list;
  for (const std::string& pattern : patterns) list += (list.empty() ? "" : ", ") + PrintableName(pattern);
  throw ConfigError(Concat(folder, ": ", unknown.size() == 1 ? "a tensor that is" : Concat(unknown.size(), " tensors that are"),
                           " no parameter of a ", config.model_type, " model: ", names, unknown.size() > kShown ? ", ..." : "",
                           "; if the model does not need them, policy.skip_tensors: [", list,
                           "] ignores them, and so does --skip-tensors of `temper convert`"));
}

}  // namespace

std::map<std::string, at::Tensor> MapHfWeights(const std::string& folder) {
  const fs::path path(folder);
  if (const fs::path single = path / "model.safetensors"; fs::exists(single)) return MapSafetensors(single.string());
  if (const fs::path index = path / "model.safetensors.index.json"; fs::exists(index)) return MapShards(path, index);
  throw ConfigError(Concat(folder, ": neither model.safetensors nor model.safetensors.index.json is there",
                           fs::exists(path / "pytorch_model.bin") ? "; pytorch_model.bin is not read, save it as safetensors" : ""));
}

bool EmbeddingsAreTied(const TransformerConfig& config, const std::map<std::string, at::Tensor>& tensors) {
  const auto embedding = tensors.find(kEmbeddingTensor);
  const auto head = tensors.find(kHead);
  if (!config.tie_embeddings || embedding == tensors.end() || head == tensors.end()) return config.tie_embeddings;
  const at::Tensor& a = embedding->second;
  const at::Tensor& b = head->second;
  if (a.sizes() != b.sizes()) return false;
  if (a.scalar_type() == b.scalar_type() && std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0) return true;
  return at::equal(a.to(at::kFloat), b.to(at::kFloat));
}

NamedTensors MatchParameters(const std::string& folder, const TransformerConfig& config, std::map<std::string, at::Tensor> tensors,
                             const std::vector<std::string>& skip) {
  if (config.tie_embeddings) {
    if (!tensors.contains(kEmbeddingTensor) && tensors.contains(kHead)) tensors[kEmbeddingTensor] = tensors[kHead];
    tensors.erase(kHead);
  }
  NamedTensors matched;
  for (const auto& [name, shape] : ParameterShapes(config)) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw ConfigError(Concat(folder, ": tensor ", name, " is missing"));
    CheckTensor(folder, name, found->second, shape);
    matched.emplace_back(name, std::move(found->second));
    tensors.erase(found);
  }
  std::erase_if(tensors, [&](const auto& tensor) {
    const std::string& name = tensor.first;
    const auto names_it = [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0; };
    // Old exporters stored what config.json says already.
    return name.ends_with("rotary_emb.inv_freq") || std::any_of(skip.begin(), skip.end(), names_it);
  });
  if (!tensors.empty()) RefuseUnknown(folder, config, tensors);
  return matched;
}

}  // namespace temper
