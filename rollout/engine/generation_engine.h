#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/model/transformer.h"
#include "policy/tokenizer/tokenizer.h"
#include "rollout/engine/generation_request.h"
#include "rollout/engine/trajectory.h"

namespace temper {

struct EngineOptions {
  int64_t slots = 64;                    // completions decoded together
  int64_t max_tokens = 512;              // prompt + completion of one sequence
  int64_t prefill_tokens = 2048;         // prompt tokens computed in one Step at most: what running completions wait for a new prompt
  const Tokenizer* tokenizer = nullptr;  // borrowed; reads the text for stop strings, null = requests with stop strings are refused
  bool graphs = true;                    // on a GPU: CUDA graphs of the decode step
};

// Continuous batching over a fixed number of slots: the prompt of a group is computed once and
// shared by its completions, a finished completion's slot is refilled at once. On the CPU a
// completion's tokens and log-probs do not depend on what else is in the batch (own kernels
// accumulate in a fixed order). A model that computes with ATen's operations may differ in the last
// bits. Borrowed model: its weights may change between two Steps (call SetVersion then); tokens
// keep the version that drew them. Not thread-safe.
class GenerationEngine {
 public:
  GenerationEngine(const Transformer* model, const EngineOptions& options);
  ~GenerationEngine();

  // Queues the group behind those submitted before. Throws ConfigError, for the mistake is in the
  // user's data or settings, when the prompt is empty or holds an id outside the vocabulary. It
  // throws, too, when prompt and max_new_tokens exceed max_tokens or the model's positions, and
  // when an option is out of range. Throws Error, for the mistake is the caller's, when no
  // completion is asked for, the group id is in use, or there are stop strings and no tokenizer.
  void Submit(GenerationRequest request);
  // One turn: computes up to prefill_tokens of new prompts, decodes one token for every slot whose prompt is complete, returns the groups
  // that became complete.
  std::vector<TrajectoryGroup> Step();
  bool idle() const;
  // A completion of a group in work, as far as it is drawn, to show text as it comes. Null for
  // another group; valid until the next call that is not const.
  const Trajectory* Running(uint64_t group_id, int64_t sample) const;
  // The number that tokens drawn from now on carry, except a first token whose prompt's end was computed before.
  void SetVersion(int64_t version);
  // Forgets a group, finished completions included; an id that is not in work is ignored.
  void Cancel(uint64_t group_id);
  int64_t tokens_generated() const;  // since construction

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper
