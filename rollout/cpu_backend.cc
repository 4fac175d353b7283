#include <algorithm>

#include <ATen/ops/empty.h>

#include "rollout/decode_backend.h"
#include "rollout/kv_cache.h"

namespace temper {
namespace {

struct CpuPrompt final : PromptState {
  KeyValueBuffer cache;
  std::vector<float> logits;  // [V], empty until the whole prompt was computed
};

CpuPrompt& Of(PromptState* prompt) { return *static_cast<CpuPrompt*>(prompt); }

class CpuBackend final : public DecodeBackend {
 public:
  CpuBackend(const Transformer* model, int64_t slots) : model_(model), attention_(*model), caches_(static_cast<size_t>(slots)) {}

  std::unique_ptr<PromptState> OpenPrompt(int64_t length) override {
    auto prompt = std::make_unique<CpuPrompt>();
    prompt->cache = KeyValueBuffer(model_->config(), length, model_->cache_type());
    return prompt;
  }

  void OpenSlot(int64_t slot, int64_t max_new_tokens) override {
    KeyValueBuffer& cache = caches_[static_cast<size_t>(slot)];
    if (cache.capacity() < max_new_tokens) cache = KeyValueBuffer(model_->config(), max_new_tokens, model_->cache_type());
  }

  void ComputePrompts(std::span<const PromptChunk> chunks) override {
    attention_.rows().clear();
    tokens_.clear();
    std::vector<CpuPrompt*> complete;
    std::vector<int64_t> last_rows;
    for (const PromptChunk& chunk : chunks) {
      const auto length = static_cast<int64_t>(chunk.tokens.size());
      for (int64_t at = chunk.begin; at < chunk.end; ++at) {
        attention_.rows().push_back({&Of(chunk.prompt).cache, length, nullptr, at});
        tokens_.push_back(chunk.tokens[static_cast<size_t>(at)]);
      }
      if (chunk.end < length) continue;
      complete.push_back(&Of(chunk.prompt));
      last_rows.push_back(static_cast<int64_t>(tokens_.size()) - 1);
    }
    const at::Tensor hidden = Forward();
    if (!complete.empty()) TakeLogits(complete, last_rows, hidden);
  }

  std::vector<SampledToken> DrawFirst(std::span<const DecodeRow> rows) override {
    std::vector<SampledToken> drawn;
    for (const DecodeRow& row : rows) drawn.push_back(sampler_.Draw(Of(row.prompt).logits, *row.sampling, row.num_drawn, row.uniform));
    return drawn;
  }

  std::vector<SampledToken> Decode(std::span<const DecodeRow> rows) override {
    attention_.rows().clear();
    tokens_.clear();
    for (const DecodeRow& row : rows) {
      attention_.rows().push_back(
          {&Of(row.prompt).cache, row.prompt_length, &caches_[static_cast<size_t>(row.slot)], row.prompt_length + row.num_drawn - 1});
      tokens_.push_back(row.last_token);
    }
    const at::Tensor logits = model_->Logits(Forward());
    const auto vocabulary = static_cast<size_t>(model_->config().vocab_size);
    const float* from = logits.const_data_ptr<float>();
    std::vector<SampledToken> drawn;
    for (const DecodeRow& row : rows) {
      drawn.push_back(sampler_.Draw({from, vocabulary}, *row.sampling, row.num_drawn, row.uniform));
      from += vocabulary;
    }
    return drawn;
  }

 private:
  // One forward over attention_.rows() and tokens_: hidden states [T, D].
  at::Tensor Forward() {
    const auto count = static_cast<int64_t>(tokens_.size());
    at::Tensor ids = at::empty({count}, at::kLong);
    at::Tensor positions = at::empty({count}, at::kLong);
    for (int64_t t = 0; t < count; ++t) {
      ids.mutable_data_ptr<int64_t>()[t] = tokens_[static_cast<size_t>(t)];
      positions.mutable_data_ptr<int64_t>()[t] = attention_.rows()[static_cast<size_t>(t)].position;
    }
    return model_->Hidden(ids, positions, attention_);
  }

  // The logits after each prompt, from its last row of the hidden states.
  void TakeLogits(std::span<CpuPrompt* const> complete, std::span<const int64_t> rows, const at::Tensor& hidden) {
    const int64_t size = model_->config().hidden_size;
    at::Tensor last = at::empty({static_cast<int64_t>(rows.size()), size}, at::kFloat);
    float* to = last.mutable_data_ptr<float>();
    for (const int64_t row : rows) to = std::copy_n(hidden.const_data_ptr<float>() + row * size, size, to);
    const at::Tensor logits = model_->Logits(last);
    const float* from = logits.const_data_ptr<float>();
    for (CpuPrompt* prompt : complete) {
      prompt->logits.assign(from, from + model_->config().vocab_size);
      from += model_->config().vocab_size;
    }
  }

  const Transformer* model_;
  CacheAttention attention_;
  std::vector<int32_t> tokens_;  // one per row of attention_.rows()
  Sampler sampler_;
  std::vector<KeyValueBuffer> caches_;  // of the completions' tokens, by slot; kept for the next one
};

}  // namespace

std::unique_ptr<DecodeBackend> MakeCpuBackend(const Transformer* model, int64_t slots) {
  return std::make_unique<CpuBackend>(model, slots);
}

}  // namespace temper
