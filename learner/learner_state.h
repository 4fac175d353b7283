#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "learner/batch_packing.h"
#include "learner/global_stats.h"
#include "learner/optimizer.h"
#include "learner/options.h"
#include "learner/token_scores.h"
#include "learner/train_batch.h"
#include "policy/model/transformer.h"

namespace temper {

// Seconds this learner spent in each phase of an update.
struct PhaseTimes {
  double forward_ref = 0;
  double forward = 0;
  double backward = 0;
  double allreduce = 0;
  double optimizer = 0;

  // Of threads that worked side by side: the slowest counts.
  void TakeSlowest(const PhaseTimes& other) {
    forward_ref = std::max(forward_ref, other.forward_ref);
    forward = std::max(forward, other.forward);
    backward = std::max(backward, other.backward);
  }
};

// What one optimizer step did; the same on every learner.
struct StepOutcome {
  double grad_norm = 0;    // before clipping
  bool nonfinite = false;  // loss or gradient was not finite: the parameters are as before
};

struct LearnerState {
  LearnerState(Transformer* borrowed_model, const LearnerOptions& learner_options, Communicator* borrowed_communicator);

  // Hidden states and scores of one micro-batch's rows. Records a graph when autograd is on.
  TokenScores Score(const Transformer& scored, const MicroBatch& batch, double temperature) const;

  TokenScores ScorePortable(const Transformer& scored, const MicroBatch& batch, double temperature) const;

  // Calls collective(data, count) on the flat tensor: in place where the communicator can, else on a copy in host memory.
  void Share(at::Tensor& flat, const std::function<void(float* data, size_t count)>& collective);

  // Zeroes the gradient, then calls work(thread, model) once per compute thread, each with a model
  // of its own over the same parameters. Afterwards the gradient holds the sum over the threads, in
  // their order. Rethrows the first failure. work deals with the micro-batches thread, thread +
  // threads, ...
  void InThreads(const std::function<void(int64_t thread, const Transformer& own)>& work);
  // Tokens of a micro-batch so that every thread gets one: `total` and `longest` (a group is never split) of this learner's share.
  int64_t MicroBatchTokens(int64_t total, int64_t longest) const;

  // Of the present update; the schedule counts updates, not optimizer steps.
  double learning_rate() const { return LearningRate(optimizer_options, schedule_step, total_steps); }

  // A tensor of the gradient's size from the shards of all learners. Collective.
  at::Tensor GatherShards(const at::Tensor& shard) const;

  // Brings the model's parameters up to date after what is trained was changed.
  void Refresh();

  // Adds the gradients of all learners, clips and steps: every learner its own shard of what is trained, which is then shared. `loss` is
  // the global loss, judged for finiteness with the gradient, so that every learner takes the same turn.
  StepOutcome FinishStep(double loss, PhaseTimes* times);

  Transformer* model;
  LearnerOptions options;
  Communicator* communicator;
  std::shared_ptr<const Transformer> base;  // what the adapters are merged with; null without them
  at::Tensor gradient;                // flat, what the backward adds to; after FinishStep only this learner's shard of it means anything
  std::vector<Transformer> replicas;  // of the model, for the threads after the first
  AdamW optimizer;
  OptimizerOptions optimizer_options;
  int64_t total_steps = 0;                       // updates of the stage; 0 before BeginStage
  int64_t schedule_step = 0;                     // updates done in the stage
  std::shared_ptr<const Transformer> reference;  // the base itself where the two are equal
  at::Tensor reference_adapters;  // with adapters: the numbers that make the base the reference; undefined where it is the base
};

// A copy that scores as the model does in training.
std::shared_ptr<Transformer> FrozenCopy(const Transformer& model);

// Adds timing_s/* (the slowest learner's) to the report.
void ReportTimes(const PhaseTimes& times, Communicator& communicator, UpdateReport* report);

}  // namespace temper
