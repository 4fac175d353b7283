#include "views/trace/timeline.h"

#include <algorithm>
#include <map>
#include <set>

#include "cluster/base/log.h"
#include "cluster/base/role.h"
#include "cluster/telemetry/telemetry_phases.h"

namespace temper {
namespace {

constexpr double kResolution = 1.0 / 1500;  // of the window: shorter gaps cannot be seen

int64_t EndOf(const Span& span) { return span.begin_us + span.duration_us; }

TraceData OfAttempt(const TraceData& data, int64_t attempt) {
  TraceData part;
  for (const TraceProcess& process : data.processes) {
    if (process.attempt == attempt) part.processes.push_back(process);
  }
  return part;
}

// The attempt with the most RL, the latest of equals.
TraceData Chosen(const TraceData& data, TraceTimeline* line) {
  std::set<int64_t> attempts;
  for (const TraceProcess& process : data.processes) attempts.insert(process.attempt);
  line->attempts = static_cast<int64_t>(attempts.size());
  TraceData chosen;
  int64_t most = -1;
  for (const int64_t attempt : attempts) {
    TraceData part = OfAttempt(data, attempt);
    const int64_t length = Length(RlTime(part));
    if (length < most) continue;
    most = length;
    line->attempt = attempt;
    chosen = std::move(part);
  }
  return chosen;
}

TimeRange Extent(const TraceData& data) {
  TimeRange extent;
  bool any = false;
  for (const TraceProcess& process : data.processes) {
    for (const Span& span : process.spans) {
      extent.begin = any ? std::min(extent.begin, span.begin_us) : span.begin_us;
      extent.end = any ? std::max(extent.end, EndOf(span)) : EndOf(span);
      any = true;
    }
  }
  return extent;
}

// A step of RL as the orchestrator went through it.
struct StepTime {
  int64_t step = 0;
  int64_t begin = 0, end = 0;
  int64_t stage = 0;  // counts up where steps begin again
};

std::vector<StepTime> StepsOf(const TraceData& data, const std::vector<TimeRange>& rl) {
  std::vector<StepTime> steps;
  for (const TraceProcess& process : data.processes) {
    if (process.role != NameOf(Role::kOrchestrator)) continue;
    for (const Span& span : process.spans) {
      if (span.lane != Span::kPhase || span.step < 0) continue;
      const auto after =
          std::upper_bound(rl.begin(), rl.end(), span.begin_us, [](int64_t t, const TimeRange& range) { return t < range.begin; });
      const bool within = after != rl.begin() && span.begin_us < std::prev(after)->end;
      if (!within) continue;
      const bool same = !steps.empty() && steps.back().step == span.step;
      if (same) {
        steps.back().end = std::max(steps.back().end, EndOf(span));
        continue;
      }
      const int64_t stage = steps.empty() ? 0 : steps.back().stage + (span.step < steps.back().step ? 1 : 0);
      if (!steps.empty() && steps.back().stage == stage && span.step == steps.back().step + 1) steps.back().end = span.begin_us;
      steps.push_back({span.step, span.begin_us, EndOf(span), stage});
    }
  }
  return steps;
}

// Of all runs of kWindowSteps consecutive steps that of median length: neither the first nor the slowest, but what was usual.
void ChooseWindow(const std::vector<StepTime>& steps, int64_t origin, TraceTimeline* line) {
  const size_t count = std::min(kWindowSteps, steps.size());
  std::vector<std::pair<int64_t, size_t>> lengths;
  for (size_t i = 0; count > 0 && i + count <= steps.size(); ++i) {
    const StepTime &first = steps[i], &last = steps[i + count - 1];
    const bool consecutive = first.stage == last.stage && last.step - first.step == static_cast<int64_t>(count) - 1;
    if (consecutive) lengths.emplace_back(last.end - first.begin, i);
  }
  if (lengths.empty()) return;
  std::sort(lengths.begin(), lengths.end());
  const size_t at = lengths[lengths.size() / 2].second;
  const StepTime &first = steps[at], &last = steps[at + count - 1];
  line->window_begin_s = static_cast<double>(first.begin - origin) / 1e6;
  line->window_end_s = static_cast<double>(last.end - origin) / 1e6;
  line->window_first_step = first.step;
  line->window_last_step = last.step;
}

// Adds a stage, or makes the one before longer where it is the same.
void AddStage(const std::string& name, int64_t index, double begin_s, double end_s, std::vector<TraceTimeline::Stage>* stages) {
  if (!stages->empty() && stages->back().name == name && stages->back().index == index) {
    stages->back().end_s = std::max(stages->back().end_s, end_s);
  } else {
    stages->push_back({begin_s, end_s, name, index});
  }
}

std::vector<TraceTimeline::Stage> StagesOf(const TraceData& data, const std::vector<StepTime>& steps, int64_t origin) {
  std::map<int64_t, std::pair<int64_t, int64_t>> rl;  // begin -> end, stage
  for (const StepTime& step : steps) rl[step.begin] = {step.end, step.stage};
  std::vector<TraceTimeline::Stage> stages;
  const auto seconds = [&](int64_t us) { return static_cast<double>(us - origin) / 1e6; };
  for (const TraceProcess& process : data.processes) {
    if (process.role != NameOf(Role::kOrchestrator)) continue;
    for (const Span& span : process.spans) {
      if (span.lane != Span::kPhase) continue;
      const auto step = rl.upper_bound(span.begin_us);
      const bool in_rl = step != rl.begin() && span.begin_us < std::prev(step)->second.first;
      if (in_rl) {
        AddStage("rl", std::prev(step)->second.second, seconds(span.begin_us), seconds(EndOf(span)), &stages);
      } else if (span.name == phase::kEval || (span.name == phase::kWaitLearners && span.step >= 0)) {
        AddStage(span.name == phase::kEval ? "eval" : "sft", 0, seconds(span.begin_us), seconds(EndOf(span)), &stages);
      }
    }
  }
  return stages;
}

void AddToBins(const Span& span, const TimeRange& extent, TraceTimeline::Row* row) {
  const double width = static_cast<double>(extent.end - extent.begin) / static_cast<double>(kTimelineBins);
  if (width <= 0) return;
  const double begin = static_cast<double>(span.begin_us - extent.begin), end = static_cast<double>(EndOf(span) - extent.begin);
  const auto activity = static_cast<size_t>(ActivityOf(span.name));
  for (auto bin = static_cast<size_t>(begin / width); bin < kTimelineBins; ++bin) {
    const double left = static_cast<double>(bin) * width, overlap = std::min(end, left + width) - std::max(begin, left);
    if (overlap <= 0) break;
    row->bins[bin][activity] += overlap / 1e6;
  }
}

// Phases that follow each other too closely to be told apart become one piece, which is what the longest of them is. longest_s: of those in
// the row's last piece.
void AddToWindow(const Span& span, int64_t origin, const TraceTimeline& line, TraceTimeline::Row* row, double* longest_s) {
  TraceTimeline::Piece piece;
  piece.begin_s = std::max(line.window_begin_s, static_cast<double>(span.begin_us - origin) / 1e6);
  piece.end_s = std::min(line.window_end_s, static_cast<double>(EndOf(span) - origin) / 1e6);
  const double length = piece.end_s - piece.begin_s;
  if (length <= 0) return;
  piece.activity = ActivityOf(span.name);
  piece.phase = span.name;
  piece.step = span.step;
  const double visible = (line.window_end_s - line.window_begin_s) * kResolution;
  if (!row->window.empty() && piece.begin_s - row->window.back().end_s < visible) {
    TraceTimeline::Piece& before = row->window.back();
    const bool same = before.activity == piece.activity && before.step == piece.step;
    if (same || length < visible) {
      if (length > *longest_s) {
        piece.begin_s = before.begin_s;
        before = std::move(piece);
        *longest_s = length;
      } else {
        before.end_s = piece.end_s;
      }
      return;
    }
  }
  row->window.push_back(std::move(piece));
  *longest_s = length;
}

TraceTimeline::Row RowOf(const TraceProcess& process, const TimeRange& extent, const TraceTimeline& line) {
  TraceTimeline::Row row;
  row.name = process.Name();
  row.role = process.role;
  row.bins.assign(kTimelineBins, {});
  double longest_s = 0;
  for (const Span& span : process.spans) {
    if (span.lane != Span::kPhase) continue;
    AddToBins(span, extent, &row);
    AddToWindow(span, extent.begin, line, &row, &longest_s);
  }
  return row;
}

double BusySeconds(const TraceProcess& process) {
  double sum = 0;
  for (const Span& span : process.spans) {
    if (span.lane == Span::kPhase && !IsIdlePhase(span.name)) sum += static_cast<double>(span.duration_us) / 1e6;
  }
  return sum;
}

// Which processes are shown, in the order of the data.
std::vector<size_t> ShownProcesses(const TraceData& data) {
  std::map<std::string, std::vector<std::pair<double, size_t>>> by_role;
  for (size_t i = 0; i < data.processes.size(); ++i) by_role[data.processes[i].role].emplace_back(BusySeconds(data.processes[i]), i);
  std::vector<size_t> shown;
  for (auto& [role, processes] : by_role) {
    std::sort(processes.begin(), processes.end());
    for (size_t i = 0; i < processes.size(); ++i) {
      const bool least = i < kTimelineRows / 2, most = i + kTimelineRows / 2 >= processes.size();
      if (least || most) shown.push_back(processes[i].second);
    }
  }
  std::sort(shown.begin(), shown.end());
  return shown;
}

}  // namespace

Activity ActivityOf(const std::string& name) {
  if (IsIdlePhase(name)) return Activity::kWait;
  if (name == phase::kRollout) return Activity::kRollout;
  if (name == phase::kGrade) return Activity::kReward;
  if (name == phase::kUpdate) return Activity::kUpdate;
  if (name == phase::kSync || name == phase::kPublish) return Activity::kSync;
  return Activity::kOther;
}

TraceTimeline BuildTimeline(const TraceData& all) {
  TraceTimeline line;
  const TraceData data = Chosen(all, &line);
  const TimeRange extent = Extent(data);
  line.seconds = static_cast<double>(extent.end - extent.begin) / 1e6;
  if (line.seconds <= 0) return line;
  const std::vector<StepTime> steps = StepsOf(data, RlTime(data));
  ChooseWindow(steps, extent.begin, &line);
  line.stages = StagesOf(data, steps, extent.begin);
  const std::vector<size_t> shown = ShownProcesses(data);
  for (const size_t i : shown) line.rows.push_back(RowOf(data.processes[i], extent, line));
  line.rows_left_out = static_cast<int64_t>(data.processes.size() - shown.size());
  line.summary = Summarize(data);
  return line;
}

TraceTimeline ReadTimeline(const std::string& run_folder) {
  if (!HasTrace(run_folder)) return {};  // monitor.cluster_log_s 0
  return BuildTimeline(ReadTrace(run_folder));
}

TraceTimeline TimelineIfAny(const std::string& run_folder) {
  try {
    return ReadTimeline(run_folder);
  } catch (const std::exception& error) {
    TEMPER_LOG(Warn, "the spans of ", run_folder, ": ", error.what(),
               "; the report goes without the time line, temper report writes it again");
    return {};
  }
}

}  // namespace temper
