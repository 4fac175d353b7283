#include "policy/gguf/convert.h"

#include <map>

#include <ATen/ops/empty.h>

#include "cluster/base/error.h"
#include "policy/formats/finite_weights.h"
#include "policy/formats/hf_weights.h"
#include "policy/formats/mapped_file.h"
#include "policy/gguf/architecture.h"
#include "policy/gguf/container.h"
#include "policy/gguf/model_config.h"
#include "policy/gguf/rope_factors.h"
#include "policy/gguf/tokenizer_file.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr char kChatTemplate[] = "tokenizer.chat_template";

// Rows in the order of Hugging Face's rotary positions: those of a head that llama.cpp turns with each other stand side by side, here half
// a head apart.
at::Tensor WithHalvesTurned(const std::string& path, const std::string& name, const at::Tensor& rows, int64_t heads) {
  const int64_t count = rows.size(0);
  if (count % (2 * heads) != 0) throw ConfigError(Concat(path, ": tensor ", name, ": ", count, " rows are no ", heads, " heads"));
  return rows.view({heads, count / heads / 2, 2, -1}).transpose(1, 2).contiguous().view(rows.sizes());
}

// The heads whose rows a tensor holds in pairs that positions turn; 0 for other tensors.
int64_t TurnedHeads(const TransformerConfig& config, const std::string& hf_name) {
  if (hf_name.find(".q_proj.") != std::string::npos) return config.num_heads;
  return hf_name.find(".k_proj.") != std::string::npos ? config.num_kv_heads : 0;
}

at::Tensor NumbersOf(const GgufTensor& tensor) {
  at::Tensor numbers = at::empty(tensor.shape, at::kFloat);
  Dequantize(*tensor.type, tensor.data, numbers.mutable_data_ptr<float>());
  return numbers;
}

std::map<std::string, at::Tensor> TensorsOf(const GgufContainer& file, const TransformerConfig& config, const SaveOptions& options) {
  const std::string& path = file.metadata.path();
  const bool turned = ArchitectureOf(file.metadata).turns_neighbours;
  std::map<std::string, at::Tensor> tensors;
  for (const GgufTensor& tensor : file.tensors) {
    if (tensor.name == kRopeFactors) continue;
    const std::string name = HfNameOf(tensor.name);
    if (name.empty())
      throw ConfigError(Concat(path, ": tensor ", Quoted(tensor.name), " is not a parameter of a ", config.model_type, " model"));
    at::Tensor numbers = NumbersOf(tensor);
    CheckFinite(path, {{tensor.name, numbers}});
    if (const int64_t heads = turned ? TurnedHeads(config, name) : 0; heads > 0) numbers = WithHalvesTurned(path, name, numbers, heads);
    // The other types are made where they are written, which also tells a number that fp16 cannot hold.
    tensors.emplace(name, options.type == at::kBFloat16 ? numbers.to(at::kBFloat16) : numbers);
  }
  return tensors;
}

}  // namespace

void ConvertGguf(const std::string& path, SaveOptions options, const std::string& out) {
  const MappedFile mapped(path);
  const GgufContainer file = ParseGguf(path, mapped.bytes());
  const TransformerConfig config = ConfigOfGguf(file);
  if (!options.type) options.type = at::kFloat;
  options.tokenizer_json = TokenizerJsonOfGguf(file.metadata, config.vocab_size);
  if (const auto chat = file.metadata.Text(kChatTemplate)) options.companions["chat_template.jinja"] = *chat;
  SaveHfTensors(config, MatchParameters(path, config, TensorsOf(file, config, options), {}), options, out);
}

}  // namespace temper
