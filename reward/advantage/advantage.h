#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

struct AdvantageType;
extern const AdvantageType kGrpoAdvantage;

// The divisor of a variance: n (population) or n - 1 (sample, Bessel's correction; of one value the variance is 0).
enum class StdForm : uint8_t { kPopulation, kSample };
template <>
struct EnumNames<StdForm> {
  static constexpr std::string_view kWhat = "form of the standard deviation";
  static constexpr EnumTable<StdForm, 2> kTable{{{StdForm::kPopulation, "population"}, {StdForm::kSample, "sample"}}};
};

// Over what grpo takes its standard deviation.
enum class AdvantageScale : uint8_t { kGroup, kBatch };
template <>
struct EnumNames<AdvantageScale> {
  static constexpr std::string_view kWhat = "scale";
  static constexpr EnumTable<AdvantageScale, 2> kTable{{{AdvantageScale::kGroup, "group"}, {AdvantageScale::kBatch, "batch"}}};
};

struct AdvantageOptions {
  const AdvantageType* type = &kGrpoAdvantage;
  StdForm std_form = StdForm::kPopulation;
  AdvantageScale scale = AdvantageScale::kGroup;
  double std_eps = 0.05;   // grpo: added to the standard deviation
  double dead_eps = 1e-6;  // a part whose max - min in a group is below this counts as equal there; a group of such parts has no gradient
};

void Describe(AdvantageOptions& options, ConfigFields& fields);

// What one graded completion brings into the estimate. A completion whose grade failed is no member.
struct AdvantageMember {
  std::vector<double> parts;               // the reward, then one cost per multiplier; finite
  int64_t num_tokens = 1;                  // of the completion
  std::vector<double> token_rewards = {};  // of each token beside the reward: a KL penalty, negative; empty = none
};
using AdvantageGroup = std::vector<AdvantageMember>;

// The advantage of token t is value + by_token[t]; without by_token every token of the completion has the same.
struct Advantage {
  double value = 0;
  std::vector<double> by_token = {};
  double Of(int64_t token) const { return by_token.empty() ? value : value + by_token[static_cast<size_t>(token)]; }
};

// One part (the reward, or one cost) of one member while it becomes an advantage. `by_token` holds the sum of the token rewards from
// there to the end of the completion, where the estimator goes by tokens.
struct PartValue : Advantage {
  int64_t num_tokens = 1;
};
using AdvantagePart = std::vector<PartValue>;  // of one group, in member order

// Adds each number up over all processes that hold a share of the batch; empty = this one holds all of it. Collective.
using SumOverBatch = std::function<void(std::span<double>)>;

// An advantage estimator: a constant of a file of its own and a line in reward/advantage/advantages.inc.
struct AdvantageType {
  const char* name;  // rl.advantage.type
  const char* help;
  // Turns one part of every group of the batch, maybe none, into advantages in place.
  void (*estimate)(const AdvantageOptions& options, std::vector<AdvantagePart>* groups, const SumOverBatch& sum);
  size_t min_members = 2;  // a group with fewer has no gradient
  bool by_tokens = false;  // token rewards stay with their tokens; else they are added to the completion's reward
};
const Registry<AdvantageType>& AdvantageEstimators();

// What estimators share.

// (value - mean of the group) scale.
void CentreAndScale(double scale, AdvantagePart* values);
// The standard deviation of the completions' values of one group.
double GroupStd(StdForm form, const AdvantagePart& values);
// The same over the completions of the whole batch; 0 of fewer than two.
double BatchStd(StdForm form, const std::vector<AdvantagePart>& groups, const SumOverBatch& sum);
// (a - mean) / sqrt(variance + 1e-8) over the tokens of the whole batch, so that a long completion counts more.
void WhitenOverTokens(StdForm form, std::vector<AdvantagePart>* groups, const SumOverBatch& sum);

// Advantages of all groups of one step, by options.type, in the members' order. A group's token rewards count before its baseline and
// its normalisation. A part that counts as equal, and has no token rewards, enters with its mean for every member.
// With costs: A = (A_r - sum lambda_k A_ck) / (1 + sum lambda_k), each part estimated by itself; token rewards belong to the reward.
std::vector<std::vector<Advantage>> EstimateAdvantages(const AdvantageOptions& options, const std::vector<AdvantageGroup>& groups,
                                                       const std::vector<double>& lambdas, const SumOverBatch& sum = {});

// (A - mean) / (std + 1e-4) over all completions of the batch. This is the last step of GDPO (arXiv
// 2601.05242), after each part of the reward was normalised within its group and the parts were
// added up. Advantages that are all equal become 0.
void NormalizeOverBatch(const AdvantageOptions& options, std::vector<std::vector<Advantage>>* groups);

// Whether the rewards of a group give no gradient by themselves; decided as soon as it is graded, so that it can be replaced.
bool IsDeadGroup(const AdvantageOptions& options, const AdvantageGroup& group);

}  // namespace temper
