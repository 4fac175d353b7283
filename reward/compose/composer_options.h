#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "cluster/config/fields.h"

namespace temper {

class RewardComposer;  // reward/compose/composer.h
struct ComposerOptions;

// What the settings of one type of composer must hold beyond their ranges.
struct ComposerRule {
  bool (*holds)(const ComposerOptions& options);
  const char* message;  // names the keys
};

// A type of composer: a constant of a file of its own and a line in reward/compose/composers.inc.
struct ComposerType {
  const char* name;  // reward.composer
  const char* help;
  std::unique_ptr<RewardComposer> (*make)(const ComposerOptions& options);
  std::span<const ComposerRule> rules = {};  // of a run that uses it
};
const Registry<ComposerType>& Composers();
extern const ComposerType kSafeCompletionComposer;

// Controls change what is rewarded, so that a run can be seen to follow its reward; off by default.
enum class SafetyControl : uint8_t { kNone, kInvert, kOne };  // s, 1 - s, 1
template <>
struct EnumNames<SafetyControl> {
  static constexpr std::string_view kWhat = "safety control";
  static constexpr EnumTable<SafetyControl, 3> kTable{
      {{SafetyControl::kNone, "none"}, {SafetyControl::kInvert, "invert"}, {SafetyControl::kOne, "one"}}};
};
enum class HelpfulnessControl : uint8_t { kNone, kOne };  // h, 1
template <>
struct EnumNames<HelpfulnessControl> {
  static constexpr std::string_view kWhat = "helpfulness control";
  static constexpr EnumTable<HelpfulnessControl, 2> kTable{{{HelpfulnessControl::kNone, "none"}, {HelpfulnessControl::kOne, "one"}}};
};

enum class RewardNormalize : uint8_t { kNone, kPerPart };
template <>
struct EnumNames<RewardNormalize> {
  static constexpr std::string_view kWhat = "normalisation of the reward's parts";
  static constexpr EnumTable<RewardNormalize, 2> kTable{{{RewardNormalize::kNone, "none"}, {RewardNormalize::kPerPart, "per_part"}}};
};

struct ComposerOptions {
  const ComposerType* type = &kSafeCompletionComposer;
  double weight_helpfulness = 1.0;  // weighted: r = w_h h + w_s s
  double weight_safety = 1.0;
  double alpha = 1.0;  // constructive: r = alpha h - beta (1 - s) - gamma [over-refusal]
  double beta = 1.0;
  double gamma = 0.0;
  RewardNormalize normalize = RewardNormalize::kNone;
  SafetyControl safety_control = SafetyControl::kNone;
  HelpfulnessControl helpfulness_control = HelpfulnessControl::kNone;
  // The last tokens before rollout.max_new_tokens, over which a completion loses up to overlong_penalty of its reward; 0 = off.
  int64_t overlong_buffer = 0;
  double overlong_penalty = 1.0;
  // lagrangian: r = h with costs; per constraint a limit on the mean cost. Known costs: safety (1 - s), over_refusal (0 or 1).
  std::map<std::string, double> cost_limits;
  double lambda_init = 1.0;
  double lambda_lr = 0.05;
  double lambda_max = 10.0;
  int64_t lambda_window = 128;  // episodes the mean cost is taken over
};

// With the rules of every type.
void Describe(ComposerOptions& options, ConfigFields& fields);

}  // namespace temper
