#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "policy/model/transformer.h"
#include "rollout/engine/sampler.h"
#include "rollout/engine/sampling_options.h"

namespace temper {

// A prompt in work: keys and values of what was computed, and the logits after it. Made by a backend, which must outlive it.
class PromptState {
 public:
  virtual ~PromptState() = default;
};

// Tokens [begin, end) of a prompt, to be computed.
struct PromptChunk {
  PromptState* prompt = nullptr;
  std::span<const int32_t> tokens;  // of the whole prompt
  int64_t begin = 0;
  int64_t end = 0;
};

// A completion whose next token is wanted.
struct DecodeRow {
  PromptState* prompt = nullptr;
  int64_t prompt_length = 0;
  int64_t slot = 0;
  const SamplingOptions* sampling = nullptr;
  int64_t num_drawn = 0;   // its tokens so far
  int32_t last_token = 0;  // the newest of them
  double uniform = 0;      // in [0, 1): what the next one is drawn with
  int64_t sample = 0;      // its place among the completions of its prompt
};

// Computes and draws for a GenerationEngine, which says what and when. Slots are places 0 .. slots - 1 of completions. All calls are made
// in inference mode, from one thread.
class DecodeBackend {
 public:
  virtual ~DecodeBackend() = default;
  virtual std::unique_ptr<PromptState> OpenPrompt(int64_t length) = 0;
  // A completion of up to max_new_tokens takes the slot over.
  virtual void OpenSlot(int64_t slot, int64_t max_new_tokens) = 0;
  // Chunks of one prompt come in order; after its last the prompt's rows can be drawn from.
  virtual void ComputePrompts(std::span<const PromptChunk> chunks) = 0;
  // The first tokens, from the logits after the prompts.
  virtual std::vector<SampledToken> DrawFirst(std::span<const DecodeRow> rows) = 0;
  // Feeds every row its last token and draws its next.
  virtual std::vector<SampledToken> Decode(std::span<const DecodeRow> rows) = 0;
};

// Own CPU kernels and caches in their layout; a row's result depends on that row alone, bit for bit.
std::unique_ptr<DecodeBackend> MakeCpuBackend(const Transformer* model, int64_t slots);

struct DeviceBackendOptions {
  int64_t slots = 64;
  int64_t max_tokens = 512;  // of a prompt, and of a completion
  bool graphs = true;        // on a GPU: a decode step is a CUDA graph, one for each of some numbers of rows
};
// For a model that computes with ATen's operations, on its device. Takes the memory of all caches at once; Error when there is not enough.
// Results may depend on the other rows in the last bits.
std::unique_ptr<DecodeBackend> MakeDeviceBackend(const Transformer* model, const DeviceBackendOptions& options);

}  // namespace temper
