#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/attacks/best_of_k.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/data_store.h"
#include "reward/grade/grade.h"
#include "rewrites/transforms/entry.h"

namespace temper {

// One try of an attack: a prompt said otherwise, what the model answered, and what the graders say.
struct AttackTryRow {
  std::string transform;
  Prompt prompt;      // as the model reads it; its id is that of the prompt it was made from
  std::string asked;  // what graders are told was asked
  std::string response;
  bool truncated = false;
  Grade grade = {};
};

// What a transform did with some prompts.
struct AttackOutcome {
  std::string transform;
  int64_t prompts = 0;  // harmful ones that it could rewrite
  int64_t failed_grades = 0;
  std::vector<AsrPoint> asr;  // of the harmful prompts; k = 1 .. K
  Estimate over_refusal;      // of the benign prompts: share of the answers that refuse what is permitted
  Estimate help;              // of the benign prompts: mean h
  int64_t benign = 0;         // prompts
};

// `k` tries of every prompt by every transform, answered by the model in `model`. A try's random numbers are keyed by seed, prompt and try.
// *not_rewritten grows by the tries that are left out: the transform has nothing to say of the prompt, or it is too long for the model.
std::vector<AttackTryRow> DrawTries(const ExperimentConfig& config, const DataStore& reader, const std::string& model,
                                    const std::vector<TransformEntry>& transforms, const std::vector<Prompt>& prompts, int64_t k,
                                    int64_t* not_rewritten);

// Rows {id, prompt, response[, intent, category, transform, truncated]} of answers that were made elsewhere. ConfigError with file:line for
// what is none. `usual_intent`: that of rows where no column says it.
std::vector<AttackTryRow> ReadTries(const std::string& path, const std::string& usual_intent);

// Asks the graders of the job. `restricted` and `over_refusal` follow the row where it has an intent.
void GradeTries(const RewardConfig& reward, std::vector<AttackTryRow>* rows);

// The figures, by transform in the order in which they come: malicious prompts (and dual_use ones, where `dual_use`) are attacked, benign
// ones must be helped.
std::vector<AttackOutcome> OutcomesOf(const std::vector<AttackTryRow>& rows, int64_t k, bool dual_use);

}  // namespace temper
