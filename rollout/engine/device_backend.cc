#include <algorithm>
#include <map>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/stack.h>
#include <c10/util/Exception.h>

#include "cluster/base/error.h"
#include "policy/kernels/device_graph.h"
#include "policy/kernels/device_kernels.h"
#include "policy/kernels/upload.h"
#include "policy/model/variable_attention.h"
#include "rollout/engine/decode_backend.h"
#include "rollout/engine/device_sampler.h"

namespace temper {
namespace {

at::Tensor Indices(const std::vector<int64_t>& values, at::Device device) { return Uploaded<int64_t>(values, at::kLong, device); }

// Keys and values of all layers: rows of `length` positions, the first half of them for prompts, the other for completions. A layer's
// tensors are [rows * length, K, C].
struct DeviceCache {
  std::vector<at::Tensor> keys, values;
  int64_t rows_of_each = 0;
  int64_t length = 0;

  DeviceCache(const Transformer& model, int64_t rows, int64_t row_length) : rows_of_each(rows), length(row_length) {
    const TransformerConfig& c = model.config();
    const auto options = at::TensorOptions(model.inference_type()).device(model.device());
    try {
      for (int64_t layer = 0; layer < c.num_layers; ++layer) {
        keys.push_back(at::empty({2 * rows * length, c.num_kv_heads, c.head_dim}, options));
        values.push_back(at::empty_like(keys.back()));
      }
    } catch (const c10::Error& error) {
      TEMPER_FAIL("no memory on ", model.device().str(), " for the keys and values of ", 2 * rows, " rows of ", length,
                  " tokens; lower rollout.slots, or the longest sequence (data.max_prompt_tokens, rollout.max_new_tokens): ",
                  error.what_without_backtrace());
    }
  }
  int64_t PromptPlace(int64_t row, int64_t position) const { return row * length + position; }
  int64_t OwnRow(int64_t slot) const { return rows_of_each + slot; }
};

// Rows of a forward that see positions of the cache gathered for them; each first stores its own key and value.
class GatherAttention final : public Attention {
 public:
  GatherAttention(const TransformerConfig& config, DeviceCache* cache) : config_(config), cache_(cache) {}

  // A sequence of `queries` tokens, the last of `places`, of which the first tokens are in the cache already.
  void Add(int64_t queries, const std::vector<int64_t>& places) {
    gather_.insert(gather_.end(), places.begin(), places.end());
    write_.insert(write_.end(), places.end() - queries, places.end());
    spans_.Add(queries, static_cast<int64_t>(places.size()));
  }
  void MoveTo(at::Device device) {
    gather_S_ = Indices(gather_, device);
    write_T_ = Indices(write_, device);
    spans_.MoveTo(device);
  }

  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override {
    at::Tensor &keys = cache_->keys[static_cast<size_t>(layer)], &values = cache_->values[static_cast<size_t>(layer)];
    keys.index_copy_(0, write_T_, k_TKC);
    values.index_copy_(0, write_T_, v_TKC);
    return AttendSequences(q_THC, keys.index_select(0, gather_S_), values.index_select(0, gather_S_), spans_, config_.window(layer));
  }

 private:
  const TransformerConfig& config_;
  DeviceCache* cache_;
  std::vector<int64_t> gather_, write_;
  SequenceSpans spans_;
  at::Tensor gather_S_, write_T_;
};

// One token a row, by the own kernel.
class KernelAttention final : public Attention {
 public:
  KernelAttention(const TransformerConfig& config, DeviceCache* cache, DeviceDecodeRows rows)
      : config_(config), cache_(cache), rows_(std::move(rows)) {}
  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override {
    const auto at = static_cast<size_t>(layer);
    return DeviceDecodeAttention(q_THC, k_TKC, v_TKC, cache_->keys[at], cache_->values[at], rows_, cache_->length, config_.window(layer));
  }

 private:
  const TransformerConfig& config_;
  DeviceCache* cache_;
  DeviceDecodeRows rows_;
};

// Rows of the tensor a decode step reads, [kNumInputs, B].
enum Input : int64_t { kToken, kPosition, kPromptRow, kPromptLength, kOwnRow, kOwnLength, kNumInputs };

// A decode step of a fixed number of rows.
struct Bucket {
  at::Tensor on_host, on_device;  // inputs; the first in pinned memory, free again once a step's tokens were fetched
  at::Tensor logits;
  DeviceGraph graph;
  bool recorded = false;
};

// A power of two up to 64, above that a multiple of 64: few graphs, little padding.
int64_t BucketSize(int64_t rows) {
  if (rows > 64) return (rows + 63) / 64 * 64;
  int64_t size = 1;
  while (size < rows) size *= 2;
  return size;
}

class DeviceBackend final : public DecodeBackend {
 public:
  DeviceBackend(const Transformer* model, const DeviceBackendOptions& options)
      : model_(model),
        device_(model->device()),
        uses_kernels_(device_.is_cuda() && DeviceKernelsBuilt()),
        uses_graphs_(uses_kernels_ && options.graphs),
        // A prompt more than slots: one may wait with finished completions while other groups hold all slots. The last completion row
        // takes what padding rows write.
        cache_(*model, options.slots + 1, options.max_tokens),
        padding_slot_(options.slots) {
    for (int64_t row = options.slots; row >= 0; --row) free_prompt_rows_.push_back(row);
  }

  std::unique_ptr<PromptState> OpenPrompt(int64_t length) override {
    TEMPER_CHECK(length <= cache_.length && !free_prompt_rows_.empty(), "no place for a prompt of ", length, " tokens");
    const int64_t row = free_prompt_rows_.back();
    free_prompt_rows_.pop_back();
    return std::make_unique<Prompt>(this, row);
  }

  void OpenSlot(int64_t, int64_t) override {}  // every slot has its memory

  void ComputePrompts(std::span<const PromptChunk> chunks) override {
    GatherAttention attention(model_->config(), &cache_);
    std::vector<int64_t> tokens, positions, last_rows, places;
    std::vector<Prompt*> complete;
    for (const PromptChunk& chunk : chunks) {
      Prompt& prompt = Of(chunk.prompt);
      places.clear();
      for (int64_t at = 0; at < chunk.end; ++at) places.push_back(cache_.PromptPlace(prompt.row, at));
      for (int64_t at = chunk.begin; at < chunk.end; ++at) {
        tokens.push_back(chunk.tokens[static_cast<size_t>(at)]);
        positions.push_back(at);
      }
      attention.Add(chunk.end - chunk.begin, places);
      if (chunk.end < static_cast<int64_t>(chunk.tokens.size())) continue;
      complete.push_back(&prompt);
      last_rows.push_back(static_cast<int64_t>(tokens.size()) - 1);
    }
    attention.MoveTo(device_);
    const at::Tensor hidden = model_->Hidden(Indices(tokens, device_), Indices(positions, device_), attention);
    if (complete.empty()) return;
    const at::Tensor logits = model_->Logits(hidden.index_select(0, Indices(last_rows, device_)));
    for (size_t i = 0; i < complete.size(); ++i) complete[i]->logits = logits.select(0, static_cast<int64_t>(i));
  }

  std::vector<SampledToken> DrawFirst(std::span<const DecodeRow> rows) override {
    std::vector<at::Tensor> logits;
    for (const DecodeRow& row : rows) logits.push_back(Of(row.prompt).logits);
    return DrawOnDevice(at::stack(logits), rows);
  }

  std::vector<SampledToken> Decode(std::span<const DecodeRow> rows) override {
    const at::Tensor logits = uses_kernels_ ? KernelLogits(rows) : GatheredLogits(rows);
    return DrawOnDevice(logits.narrow(0, 0, static_cast<int64_t>(rows.size())), rows);
  }

 private:
  struct Prompt final : PromptState {
    Prompt(DeviceBackend* from, int64_t cache_row) : backend(from), row(cache_row) {}
    ~Prompt() override { backend->free_prompt_rows_.push_back(row); }
    DeviceBackend* backend;
    int64_t row;        // of the cache
    at::Tensor logits;  // [V], undefined until the whole prompt was computed
  };
  static Prompt& Of(PromptState* prompt) { return *static_cast<Prompt*>(prompt); }

  at::Tensor GatheredLogits(std::span<const DecodeRow> rows) {
    GatherAttention attention(model_->config(), &cache_);
    std::vector<int64_t> tokens, positions, places;
    for (const DecodeRow& row : rows) {
      places.clear();
      for (int64_t at = 0; at < row.prompt_length; ++at) places.push_back(cache_.PromptPlace(Of(row.prompt).row, at));
      for (int64_t at = 0; at < row.num_drawn; ++at) places.push_back(cache_.PromptPlace(cache_.OwnRow(row.slot), at));
      attention.Add(1, places);
      tokens.push_back(row.last_token);
      positions.push_back(row.prompt_length + row.num_drawn - 1);
    }
    attention.MoveTo(device_);
    return model_->Logits(model_->Hidden(Indices(tokens, device_), Indices(positions, device_), attention));
  }

  at::Tensor KernelLogits(std::span<const DecodeRow> rows) {
    Bucket& bucket = FilledBucket(rows);
    model_->Prepack();  // a graph reads the rounded weights, and does not make them
    const auto step = [&] {
      const auto input = [&](Input which) { return bucket.on_device.select(0, which); };
      KernelAttention attention(model_->config(), &cache_, {input(kPromptRow), input(kPromptLength), input(kOwnRow), input(kOwnLength)});
      bucket.logits = model_->Logits(model_->Hidden(input(kToken), input(kPosition), attention));
    };
    if (!uses_graphs_) {
      step();
      return bucket.logits;
    }
    if (!bucket.recorded) {
      bucket.graph.Record(device_, step);
      bucket.recorded = true;
    }
    bucket.graph.Replay();
    return bucket.logits;
  }

  // The bucket of so many rows with their inputs on the way to the device.
  Bucket& FilledBucket(std::span<const DecodeRow> rows) {
    const int64_t size = uses_graphs_ ? BucketSize(static_cast<int64_t>(rows.size())) : static_cast<int64_t>(rows.size());
    Bucket& bucket = buckets_[size];
    if (!bucket.on_host.defined()) {
      const auto options = at::TensorOptions(at::kLong);
      bucket.on_host = at::empty({kNumInputs, size}, options.pinned_memory(true));
      bucket.on_device = at::empty({kNumInputs, size}, options.device(device_));
    }
    int64_t* inputs = bucket.on_host.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < size; ++i) {
      const bool padding = i >= static_cast<int64_t>(rows.size());
      const DecodeRow row = padding ? DecodeRow{.slot = padding_slot_, .num_drawn = 1} : rows[static_cast<size_t>(i)];
      inputs[kToken * size + i] = row.last_token;
      inputs[kPosition * size + i] = row.prompt_length + row.num_drawn - 1;
      inputs[kPromptRow * size + i] = padding ? 0 : Of(row.prompt).row;
      inputs[kPromptLength * size + i] = row.prompt_length;
      inputs[kOwnRow * size + i] = cache_.OwnRow(row.slot);
      inputs[kOwnLength * size + i] = row.num_drawn;
    }
    bucket.on_device.copy_(bucket.on_host, /*non_blocking=*/true);
    return bucket;
  }

  const Transformer* model_;
  at::Device device_;
  bool uses_kernels_;
  bool uses_graphs_;
  DeviceCache cache_;
  int64_t padding_slot_;
  std::vector<int64_t> free_prompt_rows_;
  std::map<int64_t, Bucket> buckets_;
};

}  // namespace

std::unique_ptr<DecodeBackend> MakeDeviceBackend(const Transformer* model, const DeviceBackendOptions& options) {
  return std::make_unique<DeviceBackend>(model, options);
}

}  // namespace temper
