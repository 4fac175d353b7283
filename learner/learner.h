#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "learner/learner_options.h"
#include "policy/transformer.h"

namespace temper {

struct SftExample {
  std::vector<int32_t> tokens;        // prompt then answer, ending with eos
  int64_t prompt_length = 0;          // the loss is on tokens[prompt_length..]
  std::vector<uint8_t> learned = {};  // of those: 1 = has a loss, 0 = has none (another's turn of a conversation); empty = all have one
};

struct TrainSample {
  std::vector<int32_t> tokens;  // completion
  std::vector<float> logprobs;  // behaviour log-probs, as in Trajectory
  std::vector<int64_t> versions;
  double advantage = 0;
};
struct TrainGroup {
  uint64_t group_id = 0;
  std::vector<int32_t> prompt_tokens;
  std::vector<TrainSample> samples;
};

// Metric name ("actor/pg_loss") -> value over the global batch, the same on every learner; names are those of the metric table
// (docs/METRICS.md).
using UpdateReport = std::map<std::string, double>;

// Owns optimizer state and the frozen reference; changes the model it borrows. Every rank of the communicator must make the same calls
// with its own share of the batch (a share may be empty). Losses are sums over the share divided by counts over the global batch, so the
// gradient does not depend on how the batch was split over ranks and micro-batches.
//
// With LoRA only the adapters have gradients and moments. The model's parameters are then always base + adapters, computed anew from the
// frozen base after every step.
class Learner {
 public:
  Learner(Transformer* model, const LearnerOptions& options, Communicator* communicator);
  ~Learner();

  // A fresh optimizer and schedule.
  void BeginStage(const OptimizerOptions& options, int64_t total_steps);
  // Freezes a copy of the present parameters as the KL reference, which is computed in the learner's type.
  void SetReference();

  UpdateReport SftUpdate(std::span<const SftExample> share, const SftOptions& options);
  UpdateReport RlUpdate(std::span<const TrainGroup> share, const RlOptions& options);

  // Model (with LoRA the adapters alone: load it into a learner of the same base), optimizer moments and step, reference: bitwise. Files
  // of this rank in `folder`. Throws Error.
  void Save(const std::string& folder) const;
  void Load(const std::string& folder);

  struct State;  // learner_state.h: shared by the files that implement the updates

 private:
  std::unique_ptr<State> state_;
};

}  // namespace temper
