#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/learned/prompt_files.h"
#include "evaluation/agreement.h"
#include "policy/directions/directions.h"
#include "policy/directions/prompt_stream.h"

namespace temper {

// The directions that are learned: their names, where they are read, and of which label they are.
struct DirectionKind {
  const char* name;
  PromptPlace place;
  std::optional<bool> LabelledPrompt::*label;
};
inline constexpr DirectionKind kDirectionKinds[] = {{"harm", PromptPlace::kInst, &LabelledPrompt::harmful},
                                                    {"refusal", PromptPlace::kPost, &LabelledPrompt::refused}};

// Is told how many of how many prompts are done.
using PromptProgress = std::function<void(size_t done, size_t all)>;

// Class sums of the prompts that are not held out, a direction of each kind. One forward a prompt.
std::vector<Direction> LearnDirections(const PromptStream& stream, const TransformerConfig& config, const std::vector<LabelledPrompt>& rows,
                                       const PromptProgress& progress);

// Latent Guard's numbers of the held-out prompts that have a direction's label.
struct JudgedPrompts {
  std::vector<size_t> rows;                   // which of all prompts
  std::vector<bool> positive;                 // what the files say
  std::vector<std::vector<double>> by_layer;  // delta_l

  std::vector<ScoredLabel> OfLayer(int64_t layer) const;
  std::vector<ScoredLabel> OfMean() const;  // Delta
};
// For each direction of `directions`, which are those of kDirectionKinds in their order. One forward a prompt.
std::vector<JudgedPrompts> JudgeHeldOut(const PromptStream& stream, const std::vector<Direction>& directions,
                                        const std::vector<LabelledPrompt>& rows, const PromptProgress& progress);

}  // namespace temper
