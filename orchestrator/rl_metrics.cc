#include "orchestrator/rl_metrics.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "reward/grade_json.h"

namespace temper {
namespace {

// Sums over the completions of a step.
struct Totals {
  double n = 0, usable = 0, reward = 0, reward_squared = 0, safety = 0, helpfulness = 0, helpfulness_when_safe = 0, safe = 0, declined = 0;
  double refused = 0, over_refusal = 0, permitted = 0, high = 0, moderate = 0;
  double length = 0, truncated = 0, tokens = 0, staleness = 0, max_staleness = 0, max_length = 0;
  std::map<std::string, double> modes;

  void Add(const Grade& grade, const RewardParts& parts) {
    ++n;
    if (!parts.usable) return;
    ++usable;
    reward += parts.reward;
    reward_squared += parts.reward * parts.reward;
    safety += grade.safety;
    helpfulness += grade.helpfulness;
    const bool is_safe = grade.severity == Severity::kNone;
    safe += is_safe;
    helpfulness_when_safe += is_safe ? grade.helpfulness : 0;
    declined += grade.declined;
    refused += grade.refused;
    over_refusal += grade.over_refusal;
    permitted += !grade.restricted;
    high += grade.severity == Severity::kHigh;
    moderate += grade.severity == Severity::kModerate;
    modes[std::string("safety/mode_") + ToString(grade.mode)] += 1;
  }

  void Add(const Trajectory& t, int64_t step) {
    const auto tokens_of = static_cast<double>(t.tokens.size());
    length += tokens_of;
    max_length = std::max(max_length, tokens_of);
    truncated += !t.finished;
    for (const int64_t version : t.versions) {
      ++tokens;
      staleness += static_cast<double>(step - version);
      max_staleness = std::max(max_staleness, static_cast<double>(step - version));
    }
  }
};

}  // namespace

std::map<std::string, double> SummarizeGroups(const std::vector<const ScoredGroup*>& groups, int64_t step) {
  Totals t;
  double dead = 0;
  for (const ScoredGroup* group : groups) {
    dead += group->dead;
    for (size_t i = 0; i < group->parts.size(); ++i) {
      t.Add(group->graded.grades[i], group->parts[i]);
      t.Add(group->graded.rollout.group.trajectories[i], step);
    }
  }
  std::map<std::string, double> values;
  const auto ratio = [&](const std::string& name, double sum, double count) {
    if (count > 0) values[name] = sum / count;
  };
  ratio("reward/mean", t.reward, t.usable);
  if (t.usable > 0) values["reward/std"] = std::sqrt(std::max(0.0, t.reward_squared / t.usable - std::pow(t.reward / t.usable, 2)));
  ratio("reward/safety_mean", t.safety, t.usable);
  ratio("reward/helpfulness_mean", t.helpfulness, t.usable);
  ratio("reward/frac_dead_groups", dead, static_cast<double>(groups.size()));
  ratio("safety/safe_rate", t.safe, t.usable);
  ratio("safety/helpfulness_given_safe", t.helpfulness_when_safe, t.safe);
  ratio("safety/declined_rate", t.declined, t.usable);
  ratio("safety/refused_rate", t.refused, t.usable);
  ratio("safety/over_refusal_rate", t.over_refusal, t.permitted);
  ratio("safety/high_rate", t.high, t.usable);
  ratio("safety/moderate_rate", t.moderate, t.usable);
  for (const auto& [name, count] : t.modes) ratio(name, count, t.usable);
  ratio("grader/failed_fraction", t.n - t.usable, t.n);
  ratio("response/length_mean", t.length, t.n);
  values["response/length_max"] = t.max_length;
  ratio("response/truncated_fraction", t.truncated, t.n);
  ratio("off_policy/staleness_mean", t.staleness, t.tokens);
  values["off_policy/staleness_max"] = t.max_staleness;
  values["perf/completions"] = t.n;
  values["perf/rollout_tokens"] = t.tokens;
  return values;
}

std::string TraceLines(const std::vector<const ScoredGroup*>& groups, int64_t step, int64_t count) {
  using nlohmann::ordered_json;
  std::string lines;
  for (const ScoredGroup* group : groups) {
    if (count-- <= 0) break;
    ordered_json row;
    row["step"] = step;
    row["prompt_id"] = group->graded.prompt->id;
    row["intent"] = group->graded.prompt->intent;
    row["prompt"] = group->graded.prompt->text;
    for (size_t i = 0; i < group->parts.size(); ++i) {
      row["samples"].push_back({{"response", group->graded.responses[i]},
                                {"reward", group->parts[i].reward},
                                {"grade", ordered_json::parse(GradeToJson(group->graded.grades[i]), nullptr, false)}});
    }
    lines += row.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }
  return lines;
}

}  // namespace temper
