#pragma once

#include <cstdint>

#include "cluster/config/fields.h"
#include "learner/derta_options.h"
#include "learner/options.h"
#include "reward/advantage/advantage.h"

namespace temper {

// What is learned of a demonstration whose prompt is a conversation: the response, or every turn of the assistant.
enum class LearnedTurns : uint8_t { kLast, kAll };
template <>
struct EnumNames<LearnedTurns> {
  static constexpr std::string_view kWhat = "turns";
  static constexpr EnumTable<LearnedTurns, 2> kTable{{{LearnedTurns::kLast, "last"}, {LearnedTurns::kAll, "all"}}};
};

struct SftConfig {
  int64_t steps = 600;
  int64_t batch_size = 32;
  OptimizerOptions optimizer{.lr = 4e-3,
                             .beta1 = 0.9,
                             .beta2 = 0.98,
                             .weight_decay = 0.01,
                             .warmup_steps = 30,
                             .schedule = LrSchedule::kCosine,
                             .final_lr_fraction = 0.05};
  int64_t max_tokens = 1024;  // longer demonstrations are left out and counted
  LearnedTurns turns = LearnedTurns::kLast;
  DertaOptions derta;
};

void Describe(SftConfig& config, ConfigFields& fields);

// What the denominators of a step's loss count (rl.aggregation): every graded completion of the step, or those of groups whose rewards
// differ alone. With the latter steps grow as the policy converges and fewer groups are left.
enum class NormalizeOver : uint8_t { kSampled, kTrained };
template <>
struct EnumNames<NormalizeOver> {
  static constexpr std::string_view kWhat = "batch";
  static constexpr EnumTable<NormalizeOver, 2> kTable{{{NormalizeOver::kSampled, "sampled"}, {NormalizeOver::kTrained, "trained"}}};
};

struct RlConfig {
  int64_t steps = 80;
  int64_t prompts_per_step = 24;
  int64_t max_staleness = 0;
  bool resample_dead_groups = true;
  int64_t max_resampled_per_step = 24;
  NormalizeOver normalize_over = NormalizeOver::kSampled;
  bool mask_truncated = false;
  AdvantageOptions advantage;
  RlOptions loss;  // without what is sampled (orchestrator/config/derived.h)
  OptimizerOptions optimizer{
      .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .warmup_steps = 5, .schedule = LrSchedule::kLinear, .final_lr_fraction = 0.1};
};

void Describe(RlConfig& config, ConfigFields& fields);

// The id of a group has this many bits for its place in its step, of the step's own prompts and their replacements.
inline constexpr int kGroupIndexBits = 20;
inline constexpr int64_t kMaxGroupsOfStep = (int64_t{1} << kGroupIndexBits) - 1;
constexpr bool FitStep(int64_t prompts, int64_t replacements) { return prompts > 0 && prompts + replacements <= kMaxGroupsOfStep; }

}  // namespace temper
