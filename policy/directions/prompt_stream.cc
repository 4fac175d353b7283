#include "policy/directions/prompt_stream.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "policy/model/causal_sequences.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr int64_t kPackedTokens = 1024;  // of one forward: enough to fill the products, little enough for caches

void CheckFits(const EndedPrompt& prompt, const std::string& text, const TransformerConfig& config) {
  const auto length = static_cast<int64_t>(prompt.tokens.size());
  if (length > config.max_positions)
    throw ConfigError(Concat("a prompt has ", length, " tokens; the model has ", config.max_positions, " positions: ", Quoted(text),
                             "; read fewer of its tokens (--prompt-tokens), or leave it out"));
  const int32_t highest = *std::max_element(prompt.tokens.begin(), prompt.tokens.end());
  if (highest >= config.vocab_size)
    throw ConfigError(Concat("the tokenizer gives the id ", highest, "; the vocabulary of the model has ", config.vocab_size, " of them"));
}

}  // namespace

void PromptStream::Run(std::span<const std::string> prompts, const Visit& visit) const {
  const c10::InferenceMode inference;
  std::vector<EndedPrompt> pack;
  int64_t tokens = 0;
  for (size_t i = 0; i < prompts.size(); ++i) {
    pack.push_back(ends_.Read(prompts[i]));
    CheckFits(pack.back(), prompts[i], model_.config());
    tokens += static_cast<int64_t>(pack.back().tokens.size());
    if (tokens < kPackedTokens && i + 1 < prompts.size()) continue;
    RunPack(pack, i + 1 - pack.size(), visit);
    pack.clear();
    tokens = 0;
  }
}

void PromptStream::RunPack(std::span<const EndedPrompt> pack, size_t first, const Visit& visit) const {
  std::vector<std::span<const int32_t>> sequences;
  std::vector<int64_t> rows;  // t_inst and t_post of each prompt
  int64_t begin = 0;
  for (const EndedPrompt& prompt : pack) {
    sequences.emplace_back(prompt.tokens);
    rows.insert(rows.end(), {begin + prompt.inst, begin + prompt.post});
    begin += static_cast<int64_t>(prompt.tokens.size());
  }
  const PackedSequences packed(model_.config(), sequences);
  const auto attention = MakeCausalAttention(model_, packed.lengths);
  const at::Device device = model_.device();
  std::vector<at::Tensor> layers =
      model_.StreamOfRows(packed.tokens_T.to(device), packed.positions_T.to(device), *attention, at::tensor(rows).to(device));
  for (at::Tensor& layer : layers) layer = layer.cpu().contiguous();
  const auto width = model_.config().hidden_size;
  for (size_t i = 0; i < pack.size(); ++i) {
    PromptStates states;
    for (const at::Tensor& layer : layers) {
      const float* inst = layer.const_data_ptr<float>() + 2 * static_cast<int64_t>(i) * width;
      states.inst.insert(states.inst.end(), inst, inst + width);
      states.post.insert(states.post.end(), inst + width, inst + 2 * width);
    }
    visit(first + i, states);
  }
}

}  // namespace temper
