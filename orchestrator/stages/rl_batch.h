#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/flow/job_bus.h"
#include "orchestrator/flow/ledger.h"
#include "orchestrator/stages/rl_metrics.h"
#include "reward/advantage/advantage.h"

namespace temper {

// The members of a group whose grades succeeded, as advantage estimators take them.
AdvantageGroup MembersOf(const ScoredGroup& group);

// What one step gives the learners.
struct RlBatch {
  std::vector<RlOrder> orders;    // one per learner; empty = nothing is to be learned, the policy stays as it is
  std::vector<uint64_t> trained;  // the groups in them, ascending
  // Of the graded groups that the loss is normalised over: one per completion, 0 where its grade failed; before a KL penalty.
  std::map<uint64_t, std::vector<double>> advantages;
};

// rl.normalize_over says which counts the loss is divided by: those of all graded completions of
// the step (sampled), or of those trained on. The former include dead groups and replaced ones, but
// neither stale nor failed ones. Dead groups are sent where they have a gradient: of the KL
// penalty, of the entropy bonus, or of an estimator that compares over the batch. rl.mask_truncated
// leaves completions that were cut at the token limit out of loss and counts, not out of their
// group's baseline. `scored` holds every group named in `groups`.
RlBatch MakeRlBatch(const ExperimentConfig& config, const Ledger::StepGroups& groups, const std::map<uint64_t, ScoredGroup>& scored,
                    const RewardComposer& composer, size_t num_learners);

}  // namespace temper
