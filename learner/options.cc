#include "learner/options.h"

#include "cluster/config/check.h"

namespace temper {
namespace {

constexpr RealRange kFraction{0, 1};
constexpr RealRange kMomentDecay{0, 0.9999999};

// What stage rl fills in.
void DescribeSampled(RlOptions& c, ConfigFields& f) {
  f.Real("temperature", &c.temperature, kScoredTemperature, "rollout.temperature");
  f.Int("step_completions", &c.step_completions, {0}, "rl.prompts_per_step times rollout.group_size");
  f.Int("max_completion_tokens", &c.max_completion_tokens, {1}, "rollout.max_new_tokens");
}

}  // namespace

void Describe(LearnerOptions& c, ConfigFields& f) {
  f.Int("micro_batch_tokens", &c.micro_batch_tokens, {1, 1'000'000'000}, "tokens of one forward and backward pass");
  f.Bool("recompute_activations", &c.recompute_activations,
         "keep only the input of each layer and compute the rest again in the backward pass: less memory, about a third more work");
}

void Describe(OptimizerOptions& c, ConfigFields& f) {
  f.Real("lr", &c.lr, {0, 1}, "peak learning rate");
  f.Real("beta1", &c.beta1, kMomentDecay, "AdamW first moment decay");
  f.Real("beta2", &c.beta2, kMomentDecay, "AdamW second moment decay");
  f.Real("eps", &c.eps, {1e-30, 1}, "AdamW epsilon");
  f.Real("weight_decay", &c.weight_decay, {0, 10}, "decoupled weight decay");
  f.Real("max_grad_norm", &c.max_grad_norm, {0, 1e9}, "global-norm clipping; 0 = off");
  f.Int("warmup_steps", &c.warmup_steps, {0, 1'000'000'000}, "linear warm-up");
  f.Enum("schedule", &c.schedule, "after warm-up");
  f.Real("final_lr_fraction", &c.final_lr_fraction, kFraction, "learning rate at the last step, as a share of the peak");
}

void Describe(RlOptions& c, ConfigFields& f) {
  f.Choice("loss", &c.loss, PolicyLosses(), "policy loss");
  f.Real("clip_low", &c.clip_low, kFraction, "ratio clip below 1");
  f.Real("clip_high", &c.clip_high, {0, 10}, "ratio clip above 1 (DAPO clip-higher 0.28)");
  f.Real("dual_clip", &c.dual_clip, {0, 100}, "bound on the ratio for negative advantages; 0 = off");
  f.Enum("aggregation", &c.aggregation, "how token losses become one number, over global counts");
  f.Real("entropy_coef", &c.entropy_coef, {-10, 10}, "weight of the entropy bonus");
  f.Real("tis_cap", &c.tis_cap, {0, 1e6}, "cap of the truncated importance correction for stale samples; 0 = off");
  f.Int("updates_per_batch", &c.updates_per_batch, {1, 64}, "optimizer steps on one batch");
  f.Section("kl", "penalty towards the policy at the start of RL", [&c](ConfigFields& k) {
    k.Real("coef", &c.kl_coef, {0, 100}, "weight; 0 = off");
    k.Enum("estimator", &c.kl_estimator, "k1 = log ratio, k2 = half its square, k3 = non-negative and low-variance, at most 10 a token");
    k.Enum("in", &c.kl_in,
           "where the penalty acts: on the loss; on the reward, before baseline and normalisation, each token's penalty counting for the"
           " tokens before it too; on the finished advantage of its own token. In the loss the gradient of k1 is zero on average");
    k.Bool("off_policy", &c.kl_off_policy,
           "of in: loss: weighs each token's penalty by its probability now over that under which it was drawn (importance capped by "
           "rl.tis_cap), gradient included, so that it is the KL of the policy itself with rl.max_staleness or rl.updates_per_batch above "
           "their least, too, and k1 has its right gradient (DeepSeek-V3.2; use_bias_correction_kl of TRL)");
  });
  f.Rule([&c] { return !c.kl_off_policy || c.kl_in == KlPlace::kLoss; },
         "rl.kl.off_policy needs rl.kl.in: loss; elsewhere the penalty is a part of the advantage, which the importance weighs already");
  f.Rule([&c] { return c.dual_clip == 0 || c.dual_clip > 1; }, "rl.dual_clip must be 0 (off) or above 1");
}

void CheckRlOptions(const RlOptions& options) {
  CheckOptions("rl", options);
  CheckFields("rl", [sampled = options](ConfigFields& fields) mutable { DescribeSampled(sampled, fields); });
}

}  // namespace temper
