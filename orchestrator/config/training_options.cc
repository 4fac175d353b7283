#include "orchestrator/config/training_options.h"

#include "policy/model/options.h"

namespace temper {
namespace {

// A group's id has so many bits for its step (orchestrator/config/group_id.h).
constexpr IntRange kSteps{1, (int64_t{1} << 25) - 1};

}  // namespace

void Describe(SftConfig& c, ConfigFields& f) {
  f.Int("steps", &c.steps, kSteps, "optimizer steps");
  f.Int("batch_size", &c.batch_size, {1, 1 << 20}, "demonstrations a step");
  f.Int("max_tokens", &c.max_tokens, kModelWidth, "longer demonstrations are left out and counted");
  f.Enum("turns", &c.turns,
         "what is learned of a demonstration whose prompt is a conversation: the response, or every turn of the assistant");
  f.Section("derta", "learn to turn back in the middle of an unsafe answer (DeRTa): needs data.columns.harmful_response",
            [&](ConfigFields& s) { Describe(c.derta, s); });
  f.Section("optimizer", "AdamW of the SFT stage", [&](ConfigFields& o) { Describe(c.optimizer, o); });
}

void Describe(RlConfig& c, ConfigFields& f) {
  f.Int("steps", &c.steps, kSteps, "RL steps");
  f.Int("prompts_per_step", &c.prompts_per_step, {1, kMaxGroupsOfStep}, "prompt groups a step");
  f.Int("max_staleness", &c.max_staleness, {0, 64}, "weight versions a sample may be behind the learner; 0 = on-policy");
  f.Bool("resample_dead_groups", &c.resample_dead_groups, "replace groups without reward variance one for one by new prompts");
  f.Int("max_resampled_per_step", &c.max_resampled_per_step, {0, kMaxGroupsOfStep}, "at most this many replacements a step");
  f.Enum("normalize_over", &c.normalize_over,
         "what the loss of a step is divided by: all its graded completions, with those of groups without reward variance, which keep"
         " their KL and entropy terms (as TRL and verl do); or those of groups with reward variance, the only ones then trained on");
  f.Bool("mask_truncated", &c.mask_truncated,
         "leave completions that were cut at rollout.max_new_tokens out of the loss and its denominators; they stay in their group's "
         "baseline");
  f.Section("advantage", "advantage estimator", [&c](ConfigFields& a) { Describe(c.advantage, a); });
  Describe(c.loss, f);
  f.Section("optimizer", "AdamW of the RL stage", [&](ConfigFields& o) { Describe(c.optimizer, o); });
  f.Rule([&c] { return FitStep(c.prompts_per_step, c.max_resampled_per_step); },
         "rl.prompts_per_step and rl.max_resampled_per_step together must be below 2^20");
}

}  // namespace temper
