#include "orchestrator/stages/rl_metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "cluster/base/mean.h"
#include "cluster/base/step_number.h"
#include "cluster/metrics/answer_metric.h"

namespace temper {
namespace {

constexpr double kMicro = 1e-6;

// Population standard deviation, from the mean: differences of large equal numbers are exactly 0.
double StdOf(const std::vector<double>& values) {
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double Largest(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }
double Smallest(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

// The smallest value that a share q of all does not exceed.
double QuantileOf(std::vector<double> values, double q) {
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// What graders said of a set of completions. Failed grades count among the failed and nowhere else.
struct GradeTotals {
  double n = 0, usable = 0, safety = 0, helpfulness = 0, helpfulness_when_safe = 0, safe = 0, declined = 0;
  double refused = 0, over_refusal = 0, permitted = 0, high = 0, moderate = 0;
  std::vector<double> rewards, latencies;
  std::map<std::string, double> modes, failures;

  void Add(const Grade& grade, const RewardParts& parts) {
    ++n;
    latencies.push_back(kMicro * static_cast<double>(grade.latency_us));
    if (grade.outcome != GradeOutcome::kOk) failures[Concat("grader/failed_", NameOf(grade.outcome))] += 1;
    if (!parts.usable) return;
    ++usable;
    rewards.push_back(parts.reward);
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
    modes[Concat("safety/mode_", NameOf(grade.mode))] += 1;
  }
};

// Shape and age of completions.
struct TrajectoryTotals {
  std::vector<double> lengths;
  double truncated = 0, tokens = 0, staleness = 0, max_staleness = 0, max_spans = 0;

  void Add(const Trajectory& t, int64_t step) {
    lengths.push_back(static_cast<double>(t.tokens.size()));
    truncated += !t.finished;
    for (const int64_t version : t.versions) {
      ++tokens;
      staleness += static_cast<double>(step - version);
      max_staleness = std::max(max_staleness, static_cast<double>(step - version));
    }
    max_spans = std::max(max_spans, static_cast<double>(std::set<int64_t>(t.versions.begin(), t.versions.end()).size()));
  }
};

void PutRatio(std::map<std::string, double>* values, const std::string& name, double sum, double count) {
  if (count > 0) (*values)[name] = sum / count;
}

void PutGrades(const GradeTotals& t, StepRow* row) {
  std::map<std::string, double>& values = row->values;
  if (!t.rewards.empty()) {
    values["reward/mean"] = Mean(t.rewards);
    values["reward/std"] = StdOf(t.rewards);
    values["reward/min"] = Smallest(t.rewards);
    values["reward/max"] = Largest(t.rewards);
  }
  row->distributions["reward/distribution"] = t.rewards;
  PutRatio(&values, "reward/safety_mean", t.safety, t.usable);
  PutRatio(&values, "reward/helpfulness_mean", t.helpfulness, t.usable);
  PutRatio(&values, "safety/safe_rate", t.safe, t.usable);
  PutRatio(&values, "safety/helpfulness_given_safe", t.helpfulness_when_safe, t.safe);
  PutRatio(&values, "safety/declined_rate", t.declined, t.usable);
  PutRatio(&values, "safety/refused_rate", t.refused, t.usable);
  PutRatio(&values, "safety/over_refusal_rate", t.over_refusal, t.permitted);
  PutRatio(&values, "safety/high_rate", t.high, t.usable);
  PutRatio(&values, "safety/moderate_rate", t.moderate, t.usable);
  for (const auto& [name, count] : t.modes) PutRatio(&values, name, count, t.usable);
  PutRatio(&values, "grader/failed_fraction", t.n - t.usable, t.n);
  values.insert(t.failures.begin(), t.failures.end());
  if (t.latencies.empty()) return;
  values["grader/latency_s_mean"] = Mean(t.latencies);
  values["grader/latency_s_p50"] = QuantileOf(t.latencies, 0.5);
  values["grader/latency_s_p99"] = QuantileOf(t.latencies, 0.99);
  values["grader/latency_s_max"] = Largest(t.latencies);
}

void PutTrajectories(const TrajectoryTotals& t, StepRow* row) {
  std::map<std::string, double>& values = row->values;
  const auto n = static_cast<double>(t.lengths.size());
  values["perf/completions"] = n;
  values["perf/rollout_tokens"] = t.tokens;
  row->distributions["response/length_distribution"] = t.lengths;
  PutRatio(&values, "response/truncated_fraction", t.truncated, n);
  PutRatio(&values, "off_policy/staleness_mean", t.staleness, t.tokens);
  values["off_policy/staleness_max"] = t.max_staleness;
  values["off_policy/spans_max"] = t.max_spans;
  if (t.lengths.empty()) return;
  values["response/length_mean"] = Mean(t.lengths);
  values["response/length_min"] = Smallest(t.lengths);
  values["response/length_max"] = Largest(t.lengths);
  values["response/length_std"] = StdOf(t.lengths);
}

// What groups waited for before and after a worker was busy with them. Those taken over from a journal never waited.
void PutWaits(const std::vector<const ScoredGroup*>& groups, std::map<std::string, double>* values) {
  std::vector<double> rollout, reward;
  for (const ScoredGroup* group : groups) {
    const GradedGroup& g = group->graded;
    double grading = 0;
    for (const Grade& grade : g.grades) grading += kMicro * static_cast<double>(grade.latency_us);
    rollout.push_back(std::max(0.0, g.generated_at - g.issued_at - g.rollout.seconds));
    reward.push_back(std::max(0.0, g.graded_at - g.generated_at - grading));
  }
  if (groups.empty()) return;
  (*values)["queue/rollout/wait_s_mean"] = Mean(rollout);
  (*values)["queue/rollout/wait_s_max"] = Largest(rollout);
  (*values)["queue/reward/wait_s_mean"] = Mean(reward);
  (*values)["queue/reward/wait_s_max"] = Largest(reward);
}

// answer/*: over the answers that were graded.
void PutAnswers(const std::vector<const ScoredGroup*>& groups, std::map<std::string, double>* values) {
  for (const AnswerMetric* metric : AnswerMetrics()) {
    double sum = 0, count = 0;
    for (const ScoredGroup* group : groups) {
      for (size_t i = 0; i < group->parts.size(); ++i) {
        if (!group->parts[i].usable) continue;
        const std::optional<double> value = metric->of(ViewOf(*group, i));
        sum += value.value_or(0);
        count += value.has_value();
      }
    }
    PutRatio(values, std::string(metric->spec.name), sum, count);
  }
}

}  // namespace

AnswerView ViewOf(const ScoredGroup& group, size_t i) {
  const Trajectory& t = group.graded.rollout.group.trajectories[i];
  const Grade& grade = group.graded.grades[i];
  return {.prompt = group.graded.prompt->text,
          .response = group.graded.responses[i],
          .tokens = static_cast<int64_t>(t.tokens.size()),
          .truncated = !t.finished,
          .safety = grade.safety,
          .helpfulness = grade.helpfulness,
          .reward = group.parts[i].reward};
}

StepRow SummarizeGroups(const std::vector<const ScoredGroup*>& groups, int64_t step) {
  GradeTotals grades;
  TrajectoryTotals trajectories;
  double dead = 0, refused = 0;
  for (const ScoredGroup* group : groups) {
    const auto usable = std::count_if(group->parts.begin(), group->parts.end(), [](const RewardParts& p) { return p.usable; });
    dead += group->dead && usable >= 2;  // with fewer it failed, whatever its rewards would have been
    refused += !group->graded.refused.empty();
    for (size_t i = 0; i < group->parts.size(); ++i) grades.Add(group->graded.grades[i], group->parts[i]);
    for (const Trajectory& trajectory : group->graded.rollout.group.trajectories) trajectories.Add(trajectory, step);
  }
  StepRow row;
  row.step = StepNumber(step);
  PutGrades(grades, &row);
  PutTrajectories(trajectories, &row);
  PutRatio(&row.values, "reward/frac_dead_groups", dead, static_cast<double>(groups.size()));
  row.values["queue/groups_refused"] = refused;
  PutAnswers(groups, &row.values);
  PutWaits(groups, &row.values);
  return row;
}

double RewrittenShare(const std::vector<const ScoredGroup*>& groups) {
  const auto rewritten =
      std::count_if(groups.begin(), groups.end(), [](const ScoredGroup* group) { return !group->graded.prompt->rewritten_by.empty(); });
  return groups.empty() ? 0 : static_cast<double>(rewritten) / static_cast<double>(groups.size());
}

void SummarizeAdvantages(std::vector<double> all, StepRow* row) {
  if (all.empty()) return;
  row->values["advantage/mean"] = Mean(all);
  row->values["advantage/std"] = StdOf(all);
  row->values["advantage/min"] = Smallest(all);
  row->values["advantage/max"] = Largest(all);
  const auto positive = std::count_if(all.begin(), all.end(), [](double advantage) { return advantage > 0; });
  row->values["advantage/positive_fraction"] = static_cast<double>(positive) / static_cast<double>(all.size());
  row->distributions["advantage/distribution"] = std::move(all);
}

void AddRates(std::map<std::string, double>* values) {
  const auto per_second = [&](const char* name, const char* amount, const char* time) {
    const auto found = values->find(amount);
    const auto seconds = values->find(time);
    if (found == values->end() || seconds == values->end() || seconds->second <= 0) return;
    (*values)[name] = found->second / seconds->second;
  };
  per_second("perf/samples_per_s", "perf/completions", "timing_s/step");
  per_second("perf/tokens_per_s", "perf/rollout_tokens", "timing_s/step");
  per_second("perf/rollout_tokens_per_s", "perf/rollout_tokens", "timing_s/rollout");
  per_second("perf/train_tokens_per_s", "perf/stream_tokens", "timing_s/update");
  per_second("perf/idle_frac_learner", "timing_s/learner_round_trip", "timing_s/step");
  if (const auto busy = values->find("perf/idle_frac_learner"); busy != values->end()) busy->second = 1 - busy->second;
}

void AddJobCounts(const JobBus& bus, const WeightRef& published, std::map<std::string, double>* values) {
  const TaskTable& table = bus.table();
  const auto put = [&](const char* name, auto count) { (*values)[name] = static_cast<double>(count); };
  put("queue/groups_in_flight", bus.groups_in_flight());
  put("queue/rollout/depth", table.num_queued(Role::kRollout));
  put("queue/reward/depth", table.num_queued(Role::kReward));
  put("sync/version", published.version);
  put("sync/bytes", published.bytes);
  put("cluster/rollout_workers", table.NumPeers(Role::kRollout));
  put("cluster/reward_workers", table.NumPeers(Role::kReward));
  put("cluster/workers_lost", bus.workers_lost());
  put("cluster/tasks_requeued", table.num_requeued());
  put("cluster/duplicate_results", table.num_duplicates());
  put("cluster/groups_recovered", bus.groups_recovered());
  put("cluster/frames_refused", bus.frames_refused());
  put("cluster/results_refused", bus.results_refused());
}

std::map<std::string, double> SummarizeEvaluation(const std::string& set, const std::vector<Grade>& grades,
                                                  const std::vector<RewardParts>& rewards, double truncated) {
  GradeTotals t;
  for (size_t i = 0; i < grades.size(); ++i) t.Add(grades[i], rewards[i]);
  const std::string prefix = "eval/" + set;
  std::map<std::string, double> values;
  if (!t.rewards.empty()) values[prefix + "/reward_mean"] = Mean(t.rewards);
  PutRatio(&values, prefix + "/safety_mean", t.safety, t.usable);
  PutRatio(&values, prefix + "/helpfulness_mean", t.helpfulness, t.usable);
  PutRatio(&values, prefix + "/safe_rate", t.safe, t.usable);
  PutRatio(&values, prefix + "/high_rate", t.high, t.usable);
  PutRatio(&values, prefix + "/over_refusal_rate", t.over_refusal, t.permitted);
  PutRatio(&values, prefix + "/truncated_fraction", truncated, t.n);
  values[prefix + "/completions"] = t.n;
  return values;
}

}  // namespace temper
