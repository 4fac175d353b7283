#pragma once

#include <cstdint>

#include "orchestrator/config/training_options.h"

namespace temper {

// The id of a prompt group: its step, then its place in the step. Prompts and random numbers are functions of it, not of the order of
// events. Indices below rl.prompts_per_step are the step's own prompts; those above are replacements.
constexpr uint64_t GroupIdOf(int64_t step, int64_t index) {
  return static_cast<uint64_t>(step) << kGroupIndexBits | static_cast<uint64_t>(index);
}

// A gold probe of the step (orchestrator/stages/gold_probes.h) is a group of its own, told by this bit.
inline constexpr uint64_t kGoldBit = uint64_t{1} << 45;
constexpr uint64_t GoldIdOf(int64_t step, int64_t index) { return kGoldBit | GroupIdOf(step, index); }
constexpr bool IsGold(uint64_t id) { return (id & kGoldBit) != 0; }

// Of a gold probe, too.
constexpr int64_t StepOfGroup(uint64_t id) { return static_cast<int64_t>((id & ~kGoldBit) >> kGroupIndexBits); }
constexpr int64_t IndexOfGroup(uint64_t id) { return static_cast<int64_t>(id & kMaxGroupsOfStep); }

}  // namespace temper
