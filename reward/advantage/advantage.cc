#include "reward/advantage/advantage.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr double kBatchEps = 1e-4;
constexpr double kWhitenEps = 1e-8;  // under the root, as in the sources of verl and OpenRLHF

void Add(const SumOverBatch& sum, std::span<double> values) {
  if (sum) sum(values);
}

double Deviation(StdForm form, double squares, double count) {
  const double divisor = form == StdForm::kSample ? count - 1 : count;
  return divisor > 0 ? std::sqrt(squares / divisor) : 0;
}

// Summed as differences from the first value, so that the mean of equal values is that value to the last bit: a remainder of rounding would
// be scaled to an advantage.
double MeanOf(const AdvantagePart& values) {
  if (values.empty()) return 0;
  const double first = values.front().value;
  double sum = 0;
  for (const PartValue& value : values) sum += value.value - first;
  return first + sum / static_cast<double>(values.size());
}

void CheckInput(const std::vector<AdvantageGroup>& groups, size_t num_costs) {
  for (const AdvantageGroup& group : groups)
    for (const AdvantageMember& member : group) {
      TEMPER_CHECK(member.parts.size() == num_costs + 1, "a member has ", member.parts.size(), " parts for ", num_costs, " multipliers");
      TEMPER_CHECK(member.token_rewards.empty() || static_cast<int64_t>(member.token_rewards.size()) == member.num_tokens, "a member has ",
                   member.token_rewards.size(), " token rewards for ", member.num_tokens, " tokens");
      for (const double part : member.parts) TEMPER_CHECK(std::isfinite(part), "a reward or a cost is not finite");
    }
}

// What is still to come at each token, itself included.
std::vector<double> ToGo(std::vector<double> rewards) {
  for (size_t t = rewards.size(); t-- > 1;) rewards[t - 1] += rewards[t];
  return rewards;
}

bool HasTokenRewards(const AdvantageGroup& group) {
  return std::any_of(group.begin(), group.end(), [](const AdvantageMember& member) { return !member.token_rewards.empty(); });
}

// Whether the values of a part count as equal in the group.
bool IsDeadPart(const AdvantageOptions& options, const AdvantageGroup& group, size_t part) {
  if (group.size() < options.type->min_members || group.empty()) return true;
  if (options.type->min_members < 2) return false;
  const auto [low, high] = std::minmax_element(
      group.begin(), group.end(), [part](const AdvantageMember& a, const AdvantageMember& b) { return a.parts[part] < b.parts[part]; });
  return high->parts[part] - low->parts[part] < options.dead_eps;
}

AdvantagePart PartOf(const AdvantageOptions& options, const AdvantageGroup& group, size_t part) {
  AdvantagePart values;
  for (const AdvantageMember& member : group) {
    PartValue value;
    value.value = member.parts[part];
    value.num_tokens = member.num_tokens;
    if (part == 0 && !member.token_rewards.empty()) {
      std::vector<double> to_go = ToGo(member.token_rewards);
      if (options.type->by_tokens)
        value.by_token = std::move(to_go);
      else
        value.value += to_go.front();
    }
    values.push_back(std::move(value));
  }
  // Differences that count as none must not be blown up by a division.
  const bool has_token_rewards = part == 0 && HasTokenRewards(group);
  if (!has_token_rewards && IsDeadPart(options, group, part)) {
    const double mean = MeanOf(values);
    for (PartValue& value : values) value.value = mean;
  }
  return values;
}

void AddWeighted(double weight, const PartValue& part, Advantage* out) {
  out->value += weight * part.value;
  if (part.by_token.empty()) return;
  out->by_token.resize(part.by_token.size());
  for (size_t t = 0; t < part.by_token.size(); ++t) out->by_token[t] += weight * part.by_token[t];
}

}  // namespace

void Describe(AdvantageOptions& c, ConfigFields& f) {
  f.Choice("type", &c.type, AdvantageEstimators(), "estimator");
  f.Enum("std", &c.std_form, "divisor of the variance: n, or n - 1 as TRL and verl have it (then std_eps 1e-4 or 1e-6)");
  f.Enum("scale", &c.scale, "grpo: the standard deviation is that of the group, or that of all rewards of the step (TRL's scale_rewards)");
  f.Real("std_eps", &c.std_eps, {0, 10}, "grpo: added to the standard deviation");
  f.Real("dead_eps", &c.dead_eps, {0, 1},
         "a reward or cost that differs by less within a group counts as equal there; a group where all do has no gradient");
  f.Rule([&c] { return c.std_eps > 0 || c.dead_eps > 0; },
         "rl.advantage.std_eps or rl.advantage.dead_eps must be above 0: equal rewards would be divided by their deviation, 0");
}

void CentreAndScale(double scale, AdvantagePart* values) {
  const double mean = MeanOf(*values);
  for (PartValue& value : *values) {
    value.value = (value.value - mean) * scale;
    for (double& offset : value.by_token) offset *= scale;
  }
}

double GroupStd(StdForm form, const AdvantagePart& values) {
  const double mean = MeanOf(values);
  double squares = 0;
  for (const PartValue& value : values) squares += (value.value - mean) * (value.value - mean);
  return Deviation(form, squares, static_cast<double>(values.size()));
}

double BatchStd(StdForm form, const std::vector<AdvantagePart>& groups, const SumOverBatch& sum) {
  std::array<double, 2> first{};  // completions, sum of their values
  for (const AdvantagePart& group : groups) {
    first[0] += static_cast<double>(group.size());
    for (const PartValue& value : group) first[1] += value.value;
  }
  Add(sum, first);
  if (first[0] == 0) return 0;
  const double mean = first[1] / first[0];
  double squares = 0;
  for (const AdvantagePart& group : groups)
    for (const PartValue& value : group) squares += (value.value - mean) * (value.value - mean);
  Add(sum, {&squares, 1});
  return Deviation(form, squares, first[0]);
}

void WhitenOverTokens(StdForm form, std::vector<AdvantagePart>* groups, const SumOverBatch& sum) {
  std::array<double, 2> first{};  // tokens, sum over them
  for (const AdvantagePart& group : *groups)
    for (const PartValue& value : group) {
      first[0] += static_cast<double>(value.num_tokens);
      first[1] += static_cast<double>(value.num_tokens) * value.value;
      for (const double offset : value.by_token) first[1] += offset;
    }
  Add(sum, first);
  if (first[0] == 0) return;
  const double mean = first[1] / first[0];
  double squares = 0;
  for (AdvantagePart& group : *groups)
    for (PartValue& value : group) {
      value.value -= mean;
      for (int64_t t = 0; t < value.num_tokens; ++t) squares += value.Of(t) * value.Of(t);
    }
  Add(sum, {&squares, 1});
  const double deviation = Deviation(form, squares, first[0]);
  const double scale = 1 / std::sqrt(deviation * deviation + kWhitenEps);
  for (AdvantagePart& group : *groups)
    for (PartValue& value : group) {
      value.value *= scale;
      for (double& offset : value.by_token) offset *= scale;
    }
}

void NormalizeOverBatch(const AdvantageOptions& options, std::vector<std::vector<Advantage>>* groups) {
  AdvantagePart all;
  for (const std::vector<Advantage>& group : *groups)
    for (const Advantage& advantage : group) all.emplace_back().value = advantage.value;
  const double mean = MeanOf(all), scale = 1 / (GroupStd(options.std_form, all) + kBatchEps);
  for (std::vector<Advantage>& group : *groups)
    for (Advantage& advantage : group) advantage.value = (advantage.value - mean) * scale;
}

bool IsDeadGroup(const AdvantageOptions& options, const AdvantageGroup& group) {
  if (group.empty()) return true;
  for (size_t part = 0; part < group.front().parts.size(); ++part)
    if (!IsDeadPart(options, group, part)) return false;
  return true;
}

std::vector<std::vector<Advantage>> EstimateAdvantages(const AdvantageOptions& options, const std::vector<AdvantageGroup>& groups,
                                                       const std::vector<double>& lambdas, const SumOverBatch& sum) {
  CheckInput(groups, lambdas.size());
  std::vector<std::vector<Advantage>> out;
  out.reserve(groups.size());
  for (const AdvantageGroup& group : groups) out.emplace_back(group.size());
  double lambda_sum = 0;
  for (const double lambda : lambdas) lambda_sum += lambda;
  for (size_t part = 0; part <= lambdas.size(); ++part) {
    const double weight = (part == 0 ? 1 : -lambdas[part - 1]) / (1 + lambda_sum);
    std::vector<AdvantagePart> values;
    values.reserve(groups.size());
    for (const AdvantageGroup& group : groups) values.push_back(PartOf(options, group, part));
    options.type->estimate(options, &values, sum);
    for (size_t g = 0; g < groups.size(); ++g)
      for (size_t i = 0; i < groups[g].size(); ++i) AddWeighted(weight, values[g][i], &out[g][i]);
  }
  return out;
}

}  // namespace temper
