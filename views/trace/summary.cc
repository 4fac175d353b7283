#include "views/trace/summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cluster/base/role.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "views/trace/findings.h"

namespace temper {
namespace {

using Intervals = std::vector<TimeRange>;  // in order, disjoint

// RlTime, and how many steps lie in it; each arm has its own.
Intervals RlTimeAndSteps(const TraceData& data, int64_t* steps) {
  Intervals all;
  for (const TraceProcess& process : data.processes) {
    if (process.role != NameOf(Role::kOrchestrator)) continue;
    bool in_rl = false;
    int64_t step = -1;
    for (const Span& span : process.spans) {
      if (span.lane != Span::kPhase) continue;
      const bool sampling = span.name == phase::kWaitRollouts || span.name == phase::kWaitGrades;
      const bool within = span.step >= 0 && (span.name == phase::kWaitLearners || span.name == phase::kPrepare);
      const bool between = span.name == phase::kCheckpoint || span.name == phase::kPrepare;
      in_rl = sampling || (in_rl && (within || between));
      if (!in_rl) continue;
      if (sampling && span.step != step) ++*steps;
      if (sampling) step = span.step;
      const int64_t end = span.begin_us + span.duration_us;
      if (!all.empty() && span.begin_us - all.back().end <= 2000 && span.begin_us >= all.back().begin) {
        all.back().end = std::max(all.back().end, end);
      } else {
        all.push_back({span.begin_us, end});
      }
    }
  }
  std::sort(all.begin(), all.end(), [](const TimeRange& a, const TimeRange& b) { return a.begin < b.begin; });
  return all;
}

int64_t Overlap(const Span& span, const Intervals& intervals) {
  const int64_t end = span.begin_us + span.duration_us;
  auto it = std::lower_bound(intervals.begin(), intervals.end(), span.begin_us, [](const TimeRange& i, int64_t t) { return i.end <= t; });
  int64_t sum = 0;
  for (; it != intervals.end() && it->begin < end; ++it) sum += std::min(end, it->end) - std::max(span.begin_us, it->begin);
  return sum;
}

// The orchestrator's spans of one name within the RL time.
Intervals PhasesOf(const TraceData& data, const std::string& name) {
  Intervals found;
  for (const TraceProcess& process : data.processes) {
    if (process.role != NameOf(Role::kOrchestrator)) continue;
    for (const Span& span : process.spans) {
      if (span.lane == Span::kPhase && span.name == name && span.duration_us > 0)
        found.push_back({span.begin_us, span.begin_us + span.duration_us});
    }
  }
  std::sort(found.begin(), found.end(), [](const TimeRange& a, const TimeRange& b) { return a.begin < b.begin; });
  return found;
}

TraceSummary::Row RowOf(const TraceProcess& process, const Intervals& rl, double seconds) {
  TraceSummary::Row row;
  row.name = process.Name();
  row.role = process.role;
  double units = 0, working = 0, busy = 0;
  for (const Span& span : process.spans) {
    const double overlap = static_cast<double>(Overlap(span, rl)) / 1e6;
    if (span.lane == Span::kPart && span.name == phase::kForwardBackward) row.passes_s += overlap;
    if (span.lane != Span::kPhase) continue;
    if (overlap <= 0) continue;
    row.seconds[span.name] += overlap;
    if (!IsIdlePhase(span.name)) busy += overlap;
    if (span.count <= 0) continue;
    units += span.count * overlap * 1e6 / static_cast<double>(span.duration_us);
    working += overlap;
  }
  if (seconds > 0) row.busy = std::min(1.0, busy / seconds);
  row.idle = 1 - row.busy;
  if (working > 0) row.units_per_s = units / working;
  return row;
}

// Shares of the time that learners wait for rollouts, for grades, and for anything else; the mean over the learners.
std::map<std::string, double> LearnerWaits(const TraceData& data, const Intervals& rl, double seconds) {
  std::map<std::string, double> waits;
  const Intervals rollouts = PhasesOf(data, phase::kWaitRollouts);
  const Intervals grades = PhasesOf(data, phase::kWaitGrades);
  double learners = 0;
  for (const TraceProcess& process : data.processes) {
    if (process.role != NameOf(Role::kLearner)) continue;
    bool there = false;
    for (const Span& span : process.spans) {
      const int64_t whole = span.lane == Span::kPhase ? Overlap(span, rl) : 0;
      there = there || whole > 0;
      if (whole <= 0 || span.name != phase::kWaitTask) continue;
      const double for_rollouts = static_cast<double>(Overlap(span, rollouts)) / 1e6;
      const double for_grades = static_cast<double>(Overlap(span, grades)) / 1e6;
      waits["rollouts"] += for_rollouts;
      waits["grades"] += for_grades;
      waits["other"] += std::max(0.0, static_cast<double>(whole) / 1e6 - for_rollouts - for_grades);
    }
    learners += there;
  }
  for (auto& [what, sum] : waits) sum = learners > 0 && seconds > 0 ? sum / learners / seconds : 0;
  return waits;
}

}  // namespace

bool IsIdlePhase(const std::string& name) { return name.starts_with("wait_") || name == phase::kStart; }

int64_t Length(const std::vector<TimeRange>& ranges) {
  int64_t sum = 0;
  for (const TimeRange& range : ranges) sum += range.end - range.begin;
  return sum;
}

std::vector<TimeRange> RlTime(const TraceData& data) {
  int64_t steps = 0;
  return RlTimeAndSteps(data, &steps);
}

TraceSummary Summarize(const TraceData& data) {
  TraceSummary summary;
  const Intervals rl = RlTimeAndSteps(data, &summary.steps);
  summary.seconds = static_cast<double>(Length(rl)) / 1e6;
  for (const TraceProcess& process : data.processes) {
    summary.max_staleness.insert(process.max_staleness.begin(), process.max_staleness.end());
    TraceSummary::Row row = RowOf(process, rl, summary.seconds);
    if (!row.seconds.empty()) summary.rows.push_back(std::move(row));
  }
  summary.learner_waits = LearnerWaits(data, rl, summary.seconds);
  if (summary.steps >= kFewSteps) summary.findings = FindingsOf(summary);
  return summary;
}

std::string ToText(const TraceSummary& summary) {
  if (summary.rows.empty()) return "no RL step in the trace\n";
  char line[256];
  std::snprintf(line, sizeof(line), "%lld RL steps, %.1f s\n", static_cast<long long>(summary.steps), summary.seconds);
  std::string text = line;
  for (const TraceSummary::Row& row : summary.rows) {
    std::snprintf(line, sizeof(line), "  %-34s busy %3ld %%", row.name.c_str(), std::lround(row.busy * 100));
    text += line;
    if (row.units_per_s > 0) {
      std::snprintf(line, sizeof(line), "  %.0f %s/s", row.units_per_s, row.role == NameOf(Role::kReward) ? "grades" : "tokens");
      text += line;
    }
    for (const auto& [name, seconds] : row.seconds) {
      std::snprintf(line, sizeof(line), "  %s %.1f s", name.c_str(), seconds);
      text += line;
    }
    text += "\n";
  }
  for (const std::string& finding : summary.findings) text += finding + "\n";
  if (summary.findings.empty()) text += summary.steps < kFewSteps ? "too few steps to judge\n" : "nothing waits for long\n";
  return text;
}

}  // namespace temper
