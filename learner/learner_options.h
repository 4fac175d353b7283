#pragma once

#include <cstdint>
#include <string>

#include "policy/model/lora_options.h"

namespace temper {

class Telemetry;

struct LearnerOptions {
  int64_t micro_batch_tokens = 8192;   // tokens of one forward and backward; a group or sequence is never split
  int64_t threads = 1;                 // micro-batches computed side by side, each by one thread; the sum is in their order
  std::string dtype = "fp32";          // fp32 | bf16 (compute; master weights stay fp32)
  bool recompute_activations = false;  // keep a layer's input alone for the backward: less memory, a third more work
  Telemetry* telemetry = nullptr;      // borrowed: is told of the parts of an update; null = nobody is
  LoraOptions lora = {};               // of rank 1 or more: trains adapters, and leaves the parameters the learner began with as they are
};

struct OptimizerOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.0;
  double max_grad_norm = 1.0;  // 0 = no clipping
  int64_t warmup_steps = 5;
  std::string schedule = "linear";  // constant | linear | cosine, after warm-up
  double final_lr_fraction = 0.1;
};

struct RlOptions {
  std::string loss = "ppo_clip";  // ppo_clip | reinforce
  double clip_low = 0.2;
  double clip_high = 0.28;
  double dual_clip = 3.0;                  // 0 = off
  std::string aggregation = "token_mean";  // token_mean | seq_mean_token_mean | seq_mean_token_sum | constant
  int64_t step_completions = 0;            // of `constant`: completions sampled for a step; 0 = those trained on
  int64_t max_completion_tokens = 48;      // of `constant`
  double kl_coef = 0.02;
  std::string kl_estimator = "k3";  // k1 | k2 | k3
  std::string kl_in = "loss";       // loss | reward (k1 subtracted from the advantage's reward per token)
  double entropy_coef = 0.0;
  double tis_cap = 2.0;           // truncated importance correction old/behaviour <= cap; 0 = off
  double temperature = 1.0;       // the learner scores tokens under the same tempered distribution
  int64_t updates_per_batch = 1;  // optimizer steps on one batch; above 1 the old log-probs are computed first
};

}  // namespace temper
