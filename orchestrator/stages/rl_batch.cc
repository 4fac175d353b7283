#include "orchestrator/stages/rl_batch.h"

#include <algorithm>
#include <iterator>

#include "orchestrator/config/derived.h"

namespace temper {
namespace {

// One reward, then the costs. A reward of several parts is its first one, with the others as costs below 0.
std::vector<double> PartsOf(const RewardParts& member) {
  if (!member.parts.empty()) {
    std::vector<double> parts{member.parts[0]};
    std::transform(member.parts.begin() + 1, member.parts.end(), std::back_inserter(parts), [](double part) { return -part; });
    return parts;
  }
  std::vector<double> parts{member.reward};
  parts.insert(parts.end(), member.costs.begin(), member.costs.end());
  return parts;
}

bool IsMasked(const ExperimentConfig& config, const Trajectory& trajectory) {
  return trajectory.tokens.empty() || (config.rl.mask_truncated && !trajectory.finished);
}

bool PenalizesReward(const RlOptions& loss) { return loss.kl_coef > 0 && loss.kl_in == KlPlace::kReward; }

// What each cost of PartsOf weighs beside the first part.
std::vector<double> WeightsOf(const RewardComposer& composer) {
  const std::vector<double> parts = composer.part_weights();
  if (parts.empty()) return composer.lambdas();
  std::vector<double> weights;
  std::transform(parts.begin() + 1, parts.end(), std::back_inserter(weights), [&](double weight) { return weight / parts[0]; });
  return weights;
}

// Whether anything of a group changes the policy.
bool HasGradient(const ExperimentConfig& config, const std::vector<double>& advantages) {
  if (config.rl.loss.kl_coef > 0 || config.rl.loss.entropy_coef != 0) return true;
  return std::any_of(advantages.begin(), advantages.end(), [](double advantage) { return advantage != 0; });
}

// Fills in batch->advantages of the groups `ids`, by the members' order in their groups.
void FillAdvantages(const ExperimentConfig& config, const std::vector<uint64_t>& ids, const std::map<uint64_t, ScoredGroup>& scored,
                    const RewardComposer& composer, RlBatch* batch) {
  std::vector<AdvantageGroup> members;
  members.reserve(ids.size());
  for (const uint64_t id : ids) members.push_back(MembersOf(scored.at(id)));
  auto estimates = EstimateAdvantages(config.rl.advantage, members, WeightsOf(composer));
  if (!composer.part_weights().empty()) NormalizeOverBatch(config.rl.advantage, &estimates);
  for (size_t g = 0; g < ids.size(); ++g) {
    std::vector<double>& advantages = batch->advantages[ids[g]];
    size_t next = 0;
    for (const RewardParts& member : scored.at(ids[g]).parts) advantages.push_back(member.usable ? estimates[g][next++].value : 0);
  }
}

TrainGroup TrainGroupOf(const ExperimentConfig& config, uint64_t id, const ScoredGroup& group, const std::vector<double>& advantages) {
  TrainGroup train{id, group.graded.rollout.group.prompt_tokens, {}};
  const bool whole = PenalizesReward(config.rl.loss);  // the learner needs every member for the baseline
  for (size_t i = 0; i < group.parts.size(); ++i) {
    const Trajectory& t = group.graded.rollout.group.trajectories[i];
    const bool masked = IsMasked(config, t);
    if (!group.parts[i].usable || (masked && !whole)) continue;
    TrainSample sample{t.tokens, t.logprobs, t.versions, advantages[i]};
    sample.masked = masked;
    if (whole) sample.parts = PartsOf(group.parts[i]);
    train.samples.push_back(std::move(sample));
  }
  return train;
}

bool HasTokensToTrain(const TrainGroup& group) {
  return std::any_of(group.samples.begin(), group.samples.end(), [](const TrainSample& sample) { return !sample.masked; });
}

}  // namespace

AdvantageGroup MembersOf(const ScoredGroup& group) {
  AdvantageGroup members;
  for (size_t i = 0; i < group.parts.size(); ++i) {
    if (!group.parts[i].usable) continue;
    const auto num_tokens = static_cast<int64_t>(group.graded.rollout.group.trajectories[i].tokens.size());
    members.push_back({PartsOf(group.parts[i]), num_tokens});
  }
  return members;
}

RlBatch MakeRlBatch(const ExperimentConfig& config, const Ledger::StepGroups& groups, const std::map<uint64_t, ScoredGroup>& scored,
                    const RewardComposer& composer, size_t num_learners) {
  const bool sampled = config.rl.normalize_over == NormalizeOver::kSampled;
  std::vector<uint64_t> ids = groups.live;
  if (sampled) ids.insert(ids.end(), groups.dead.begin(), groups.dead.end());
  std::sort(ids.begin(), ids.end());
  RlBatch batch;
  FillAdvantages(config, ids, scored, composer, &batch);
  RlOrder order{.step = groups.step, .options = LossOf(config), .groups = {}, .publish_version = groups.step + 1};
  order.options.lambdas = composer.lambdas();
  std::vector<TrainGroup> trained;
  for (const uint64_t id : ids) {
    TrainGroup group = TrainGroupOf(config, id, scored.at(id), batch.advantages.at(id));
    for (const TrainSample& sample : group.samples) {
      if (!sampled || sample.masked) continue;
      order.options.sampled_tokens += static_cast<double>(sample.tokens.size());
      order.options.sampled_sequences += 1;
    }
    if (!HasTokensToTrain(group) || !HasGradient(config, batch.advantages.at(id))) continue;
    batch.trained.push_back(id);
    trained.push_back(std::move(group));
  }
  if (trained.empty()) return batch;
  batch.orders.assign(num_learners, order);
  for (size_t g = 0; g < trained.size(); ++g) batch.orders[g % num_learners].groups.push_back(std::move(trained[g]));
  return batch;
}

}  // namespace temper
