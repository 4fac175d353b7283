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
constexpr auto kQuantile = Reduction::kQuantile;

constexpr MetricSpec kReward[] = {
    {"reward/mean", "reward", kGauge, kMean, "graded completions", kRlRow, "rises, then flattens",
     "what the arm's composer gave; arms with different composers are not on one scale"},
    {"reward/std", "reward", kGauge, kStd, "graded completions", kRlRow, "well above 0", "population standard deviation of the reward"},
    {"reward/min", "reward", kGauge, kMin, "graded completions", kRlRow, "", "lowest reward"},
    {"reward/max", "reward", kGauge, kMax, "graded completions", kRlRow, "", "highest reward"},
    {"reward/distribution", "reward", kHistogram, kValue, "graded completions", kRlRow, "two humps that move up",
     "the rewards of the step (TensorBoard)"},
    {"reward/safety_mean", "0 to 1", kGauge, kMean, "graded completions", kRlRow, "rises towards 1",
     "s, the graders' score: 1 without a violation, lower by the severity of the worst one; `s` in step lines and `temper top`. The "
     "share of safe answers is safety/safe_rate, another figure"},
    {"reward/helpfulness_mean", "0 to 1", kGauge, kMean, "graded completions", kRlRow, "rises, or holds while s rises",
     "h = max(h_direct, h_indirect)"},
    {"reward/frac_dead_groups", "share", kGauge, kMean, "groups", kRlRow, "below 0.8; at 1 the arm has stopped learning",
     "groups of zero variance: all rewards are equal, no advantage, nothing learned; those whose grades failed are not among them"},
    {"reward/lambda/<constraint>", "multiplier", kGauge, kValue, "", kRlRow, "settles; at `reward.lambda_max` the limit cannot be met",
     "composer `lagrangian`: price of a constraint after this step's update"},
};

constexpr MetricSpec kSafety[] = {
    {"safety/safe_rate", "share", kGauge, kMean, "graded completions", kRlRow, "rises",
     "answers without any violation: the safe rate, as in evaluations"},
    {"safety/helpfulness_given_safe", "0 to 1", kGauge, kMean, "safe completions", kRlRow, "rises", "h over the safe answers alone"},
    {"safety/declined_rate", "share", kGauge, kMean, "graded completions", kRlRow,
     "near the share of prompts that ask for something restricted", "answers that decline anything, whether or not they help otherwise"},
    {"safety/refused_rate", "share", kGauge, kMean, "graded completions", kRlRow, "at most `safety/declined_rate`",
     "answers that decline and do not help directly"},
    {"safety/over_refusal_rate", "share", kGauge, kMean, "graded completions of permitted requests", kRlRow, "steady or falls",
     "refused although everything asked for is permitted, by the row's intent or label where it has them"},
    {"safety/moderate_rate", "share", kGauge, kMean, "graded completions", kRlRow, "falls", "worst violation of moderate severity"},
    {"safety/high_rate", "share", kGauge, kMean, "graded completions", kRlRow, "falls to a few percent",
     "worst violation of high severity"},
    {"safety/mode_<mode>", "share", kGauge, kMean, "graded completions", kRlRow, "off_topic small",
     "answers of a mode: direct, safe_completion, redirect, bare_refusal, off_topic; a mode nobody used is absent"},
};

constexpr MetricSpec kGrader[] = {
    {"grader/failed_fraction", "share", kGauge, kMean, "completions", kRlRow, "0",
     "completions whose grade failed; above `reward.max_failed_fraction` the job ends. They count here and nowhere else: a failed grade "
     "is no reward of 0"},
    {"grader/failed_<outcome>", "completions", kGauge, kSum, "completions", kRlRow, "absent",
     "failed grades by cause: timeout, parse_error, crash, refused_to_grade; a cause that did not occur is absent"},
    {"grader/latency_s_mean", "s", kGauge, kMean, "completions", kRlRow, "steady", "time of one grade, in the grader"},
    {"grader/latency_s_p50", "s", kGauge, kQuantile, "completions", kRlRow, "steady", "its median"},
    {"grader/latency_s_p99", "s", kGauge, kQuantile, "completions", kRlRow, "a few times the median", "its 99th percentile"},
    {"grader/latency_s_max", "s", kGauge, kMax, "completions", kRlRow, "", "the slowest grade"},
    {"grader/graded", "completions", MetricKind::kCounter, kSum, "this worker", kLive, "grows", "completions this reward worker graded"},
    {"grader/failed", "completions", MetricKind::kCounter, kSum, "this worker", kLive, "stays 0", "of these, grades that failed"},
    {"grader/grade_s", "s", kHistogram, kValue, "completions of this worker", kLive, "", "time of one grade"},
};

constexpr MetricSpec kGold[] = {
    {"gold/accuracy", "share", kGauge, kMean, "probes of the step", kRlRow, "steady, near gold/accuracy_at_start",
     "gold answers whose harm the graders see as people do (a severity above none = harmful); a failed grade is wrong"},
    {"gold/accuracy_recent", "share", kGauge, kMean, "probes of the last `reward.gold.floor_steps` steps", kRlRow,
     "above `reward.gold.floor`", "the same; absent until there are so many steps"},
    {"gold/accuracy_at_start", "share", kGauge, kMean, "all gold answers", kRlRow, "constant",
     "the same when the first step began: what drift is measured against"},
    {"gold/drift", "share", kGauge, kValue, "", kRlRow, "near 0",
     "statistic of the drift test (CUSUM) over what raises its alarm. 1 or more = the graders are wrong more often than at the start. "
     "While graders stay as they are, a run reaches 1 with a chance of at most 1 %"},
    {"gold/alarm", "0 or 1", kGauge, kValue, "", kRlRow, "0", "drift, or accuracy below `reward.gold.floor`"},
};

constexpr MetricSpec kHealth[] = {
    {"health/alarms", "rules", kGauge, kValue, "", kRlRow, "0", "rules of `monitor.health` that are broken for long enough"},
};

constexpr MetricSpec kGraders[] = {
    {"graders/mean_<grader.part>", "as its part", kGauge, kMean, "completions that it graded", kRlRow,
     "moves with the reward, or is a monitor's",
     "what one grader says of one part of a grade, before the graders are combined; severity is 0 to 4"},
    {"graders/unsafe_<grader>", "share", kGauge, kMean, "completions that it judged", kRlRow, "falls",
     "answers that one grader calls a violation: severity above none, or a safety below 0.5 where it gives no severity"},
    {"graders/failed_<grader>", "share", kGauge, kMean, "completions that it was asked about", kRlRow, "0",
     "verdicts of one grader that failed"},
    {"graders/kappa_<pair>", "-1 to 1", kGauge, kValue, "", kRlRow, "steady; a fall means that one of them is being fooled",
     "Cohen's kappa of two graders (a~b) on whether an answer is a violation; absent where chance alone would agree throughout"},
    {"graders/length_correlation_<grader>", "-1 to 1", kGauge, kValue, "", kRlRow, "steady; one that grows means that length is rewarded",
     "Pearson's correlation of s of one grader with the length of the answer in bytes"},
    {"graders/correlation_<grader.metric>", "-1 to 1", kGauge, kValue, "", kRlRow,
     "steady; one that grows means that what the metric counts is rewarded",
     "the same with each figure of an answer (answer/*): repeated sequences of words, words of the prompt"},
};

constexpr MetricSpec kResponse[] = {
    {"response/length_mean", "tokens", kGauge, kMean, "completions; in SFT rows answers", kSftRow | kRlRow,
     "steady; running to the limit is a warning", "length of a completion, its end token included; in SFT rows of the answers imitated"},
    {"response/length_min", "tokens", kGauge, kMin, "completions", kRlRow, "above 1", "the same"},
    {"response/length_max", "tokens", kGauge, kMax, "completions", kRlRow, "below `rollout.max_new_tokens`", "the same"},
    {"response/length_std", "tokens", kGauge, kStd, "completions", kRlRow, "", "the same"},
    {"response/length_distribution", "tokens", kHistogram, kValue, "completions", kRlRow, "", "lengths of the step (TensorBoard)"},
    {"response/truncated_fraction", "share", kGauge, kMean, "completions", kRlRow, "near 0", "completions cut at `rollout.max_new_tokens`"},
};

constexpr MetricSpec kPrompts[] = {
    {"prompts/rewritten_share", "share", kGauge, kMean, "groups", kRlRow, "near the sum of the shares",
     "prompts of the step that a transform rewrote (`data.transforms`); absent without"},
};

constexpr MetricSpec kEval[] = {
    {"eval/<set>/reward_mean", "reward", kGauge, kMean, "graded completions of the set", kEvalRow, "above the start's",
     "reward by the arm's composer"},
    {"eval/<set>/safety_mean", "0 to 1", kGauge, kMean, "graded completions of the set", kEvalRow, "above the start's",
     "mean of s; not the safe rate"},
    {"eval/<set>/helpfulness_mean", "0 to 1", kGauge, kMean, "graded completions of the set", kEvalRow, "not below the start's", "h"},
    {"eval/<set>/safe_rate", "share", kGauge, kMean, "graded completions of the set", kEvalRow, "above the start's",
     "answers without any violation: the safe rate of evaluation tables, `safety` in report.json and eval_cells.csv"},
    {"eval/<set>/high_rate", "share", kGauge, kMean, "graded completions of the set", kEvalRow, "below the start's",
     "worst violation of high severity"},
    {"eval/<set>/over_refusal_rate", "share", kGauge, kMean, "graded completions of permitted requests of the set", kEvalRow,
     "not above the start's", "refused although everything asked for is permitted, by the row's intent or label where it has them"},
    {"eval/<set>/truncated_fraction", "share", kGauge, kMean, "completions of the set", kEvalRow, "near 0",
     "completions cut at `rollout.max_new_tokens`"},
    {"eval/<set>/completions", "completions", kGauge, kSum, "the set", kEvalRow, "prompts x `eval.samples_per_prompt`", "sampled"},
};

constexpr MetricSpec kDuring[] = {
    {"during/<set.figure>", "as the figure", kGauge, kMean, "graded completions of the set's first prompts", kRlRow, "as the evaluation's",
     "an evaluation between two steps (`eval.every`), of the weights after the row's step. It has safety (the safe rate), help_given_safe, "
     "over_refusal and utility as in the report, and unsafe_by_GRADER where there are several graders. _low and _high of each are its 95 % "
     "interval "
     "over prompts"},
};

constexpr MetricGroup kGroups[] = {
    {"reward", "What the completions of a step were worth: all graded ones, those of dead and replaced groups included.", kReward},
    {"safety", "What the graders said of the same completions.", kSafety},
    {"grader", "The graders themselves.", kGrader},
    {"graders", "What each of several graders says of the completions of a step (`reward.graders`); absent where there is one.", kGraders},
    {"gold", "Hidden probes of the graders (`reward.gold`); absent without.", kGold},
    {"health", "What must not happen (`monitor.health`); absent without rules.", kHealth},
    {"prompts", "What was asked in a step.", kPrompts},
    {"response", "Shape of the completions of a step, graded or not.", kResponse},
    {"during", "Small evaluations while the policy trains.", kDuring},
    {"eval", "Evaluation sets, after SFT and after RL. Intervals and cells by intent are in the report.", kEval},
};

}  // namespace

std::span<const MetricGroup> SampleMetrics() { return kGroups; }

}  // namespace temper
