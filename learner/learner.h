#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cluster/collectives/communicator.h"
#include "learner/options.h"
#include "learner/train_batch.h"
#include "policy/model/transformer.h"

namespace temper {

struct LearnerState;  // learner_state.h: shared by the files that implement the updates

// Owns optimizer state and the frozen reference; changes the model it borrows. Every rank of the communicator must make the same calls
// with its own share of the batch (a share may be empty). Losses are sums over the share divided by counts over the global batch, so the
// gradient does not depend on how the batch was split over ranks and micro-batches.
//
// With LoRA only the adapters have gradients and moments. The model's parameters are then always base + adapters, computed again from the
// frozen base after every step.
class Learner {
 public:
  Learner(Transformer* model, const LearnerOptions& options, Communicator* communicator);
  ~Learner();

  // A fresh optimizer and schedule.
  void BeginStage(const OptimizerOptions& options, int64_t total_steps);
  // The update that comes next belongs to this step of the stage (0-based): its learning rate does. Without it updates are counted, and
  // the rate falls behind where steps pass without one.
  void SetStep(int64_t step);
  // Freezes a copy of the present parameters as the KL reference, which is computed in the learner's type.
  void SetReference();

  // Goes on from the adapters of a folder that SavePeftAdapter wrote. Throws ConfigError where they are of another rank or targets.
  void LoadAdapter(const std::string& folder);

  UpdateReport SftUpdate(std::span<const SftExample> share);
  UpdateReport RlUpdate(std::span<const TrainGroup> share, const RlOptions& options);

  // How likely the model finds these answers, without an update. It has answers, loss (-log p in
  // nats), tokens, loss_squared, tokens_squared and loss_tokens, each a sum over the answers of all
  // learners (evaluation/perplexity.h).
  UpdateReport ScoreAnswers(std::span<const SftExample> share) const;

  // Model (with LoRA the adapters alone: load it into a learner of the same base), optimizer moments and step, reference: bitwise. Files
  // of this rank in `folder`. Throws Error.
  void Save(const std::string& folder) const;
  void Load(const std::string& folder);

 private:
  std::unique_ptr<LearnerState> state_;
};

}  // namespace temper
