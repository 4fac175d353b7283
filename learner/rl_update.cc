#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/telemetry/telemetry.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "learner/learner.h"
#include "learner/learner_state.h"
#include "learner/policy_loss.h"
#include "policy/kernels/compute_device.h"

namespace temper {
namespace {

// Log-probs of every row of every micro-batch, without a graph.
using RowLogprobs = std::vector<std::vector<float>>;

// What one pass over the batch adds up, over completion tokens or over their weighted losses.
struct PassFigures {
  double loss = 0, pg_loss = 0;  // weighted: parts of the global loss
  double kl = 0, ppo_kl = 0, entropy = 0, clipped = 0, clipped_low = 0, tis_capped = 0, ratio = 0;
  double gap = 0, gap_k1 = 0, gap_k3 = 0;         // between this learner's old log-probs and the recorded ones
  double importance = 0, importance_squared = 0;  // the same as a weight, old / recorded probability
  double ratio_max = 0, gap_max = 0, importance_max = 0;

  void Count(const TokenObservation& token, const TokenLoss& token_loss, double weight) {
    const double difference = token.old_logprob - token.behaviour_logprob;
    const double importance_weight = std::exp(difference);
    loss += weight * token_loss.loss;
    pg_loss += weight * token_loss.policy;
    kl += token_loss.kl;
    ppo_kl += token.old_logprob - token.logprob;
    entropy += token.entropy;
    clipped += token_loss.clipped ? 1 : 0;
    clipped_low += token_loss.clipped && token_loss.ratio < 1 ? 1 : 0;
    tis_capped += token_loss.tis_capped ? 1 : 0;
    ratio += token_loss.ratio;
    ratio_max = std::max(ratio_max, token_loss.ratio);
    gap += std::abs(difference);
    gap_max = std::max(gap_max, std::abs(difference));
    gap_k1 -= difference;
    gap_k3 += std::expm1(difference) - difference;
    importance += importance_weight;
    importance_squared += importance_weight * importance_weight;
    importance_max = std::max(importance_max, importance_weight);
  }

  void Add(const PassFigures& other);
  // The same figures over all learners.
  void AllReduce(Communicator& communicator);
};

using Figure = std::pair<const char*, double PassFigures::*>;
constexpr Figure kSums[] = {{"loss", &PassFigures::loss},
                            {"pg_loss", &PassFigures::pg_loss},
                            {"kl", &PassFigures::kl},
                            {"ppo_kl", &PassFigures::ppo_kl},
                            {"entropy", &PassFigures::entropy},
                            {"clipped", &PassFigures::clipped},
                            {"clipped_low", &PassFigures::clipped_low},
                            {"tis_capped", &PassFigures::tis_capped},
                            {"ratio", &PassFigures::ratio},
                            {"gap", &PassFigures::gap},
                            {"gap_k1", &PassFigures::gap_k1},
                            {"gap_k3", &PassFigures::gap_k3},
                            {"importance", &PassFigures::importance},
                            {"importance_squared", &PassFigures::importance_squared}};
constexpr Figure kMaxima[] = {
    {"ratio", &PassFigures::ratio_max}, {"gap", &PassFigures::gap_max}, {"importance", &PassFigures::importance_max}};

void PassFigures::Add(const PassFigures& other) {
  for (const auto& [name, figure] : kSums) this->*figure += other.*figure;
  for (const auto& [name, figure] : kMaxima) this->*figure = std::max(this->*figure, other.*figure);
}

void PassFigures::AllReduce(Communicator& communicator) {
  std::vector<std::string> sums, maxima;
  for (const auto& [name, figure] : kSums) sums.emplace_back(name);
  for (const auto& [name, figure] : kMaxima) maxima.emplace_back(name);
  GlobalStats stats(sums, maxima);
  for (const auto& [name, figure] : kSums) stats.Add(name, this->*figure);
  for (const auto& [name, figure] : kMaxima) stats.Max(name, this->*figure);
  stats.AllReduce(communicator, "RL totals");
  for (const auto& [name, figure] : kSums) this->*figure = stats.sum(name);
  for (const auto& [name, figure] : kMaxima) this->*figure = stats.max(name);
}

int64_t TokensPerMicroBatch(const LearnerState& state, std::span<const TrainGroup> share) {
  int64_t total = 0;
  int64_t longest = 0;
  for (const TrainGroup& group : share) {
    auto tokens = static_cast<int64_t>(group.prompt_tokens.size());
    for (const TrainSample& sample : group.samples) tokens += static_cast<int64_t>(sample.tokens.size());
    total += tokens;
    longest = std::max(longest, tokens);
  }
  return state.MicroBatchTokens(total, longest);
}

// One RL update: the batch, what the passes over it share, and the sums they give.
class RlPass {
 public:
  RlPass(LearnerState& state, std::span<const TrainGroup> share, const RlOptions& options)
      : state_(state),
        share_(share),
        options_(options),
        batches_(PackGroups(share, TokensPerMicroBatch(state, share), state.model->config())),
        uses_reference_(options.kl_coef > 0) {
    TEMPER_CHECK(!uses_reference_ || state.reference, "rl.kl.coef is ", options.kl_coef, " but no reference was set");
    CountTokens();
  }

  // Reference log-probs, and the advantages where the penalty is a part of the reward.
  void Prepare(PhaseTimes* times) {
    if (uses_reference_) reference_ = ScoreAll(*state_.reference, &times->forward_ref);
    if (uses_reference_ && options_.kl_in == KlPlace::kReward) EstimateWithPenalties(ScoreAll(*state_.model, &times->forward));
    if (options_.updates_per_batch > 1) old_.resize(batches_.size());
  }

  // Forward and backward over the share; afterwards the gradient holds this learner's part and the result the global sums.
  PassFigures Run(PhaseTimes* times) {
    std::vector<PassFigures> parts(static_cast<size_t>(state_.options.threads));
    std::vector<PhaseTimes> part_times(parts.size());
    state_.InThreads([&](int64_t thread, const Transformer& own) {
      PhaseTimes& own_times = part_times[static_cast<size_t>(thread)];
      for (size_t index = static_cast<size_t>(thread); index < batches_.size(); index += parts.size()) {
        const ScopedPart part(thread == 0 ? state_.options.telemetry : nullptr, phase::kForwardBackward);
        TokenScores scores;
        at::Tensor d_logprob, d_entropy;
        {
          const ScopedTimer timer(&own_times.forward);
          scores = state_.Score(own, batches_[index], options_.temperature);
          const TokenScores on_host{scores.logprob_N.detach().cpu(), scores.entropy_N.detach().cpu()};
          d_logprob = at::empty_like(on_host.logprob_N);
          d_entropy = at::empty_like(d_logprob);
          ComputeLosses(index, on_host, &d_logprob, &d_entropy, &parts[static_cast<size_t>(thread)]);
          d_logprob = d_logprob.to(own.device());
          d_entropy = d_entropy.to(own.device());
        }
        const ScopedTimer timer(&own_times.backward);
        torch::autograd::backward({scores.logprob_N, scores.entropy_N}, {d_logprob, d_entropy});
        Synchronize(own.device());
      }
    });
    PassFigures figures;
    PhaseTimes slowest;
    for (const PassFigures& part : parts) figures.Add(part);
    for (const PhaseTimes& part : part_times) slowest.TakeSlowest(part);
    times->forward += slowest.forward;
    times->backward += slowest.backward;
    figures.AllReduce(*state_.communicator);
    first_pass_ = false;
    return figures;
  }

  const GlobalStats& sizes() const { return sizes_; }
  const GlobalCounts& counts() const { return counts_; }

 private:
  bool IsMasked(const PackedSample& sample) const { return share_[sample.group].samples[sample.sample].masked; }

  void CountTokens() {
    for (const MicroBatch& batch : batches_) {
      sizes_.Add("stream_tokens", static_cast<double>(batch.num_tokens()));
      sizes_.Add("micro_batches", 1);
      for (const PackedSample& sample : batch.samples) {
        if (IsMasked(sample) || sample.num_rows == 0) continue;
        sizes_.Add("tokens", static_cast<double>(sample.num_rows));
        sizes_.Add("sequences", 1);
      }
    }
    sizes_.AllReduce(*state_.communicator, "token counts");
    counts_ = {sizes_.sum("tokens"), sizes_.sum("sequences")};
    normalizer_ = options_.sampled_tokens > 0 ? GlobalCounts{options_.sampled_tokens, options_.sampled_sequences} : counts_;
  }

  // Every token's penalty is a reward of its own (PPO, arXiv 1909.08593, sec. 2.2).
  void EstimateWithPenalties(const RowLogprobs& old) {
    std::vector<AdvantageGroup> groups;
    for (const TrainGroup& group : share_) {
      groups.emplace_back();
      for (const TrainSample& sample : group.samples)
        groups.back().push_back({sample.parts, static_cast<int64_t>(sample.tokens.size()), std::vector<double>(sample.tokens.size())});
    }
    for (size_t index = 0; index < batches_.size(); ++index)
      for (const PackedSample& sample : batches_[index].samples)
        for (int64_t t = 0; t < sample.num_rows; ++t) {
          const auto row = static_cast<size_t>(sample.first_row + t);
          const double kl = EstimateKl(options_.kl_estimator, old[index][row], reference_[index][row]).value;
          groups[sample.group][sample.sample].token_rewards[static_cast<size_t>(t)] = -options_.kl_coef * kl;
        }
    advantages_ = EstimateAdvantages(options_.advantage, groups, options_.lambdas, [this](std::span<double> values) {
      state_.communicator->AllReduceSum(values.data(), values.size(), "advantages");
    });
  }

  RowLogprobs ScoreAll(const Transformer& model, double* seconds) const {
    const ScopedTimer timer(seconds);
    const ScopedPart part(state_.options.telemetry, phase::kScore);
    RowLogprobs all(batches_.size());
    model.Prepack();
    state_.InThreads([&](int64_t thread, const Transformer&) {
      const at::NoGradGuard no_grad;
      for (size_t i = static_cast<size_t>(thread); i < batches_.size(); i += static_cast<size_t>(state_.options.threads)) {
        const at::Tensor logprob = state_.Score(model, batches_[i], options_.temperature).logprob_N.cpu();
        const float* data = logprob.const_data_ptr<float>();
        all[i].assign(data, data + logprob.numel());
      }
    });
    return all;
  }

  // The loss of every row of micro-batch `index`: sums into `figures`, derivatives of the global loss into d_*.
  void ComputeLosses(size_t index, const TokenScores& scores, at::Tensor* d_logprob, at::Tensor* d_entropy, PassFigures* figures) {
    const float* logprob = scores.logprob_N.const_data_ptr<float>();
    if (first_pass_ && !old_.empty()) old_[index].assign(logprob, logprob + scores.logprob_N.numel());
    const float* entropy = scores.entropy_N.const_data_ptr<float>();
    float* out_logprob = d_logprob->mutable_data_ptr<float>();
    float* out_entropy = d_entropy->mutable_data_ptr<float>();
    for (const PackedSample& sample : batches_[index].samples) {
      const TrainSample& data = share_[sample.group].samples[sample.sample];
      if (data.masked) {
        std::fill_n(out_logprob + sample.first_row, sample.num_rows, 0.0f);
        std::fill_n(out_entropy + sample.first_row, sample.num_rows, 0.0f);
        continue;
      }
      const double weight = TokenWeight(options_, normalizer_, sample.num_rows);
      for (int64_t t = 0; t < sample.num_rows; ++t) {
        const int64_t row = sample.first_row + t;
        TokenObservation token;
        token.logprob = logprob[row];
        token.old_logprob = first_pass_ ? token.logprob : old_[index][row];
        token.behaviour_logprob = data.logprobs[t];
        token.reference_logprob = uses_reference_ ? reference_[index][row] : 0;
        token.entropy = entropy[row];
        token.advantage = advantages_.empty() ? data.advantage : advantages_[sample.group][sample.sample].Of(t);
        const TokenLoss loss = ComputeTokenLoss(token, options_, uses_reference_);
        out_logprob[row] = static_cast<float>(weight * loss.d_logprob);
        out_entropy[row] = static_cast<float>(weight * loss.d_entropy);
        figures->Count(token, loss, weight);
      }
    }
  }

  LearnerState& state_;
  std::span<const TrainGroup> share_;
  const RlOptions& options_;
  std::vector<MicroBatch> batches_;
  bool uses_reference_;
  GlobalStats sizes_{{"tokens", "stream_tokens", "sequences", "micro_batches"}, {}};
  GlobalCounts counts_;      // of what is trained on
  GlobalCounts normalizer_;  // of what the loss is divided by
  RowLogprobs reference_, old_;
  std::vector<std::vector<Advantage>> advantages_;  // by group and sample of the share; empty = the samples' own
  bool first_pass_ = true;
};

// Metrics of one pass; those of several passes over a batch are averaged, maxima kept.
void ReportPass(const PassFigures& figures, const StepOutcome& outcome, double tokens, double share_of_passes, UpdateReport* report) {
  UpdateReport& r = *report;
  r["actor/loss"] += share_of_passes * figures.loss;
  r["actor/pg_loss"] += share_of_passes * figures.pg_loss;
  r["actor/kl"] += share_of_passes * figures.kl / tokens;
  r["actor/entropy"] += share_of_passes * figures.entropy / tokens;
  r["actor/ppo_kl"] += share_of_passes * figures.ppo_kl / tokens;
  r["actor/clip_frac"] += share_of_passes * figures.clipped / tokens;
  r["actor/clip_frac_low"] += share_of_passes * figures.clipped_low / tokens;
  r["actor/clip_frac_high"] += share_of_passes * (figures.clipped - figures.clipped_low) / tokens;
  r["actor/tis_clipped_frac"] += share_of_passes * figures.tis_capped / tokens;
  r["actor/ratio_mean"] += share_of_passes * figures.ratio / tokens;
  r["actor/grad_norm"] += share_of_passes * outcome.grad_norm;
  r["actor/ratio_max"] = std::max(r["actor/ratio_max"], figures.ratio_max);
  r["actor/nonfinite"] = std::max(r["actor/nonfinite"], outcome.nonfinite ? 1.0 : 0.0);
  r["mismatch/logp_abs_mean"] = figures.gap / tokens;
  r["mismatch/logp_abs_max"] = figures.gap_max;
  r["mismatch/kl_k1"] = figures.gap_k1 / tokens;
  r["mismatch/kl_k3"] = figures.gap_k3 / tokens;
  r["mismatch/is_ratio_max"] = figures.importance_max;
  r["mismatch/ess"] = figures.importance * figures.importance / (tokens * figures.importance_squared);
}

}  // namespace

UpdateReport Learner::RlUpdate(std::span<const TrainGroup> share, const RlOptions& options) {
  CheckRlOptions(options);
  LearnerState& state = *state_;
  TEMPER_CHECK(state.total_steps > 0, "RlUpdate before BeginStage");
  PhaseTimes times;
  RlPass pass(state, share, options);
  TEMPER_CHECK(pass.counts().tokens > 0, "RL update without any completion token");
  pass.Prepare(&times);
  UpdateReport report;
  for (int64_t update = 0; update < options.updates_per_batch; ++update) {
    const PassFigures figures = pass.Run(&times);
    const StepOutcome outcome = state.FinishStep(figures.loss, &times);
    ReportPass(figures, outcome, pass.counts().tokens, 1 / static_cast<double>(options.updates_per_batch), &report);
  }
  report["actor/lr"] = state.learning_rate();
  ++state.schedule_step;
  report["perf/loss_tokens"] = pass.counts().tokens;
  report["perf/stream_tokens"] = pass.sizes().sum("stream_tokens");
  report["perf/micro_batches"] = pass.sizes().sum("micro_batches");
  ReportTimes(times, *state.communicator, &report);
  return report;
}

}  // namespace temper
