#include <algorithm>
#include <functional>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "policy/kernels/parallel.h"
#include "rollout/engine/decode_backend.h"
#include "rollout/engine/kv_cache.h"

namespace temper {
namespace {

struct CpuPrompt final : PromptState {
  KeyValueBuffer cache;
  std::vector<float> logits;  // [V], empty until the whole prompt was computed
};

CpuPrompt& Of(PromptState* prompt) { return *static_cast<CpuPrompt*>(prompt); }

at::Tensor Indices(std::span<const int64_t> values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<int64_t>());
  return tensor;
}

// What one thread computes with: a forward over rows, and the draws from its logits.
class Lane {
 public:
  explicit Lane(const Transformer* model) : model_(model), attention_(*model) {}

  void ComputePrompts(std::span<const PromptChunk> chunks) {
    Clear();
    std::vector<CpuPrompt*> complete;
    std::vector<int64_t> last_rows;
    for (const PromptChunk& chunk : chunks) {
      const auto length = static_cast<int64_t>(chunk.tokens.size());
      for (int64_t at = chunk.begin; at < chunk.end; ++at)
        Add({&Of(chunk.prompt).cache, length, nullptr, at}, chunk.tokens[static_cast<size_t>(at)]);
      if (chunk.end < length) continue;
      complete.push_back(&Of(chunk.prompt));
      last_rows.push_back(static_cast<int64_t>(ids_.size()) - 1);
    }
    const bool keys_only = complete.empty();
    if (keys_only) last_rows = {0};  // a forward gives at least one row
    const at::Tensor hidden = Forward(Indices(last_rows));
    if (keys_only) return;
    const at::Tensor logits = model_->Logits(hidden);
    const float* from = logits.const_data_ptr<float>();
    for (CpuPrompt* prompt : complete) {
      prompt->logits.assign(from, from + vocabulary());
      from += vocabulary();
    }
  }

  // caches: of the completions, by slot.
  void Decode(std::span<const DecodeRow> rows, std::vector<KeyValueBuffer>& caches, std::span<SampledToken> drawn) {
    Clear();
    for (const DecodeRow& row : rows) {
      KeyValueBuffer* cache = &caches[static_cast<size_t>(row.slot)];
      Add({&Of(row.prompt).cache, row.prompt_length, cache, row.prompt_length + row.num_drawn - 1}, row.last_token);
    }
    const at::Tensor logits = model_->Logits(Forward({}));
    const float* from = logits.const_data_ptr<float>();
    for (size_t i = 0; i < rows.size(); ++i, from += vocabulary()) drawn[i] = Draw({from, vocabulary()}, rows[i]);
  }

  SampledToken Draw(std::span<const float> logits, const DecodeRow& row) {
    return sampler_.Draw(logits, *row.sampling, row.num_drawn, row.uniform, row.sample);
  }

 private:
  size_t vocabulary() const { return static_cast<size_t>(model_->config().vocab_size); }

  void Clear() {
    attention_.rows().clear();
    ids_.clear();
    positions_.clear();
  }

  void Add(const CacheRow& row, int32_t token) {
    attention_.rows().push_back(row);
    ids_.push_back(token);
    positions_.push_back(row.position);
  }

  // Over what was added: hidden states [T, D], or of the rows asked for.
  at::Tensor Forward(const at::Tensor& rows_N) { return model_->Hidden(Indices(ids_), Indices(positions_), attention_, rows_N); }

  const Transformer* model_;
  CacheAttention attention_;
  std::vector<int64_t> ids_, positions_;  // one per row of attention_.rows()
  Sampler sampler_;
};

// Fewer rows than this are not worth a thread of their own: the matrix products split themselves.
constexpr int64_t kRowsOfALane = 8;

class CpuBackend final : public DecodeBackend {
 public:
  CpuBackend(const Transformer* model, int64_t slots) : model_(model), caches_(static_cast<size_t>(slots)) {
    for (int i = 0; i < at::get_num_threads(); ++i) lanes_.emplace_back(model);
  }

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
    int64_t tokens = 0;
    for (const PromptChunk& chunk : chunks) tokens += chunk.end - chunk.begin;
    const int64_t shares = std::min<int64_t>(tokens / kRowsOfALane, static_cast<int64_t>(chunks.size()));
    InShares(chunks.size(), shares, [&](Lane& lane, size_t begin, size_t count) { lane.ComputePrompts(chunks.subspan(begin, count)); });
  }

  std::vector<SampledToken> DrawFirst(std::span<const DecodeRow> rows) override {
    std::vector<SampledToken> drawn;
    for (const DecodeRow& row : rows) drawn.push_back(lanes_[0].Draw(Of(row.prompt).logits, row));
    return drawn;
  }

  std::vector<SampledToken> Decode(std::span<const DecodeRow> rows) override {
    std::vector<SampledToken> drawn(rows.size());
    InShares(rows.size(), static_cast<int64_t>(rows.size()) / kRowsOfALane, [&](Lane& lane, size_t begin, size_t count) {
      lane.Decode(rows.subspan(begin, count), caches_, std::span(drawn).subspan(begin, count));
    });
    return drawn;
  }

 private:
  // work(lane, begin, count) over all of `total`, in up to `shares` equal shares, each in a thread of its own.
  void InShares(size_t total, int64_t shares, const std::function<void(Lane& lane, size_t begin, size_t count)>& work) {
    shares = std::min<int64_t>(shares, static_cast<int64_t>(lanes_.size()));
    if (shares <= 1) return work(lanes_[0], 0, total);
    model_->Prepack();
    const auto place = [&](int64_t share) { return total * static_cast<size_t>(share) / static_cast<size_t>(shares); };
    InParallel(0, shares, 1, [&](int64_t first, int64_t last) {
      const c10::InferenceMode inference;  // is of a thread
      for (int64_t i = first; i < last; ++i) work(lanes_[static_cast<size_t>(i)], place(i), place(i + 1) - place(i));
    });
  }

  const Transformer* model_;
  std::vector<Lane> lanes_;             // one per compute thread
  std::vector<KeyValueBuffer> caches_;  // of the completions' tokens, by slot; kept for the next one
};

}  // namespace

std::unique_ptr<DecodeBackend> MakeCpuBackend(const Transformer* model, int64_t slots) {
  return std::make_unique<CpuBackend>(model, slots);
}

}  // namespace temper
