#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "policy/model/lora_options.h"
#include "policy/model/options.h"
#include "reward/advantage/advantage.h"

namespace temper {

class Telemetry;

// The section `learner` gives micro_batch_tokens and recompute_activations; who makes a learner fills in what other sections say.
struct LearnerOptions {
  int64_t micro_batch_tokens = 8192;  // tokens of one forward and backward; a group or sequence is never split
  int64_t threads = 1;                // cluster.learner_threads: micro-batches computed side by side, each by one thread, summed in order
  ComputeType dtype = ComputeType::kFp32;  // policy.dtype
  bool recompute_activations = false;      // keep a layer's input alone for the backward: less memory, a third more work
  Telemetry* telemetry = nullptr;          // borrowed: is told of the parts of an update; null = nobody is
  LoraOptions lora = {};  // policy.lora; of rank 1 or more: trains adapters, and leaves the parameters the learner began with as they are
};

void Describe(LearnerOptions& options, ConfigFields& fields);

// After the warm-up, from lr to final_lr_fraction lr (learner/optimizer.h).
enum class LrSchedule : uint8_t { kConstant, kLinear, kCosine };
template <>
struct EnumNames<LrSchedule> {
  static constexpr std::string_view kWhat = "learning rate schedule";
  static constexpr EnumTable<LrSchedule, 3> kTable{
      {{LrSchedule::kConstant, "constant"}, {LrSchedule::kLinear, "linear"}, {LrSchedule::kCosine, "cosine"}}};
};

// AdamW and its learning rate.
struct OptimizerOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.0;
  double max_grad_norm = 1.0;  // 0 = no clipping
  int64_t warmup_steps = 5;
  LrSchedule schedule = LrSchedule::kLinear;
  double final_lr_fraction = 0.1;
};

void Describe(OptimizerOptions& options, ConfigFields& fields);

// How the losses of tokens become one number (TokenWeight in learner/policy_loss.h).
enum class LossAggregation : uint8_t { kTokenMean, kSeqMeanTokenMean, kSeqMeanTokenSum, kConstant };
template <>
struct EnumNames<LossAggregation> {
  static constexpr std::string_view kWhat = "aggregation";
  static constexpr EnumTable<LossAggregation, 4> kTable{{{LossAggregation::kTokenMean, "token_mean"},
                                                         {LossAggregation::kSeqMeanTokenMean, "seq_mean_token_mean"},
                                                         {LossAggregation::kSeqMeanTokenSum, "seq_mean_token_sum"},
                                                         {LossAggregation::kConstant, "constant"}}};
};

enum class KlEstimator : uint8_t { kK1, kK2, kK3 };
template <>
struct EnumNames<KlEstimator> {
  static constexpr std::string_view kWhat = "KL estimator";
  static constexpr EnumTable<KlEstimator, 3> kTable{{{KlEstimator::kK1, "k1"}, {KlEstimator::kK2, "k2"}, {KlEstimator::kK3, "k3"}}};
};

// Where the KL penalty acts. reward: every token's penalty counts for what was said before it too, and goes through baseline and
// normalisation (InstructGPT, TRL, verl). advantage: it is taken from the finished advantage of its own token.
enum class KlPlace : uint8_t { kLoss, kReward, kAdvantage };
template <>
struct EnumNames<KlPlace> {
  static constexpr std::string_view kWhat = "place of the KL penalty";
  static constexpr EnumTable<KlPlace, 3> kTable{
      {{KlPlace::kLoss, "loss"}, {KlPlace::kReward, "reward"}, {KlPlace::kAdvantage, "advantage"}}};
};

// A policy loss: a constant of a file of its own and a line in learner/policy_losses.inc.
struct RlOptions;
struct PolicyTerm;  // learner/policy_loss.h
struct PolicyTermInput;
struct PolicyLossType {
  const char* name;  // rl.loss
  const char* help;
  PolicyTerm (*term)(const PolicyTermInput& in, const RlOptions& options);
};
const Registry<PolicyLossType>& PolicyLosses();
extern const PolicyLossType kPpoClipLoss;

// The sections rl and rl.kl give all but how the completions were sampled: that stage rl fills in (orchestrator/config/derived.h).
struct RlOptions {
  const PolicyLossType* loss = &kPpoClipLoss;
  double clip_low = 0.2;
  double clip_high = 0.28;
  double dual_clip = 3.0;  // 0 = off
  LossAggregation aggregation = LossAggregation::kTokenMean;
  int64_t step_completions = 0;        // sampled; of aggregation constant: completions of a step, 0 = those trained on
  int64_t max_completion_tokens = 48;  // sampled; of aggregation constant
  double kl_coef = 0.02;
  KlEstimator kl_estimator = KlEstimator::kK3;
  KlPlace kl_in = KlPlace::kLoss;
  bool kl_off_policy = false;  // of kl_in = loss: the penalty counts by the importance of its token
  double entropy_coef = 0.0;
  double tis_cap = 2.0;           // truncated importance correction old/behaviour <= cap; 0 = off
  double temperature = 1.0;       // sampled; the learner scores tokens under the same tempered distribution
  int64_t updates_per_batch = 1;  // optimizer steps on one batch; the old log-probs are those of the first pass over it
  // Of the batch that a loss is normalised over where that is more than what is trained on (rl.normalize_over); 0 = what is trained on.
  double sampled_tokens = 0;
  double sampled_sequences = 0;
  AdvantageOptions advantage = {};   // of kl_in = reward, where the learner estimates the advantages
  std::vector<double> lambdas = {};  // one per cost
};

// The settings of the loss.
void Describe(RlOptions& options, ConfigFields& fields);

// The temperatures that tokens can be scored under; greedy sampling has no gradient.
inline constexpr RealRange kScoredTemperature{0.01, 1000};

// Refuses values no loss can be computed with, settings or not. Throws ConfigError naming the key.
void CheckRlOptions(const RlOptions& options);

}  // namespace temper
