#include "cluster/metrics/metric_groups.h"

namespace temper {
namespace {

constexpr auto kGauge = MetricKind::kGauge;
constexpr auto kHistogram = MetricKind::kHistogram;
constexpr auto kMean = Reduction::kMean;
constexpr auto kMin = Reduction::kMin;
constexpr auto kMax = Reduction::kMax;
constexpr auto kStd = Reduction::kStd;
constexpr auto kSum = Reduction::kSum;
constexpr auto kValue = Reduction::kValue;
constexpr auto kBoth = kSftRow | kRlRow;
// Tokens of completions (RL) or answers (SFT) that the learners trained on.
constexpr std::string_view kTokens = "trained tokens, all learners";

constexpr MetricSpec kActor[] = {
    {"actor/loss", "nats (SFT), loss (RL)", kGauge, kSum, "trained tokens weighted by `rl.aggregation`, all learners", kBoth,
     "SFT falls; RL has no level of its own", "the number that was differentiated; SFT: mean negative log-likelihood of an answer token"},
    {"actor/pg_loss", "loss", kGauge, kSum, "trained tokens weighted by `rl.aggregation`, all learners", kRlRow, "near 0 on-policy",
     "policy-gradient part of it"},
    {"actor/kl", "nats a token", kGauge, kMean, kTokens, kRlRow, "grows slowly, below 1; single steps spike",
     "`rl.kl.estimator` of KL(policy, reference) on the sampled tokens; the reference is the policy RL began with; 0 with `rl.kl.coef` 0"},
    {"actor/ppo_kl", "nats a token", kGauge, kMean, kTokens, kRlRow, "below 0.05",
     "old minus new log-probability: how far the updates of a batch moved the policy; 0 with one update a batch"},
    {"actor/entropy", "nats a token", kGauge, kMean, kTokens, kBoth, "falls, not to 0", "entropy of the policy over the vocabulary"},
    {"actor/clip_frac", "share", kGauge, kMean, kTokens, kRlRow, "below 0.2",
     "tokens whose gradient the ratio clip cut; 0 with one update a batch on-policy"},
    {"actor/clip_frac_low", "share", kGauge, kMean, kTokens, kRlRow, "below 0.2",
     "of these, ratios below 1: bad tokens already made rarer"},
    {"actor/clip_frac_high", "share", kGauge, kMean, kTokens, kRlRow, "below 0.2",
     "of these, ratios above 1: good tokens already made likelier, or bad ones cut by `rl.dual_clip`"},
    {"actor/ratio_mean", "ratio", kGauge, kMean, kTokens, kRlRow, "1 on the first update of a batch", "new over old probability"},
    {"actor/ratio_max", "ratio", kGauge, kMax, kTokens, kRlRow, "below 10", "the same"},
    {"actor/tis_clipped_frac", "share", kGauge, kMean, kTokens, kRlRow, "near 0", "tokens whose importance weight was cut at `rl.tis_cap`"},
    {"actor/grad_norm", "norm", kGauge, kMean, "updates of the batch", kBoth, "steady; spikes come with spikes of the loss",
     "global gradient norm before clipping"},
    {"actor/lr", "rate", kGauge, kValue, "", kBoth, "follows the schedule", "learning rate of the step"},
    {"actor/nonfinite", "0 or 1", kGauge, kMax, "updates of the batch", kBoth, "0",
     "loss or gradient was not finite, the update was skipped; three steps in a row end the job with code 76"},
};

constexpr MetricSpec kTransition[] = {
    {"transition/loss", "nats a token", kGauge, kMean, "places of unsafe answers with the loss, all learners", kSftRow, "falls",
     "`sft.derta.transition`: mean negative log-likelihood of its target in the middle of an unsafe answer, without the weight"},
    {"transition/tokens", "tokens", kGauge, kSum, "all learners", kSftRow, "steady; 0 where it is off", "places that had this loss"},
};

constexpr MetricSpec kAdvantage[] = {
    {"advantage/mean", "advantage", kGauge, kMean, "trained completions", kRlRow, "near 0", "of the completions trained on"},
    {"advantage/std", "advantage", kGauge, kStd, "trained completions", kRlRow, "0.7 to 1 for grpo", "the same"},
    {"advantage/min", "advantage", kGauge, kMin, "trained completions", kRlRow, "", "the same"},
    {"advantage/max", "advantage", kGauge, kMax, "trained completions", kRlRow, "", "the same"},
    {"advantage/positive_fraction", "share", kGauge, kMean, "trained completions", kRlRow, "0.2 to 0.8",
     "completions that are made likelier"},
    {"advantage/distribution", "advantage", kHistogram, kValue, "trained completions", kRlRow, "", "advantages of the step (TensorBoard)"},
};

constexpr MetricSpec kMismatch[] = {
    {"mismatch/logp_abs_mean", "nats", kGauge, kMean, kTokens, kRlRow,
     "1e-6 in fp32 on-policy; larger with bf16, staleness, top-k or top-p",
     "distance between the log-probability recorded when a token was drawn and the learner's own for it"},
    {"mismatch/logp_abs_max", "nats", kGauge, kMax, kTokens, kRlRow, "1e-4 in fp32 on-policy", "the same"},
    {"mismatch/kl_k1", "nats a token", kGauge, kMean, kTokens, kRlRow, "near 0",
     "KL from the sampling to the learner's distribution by k1, the mean log ratio: unbiased, may be negative"},
    {"mismatch/kl_k3", "nats a token", kGauge, kMean, kTokens, kRlRow, "below 1e-3", "the same by k3: never negative, less noise"},
    {"mismatch/is_ratio_max", "ratio", kGauge, kMax, kTokens, kRlRow, "below 2",
     "learner's over sampling probability: the importance weight before `rl.tis_cap`"},
    {"mismatch/ess", "share", kGauge, kValue, kTokens, kRlRow, "above 0.9",
     "effective sample size under these weights w: (sum w)^2 / (n sum w^2); 1 on-policy"},
};

constexpr MetricSpec kOffPolicy[] = {
    {"off_policy/staleness_mean", "versions", kGauge, kMean, "sampled tokens", kRlRow, "0 on-policy, at most `rl.max_staleness`",
     "step minus the weight version that drew a token"},
    {"off_policy/staleness_max", "versions", kGauge, kMax, "sampled tokens", kRlRow, "at most `rl.max_staleness`", "the same"},
    {"off_policy/staleness_limit", "versions", kGauge, kValue, "", kRlRow, "", "`rl.max_staleness`, to compare with"},
    {"off_policy/spans_max", "versions", kGauge, kMax, "completions", kRlRow, "1 on-policy",
     "weight versions that drew one completion: more than one when weights came while it was sampled"},
};

constexpr MetricGroup kGroups[] = {
    {"actor",
     "The update. Counts are taken over all learners before anything is divided, so a figure does not depend on how the batch was dealt. "
     "Of several updates on a batch means are averaged and maxima kept.",
     kActor},
    {"transition", "SFT with `sft.derta.transition`: a policy that learns to turn back in the middle of an unsafe answer.", kTransition},
    {"advantage",
     "What the loss is weighted with, before a KL penalty, over the completions whose grade succeeded of groups with reward variance.",
     kAdvantage},
    {"mismatch", "Sampling against learning: the same tokens under the rollout worker's and the learner's arithmetic and weights.",
     kMismatch},
    {"off_policy", "How old the weights were that drew what is learned from.", kOffPolicy},
};

}  // namespace

std::span<const MetricGroup> LearningMetrics() { return kGroups; }

}  // namespace temper
