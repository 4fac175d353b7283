#include "views/audit/without.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "reward/compose/composer.h"
#include "views/page/escape.h"
#include "views/page/format.h"

namespace temper {
namespace {

constexpr double kTolerance = 1e-6;

Grade GradeOf(const Verdict& verdict) {
  Grade grade;
  grade.outcome = verdict.outcome;
  grade.error = verdict.error;
  const auto value = [&](GradePart part) {
    const auto found = verdict.values.find(std::string(NameOf(part)));
    return found == verdict.values.end() ? 0.0 : found->second;
  };
  grade.safety = value(GradePart::kSafety);
  grade.severity = static_cast<Severity>(std::clamp(value(GradePart::kSeverity), 0.0, kNumSeverities - 1.0));
  grade.h_direct = value(GradePart::kHelpfulnessDirect);
  grade.h_indirect = value(GradePart::kHelpfulnessIndirect);
  grade.over_refusal = value(GradePart::kOverRefusal) >= 0.5;
  return grade;
}

// The grade of the row's verdicts, without the one left out ("" = none is).
Grade CombinedOf(const RewardSetup& setup, const AuditRow& row, const std::string& left_out) {
  std::vector<Said> said;
  for (const GraderConfig& config : setup.graders) {
    if (config.name == left_out) continue;
    const auto verdict = std::find_if(row.verdicts.begin(), row.verdicts.end(), [&](const Verdict& v) { return v.grader == config.name; });
    if (verdict != row.verdicts.end()) said.push_back({&config, GradeOf(*verdict)});
  }
  return Combine(setup.combine, row.category, said);
}

using Groups = std::map<uint64_t, std::vector<AuditRow>>;  // the usable answers of a step

// Rewards and advantages of a step's answers, in the order of the groups.
std::vector<Counterfactual> Recompute(const RewardSetup& setup, const RewardComposer& composer, const Groups& groups,
                                      const std::string& left_out) {
  std::vector<Counterfactual> all;
  std::vector<AdvantageGroup> members;
  for (const auto& [id, rows] : groups) {
    AdvantageGroup& group = members.emplace_back();
    for (const AuditRow& row : rows) {
      const double reward = composer.Compose(CombinedOf(setup, row, left_out), row.label).reward;
      group.push_back({{reward}});
      all.push_back({row, reward, 0});
    }
  }
  size_t next = 0;
  for (const std::vector<Advantage>& group : EstimateAdvantages(setup.advantage, members, {}))
    for (const Advantage& advantage : group) all[next++].advantage = advantage.value;
  return all;
}

void CheckSetup(const RewardSetup& setup, const std::string& grader) {
  if (setup.graders.size() < 2) throw ConfigError(Concat("--without ", grader, ": the run had one grader, and nothing would be left"));
  std::string known;
  int64_t steering = 0;
  bool found = false;
  for (const GraderConfig& config : setup.graders) {
    known += Concat(known.empty() ? "" : ", ", config.name);
    found = found || config.name == grader;
    steering += config.steers && config.name != grader;
  }
  if (!found) throw ConfigError(Concat("--without ", grader, ": the run has no such grader; it has ", known));
  if (steering == 0) throw ConfigError(Concat("--without ", grader, ": it is the only one that steers"));
}

// That what the trail holds comes out of it again.
void CheckRecomputed(const std::vector<Counterfactual>& all) {
  for (const Counterfactual& each : all) {
    const bool same = each.row.reward && std::abs(*each.row.reward - each.reward) < kTolerance &&
                      std::abs(each.row.advantage.value_or(0) - each.advantage) < kTolerance;
    if (same) continue;
    throw ConfigError(
        Concat("line ", each.row.line, " of the audit trail: with all graders its reward and advantage come out as ", each.reward, " and ",
               each.advantage, ", and were ", each.row.reward.value_or(0), " and ", each.row.advantage.value_or(0),
               "; what the reward was made of is not all in the trail (reward.composer with labels or multipliers, overlong answers, an "
               "estimator over the batch), so nothing can be said of another one"));
  }
}

void Add(const std::vector<Counterfactual>& step, size_t shown, WithoutGrader* without) {
  for (const Counterfactual& each : step) {
    const double before = each.row.advantage.value_or(0);
    ++without->answers;
    without->flipped += before * each.advantage < 0;
    without->changed += std::abs(before - each.advantage);
    without->mean_reward += each.row.reward.value_or(0);
    without->mean_reward_without += each.reward;
    without->rows.push_back(each);
  }
  const auto change = [](const Counterfactual& each) { return std::abs(each.row.advantage.value_or(0) - each.advantage); };
  std::stable_sort(without->rows.begin(), without->rows.end(), [&](const auto& a, const auto& b) { return change(a) > change(b); });
  if (without->rows.size() > shown) without->rows.resize(shown);
}

}  // namespace

WithoutGrader RecomputeWithout(const std::string& path, const RewardSetup& setup, const std::string& grader, std::optional<int64_t> step,
                               size_t shown) {
  CheckSetup(setup, grader);
  std::map<int64_t, Groups> steps;
  ReadAudit(path, [&](const AuditRow& row) {
    if ((!step || row.step == *step) && row.reward) steps[row.step][row.group].push_back(row);
  });
  const auto composer = MakeRewardComposer(setup.composer);
  WithoutGrader without;
  for (const auto& [number, groups] : steps) {
    CheckRecomputed(Recompute(setup, *composer, groups, ""));
    Add(Recompute(setup, *composer, groups, grader), shown, &without);
  }
  if (without.answers == 0) return without;
  const auto n = static_cast<double>(without.answers);
  for (double* sum : {&without.changed, &without.mean_reward, &without.mean_reward_without}) *sum /= n;
  return without;
}

std::string WithoutText(const WithoutGrader& without, const std::string& grader) {
  if (without.answers == 0) return "No answer was trained on.\n";
  std::string text =
      Concat("Without ", grader, " the same ", Thousands(without.answers), " answers would have had a mean reward of ",
             Fixed(without.mean_reward_without, 3), " (", Fixed(without.mean_reward, 3), " with it). Their advantages differ by ",
             Fixed(without.changed, 3), " on average; ", Thousands(without.flipped), " would have had the other sign.\n");
  for (const Counterfactual& each : without.rows) {
    text += Concat("  step ", each.row.step, ", prompt ", EscapeTerminal(each.row.prompt_id), ", sample ", each.row.sample, ": reward ",
                   Fixed(each.row.reward.value_or(0), 3), " -> ", Fixed(each.reward, 3), ", advantage ",
                   Signed(each.row.advantage.value_or(0), 3), " -> ", Signed(each.advantage, 3), "\n");
  }
  return text;
}

}  // namespace temper
