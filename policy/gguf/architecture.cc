#include "policy/gguf/architecture.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr std::array kArchitectures = {GgufArchitecture{"llama", "llama", true}, GgufArchitecture{"qwen2", "qwen2", false},
                                       GgufArchitecture{"qwen3", "qwen3", false}};

using NamePair = std::pair<std::string_view, std::string_view>;  // in a GGUF file, in a Hugging Face folder; without .weight or .bias
constexpr std::array kOutside = {NamePair{"token_embd", "model.embed_tokens"}, NamePair{"output_norm", "model.norm"},
                                 NamePair{"output", "lm_head"}};
constexpr std::array kInLayer = {NamePair{"attn_norm", "input_layernorm"},    NamePair{"attn_q", "self_attn.q_proj"},
                                 NamePair{"attn_k", "self_attn.k_proj"},      NamePair{"attn_v", "self_attn.v_proj"},
                                 NamePair{"attn_output", "self_attn.o_proj"}, NamePair{"attn_q_norm", "self_attn.q_norm"},
                                 NamePair{"attn_k_norm", "self_attn.k_norm"}, NamePair{"ffn_norm", "post_attention_layernorm"},
                                 NamePair{"ffn_gate", "mlp.gate_proj"},       NamePair{"ffn_up", "mlp.up_proj"},
                                 NamePair{"ffn_down", "mlp.down_proj"}};

template <typename Table>
std::string_view Translated(const Table& table, std::string_view name) {
  const auto* found = std::find_if(table.begin(), table.end(), [&](const NamePair& pair) { return pair.first == name; });
  return found == table.end() ? std::string_view() : found->second;
}

constexpr size_t kMaxLayerDigits = 4;

}  // namespace

const GgufArchitecture& ArchitectureOf(const GgufMetadata& metadata) {
  constexpr char kKey[] = "general.architecture";
  const std::string name = metadata.TextAt(kKey);
  std::string known;
  for (const GgufArchitecture& architecture : kArchitectures) {
    if (name == architecture.name) return architecture;
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
  }
  metadata.Refuse(kKey, Concat("'", Quoted(name), "' is not supported; known are ", known));
}

std::string HfNameOf(std::string_view gguf_name) {
  const size_t dot = gguf_name.rfind('.');
  if (dot == std::string_view::npos) return "";
  const std::string_view kind = gguf_name.substr(dot);
  std::string_view name = gguf_name.substr(0, dot);
  if (kind != ".weight" && kind != ".bias") return "";
  if (const std::string_view outside = Translated(kOutside, name); !outside.empty()) return Concat(outside, kind);
  constexpr std::string_view kLayer = "blk.";
  if (!name.starts_with(kLayer)) return "";
  name.remove_prefix(kLayer.size());
  const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  if (digits == 0 || digits > kMaxLayerDigits || digits == name.size() || name[digits] != '.') return "";
  const std::string_view inside = Translated(kInLayer, name.substr(digits + 1));
  return inside.empty() ? "" : Concat("model.layers.", name.substr(0, digits), ".", inside, kind);
}

}  // namespace temper
