#include "views/trace/export.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "cluster/telemetry/telemetry_phases.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

struct Event {
  int64_t ts = 0;
  int order = 0;  // among those of one time: what an arrow binds to comes before it
  ordered_json json;
};

int64_t FirstTime(const TraceData& data) {
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const TraceProcess& process : data.processes) {
    for (const Span& span : process.spans) first = std::min(first, span.begin_us);
  }
  return first;
}

void AddMetadata(const TraceProcess& process, size_t pid, ordered_json* events) {
  const auto name = [&](const char* what, int tid, const ordered_json& args) {
    events->push_back({{"ph", "M"}, {"name", what}, {"pid", pid}, {"tid", tid}, {"args", args}});
  };
  std::string title = process.Name();
  if (process.attempt > 1) title += " attempt " + std::to_string(process.attempt);
  name("process_name", 0, {{"name", title}});
  name("process_sort_index", 0, {{"sort_index", pid}});
  name("thread_name", Span::kPhase, {{"name", "phase"}});
  name("thread_name", Span::kPart, {{"name", "part"}});
}

Event Complete(const Span& span, size_t pid, int64_t first) {
  ordered_json args = ordered_json::object();
  if (span.step >= 0) args["step"] = span.step;
  if (span.version >= 0) args["version"] = span.version;
  if (span.count > 0) args["units"] = span.count;
  const int64_t ts = span.begin_us - first;
  return {ts,
          0,
          {{"ph", "X"},
           {"name", span.name},
           {"cat", span.lane == Span::kPhase ? "phase" : "part"},
           {"pid", pid},
           {"tid", static_cast<int>(span.lane)},
           {"ts", ts},
           {"dur", span.duration_us},
           {"args", args}}};
}

Event Arrow(bool end, int64_t id, size_t pid, int64_t ts) {
  ordered_json json = {{"ph", end ? "f" : "s"}, {"name", "weights"}, {"cat", "weights"}, {"id", id}, {"pid", pid}, {"tid", 0}, {"ts", ts}};
  if (end) json["bp"] = "e";
  return {ts, 1, json};
}

struct Publication {
  size_t pid = 0;
  int64_t begin = 0, end = 0;
};

// From the newest publication of a version before its first load in a worker to that load.
void AddArrows(const TraceData& data, int64_t first, std::vector<Event>* events) {
  std::multimap<int64_t, Publication> published;  // by version; numbers begin again in every arm
  for (size_t pid = 0; pid < data.processes.size(); ++pid) {
    if (data.processes[pid].role != "learner") continue;
    for (const Span& span : data.processes[pid].spans) {
      if (span.name == phase::kPublish && span.version >= 0)
        published.emplace(span.version, Publication{pid, span.begin_us, span.begin_us + span.duration_us});
    }
  }
  int64_t id = 0;
  for (size_t pid = 0; pid < data.processes.size(); ++pid) {
    std::set<int64_t> seen;  // beginnings of the publications this process has loaded
    for (const Span& span : data.processes[pid].spans) {
      if (span.name != phase::kSync) continue;
      const Publication* newest = nullptr;
      const auto [begin, end] = published.equal_range(span.version);
      for (auto it = begin; it != end; ++it) {
        if (it->second.begin <= span.begin_us + span.duration_us && (newest == nullptr || it->second.begin > newest->begin))
          newest = &it->second;
      }
      if (newest == nullptr || !seen.insert(newest->begin).second) continue;
      const int64_t load = std::max(span.begin_us, newest->begin);
      events->push_back(Arrow(false, ++id, newest->pid, std::min(newest->end, load) - first));
      events->push_back(Arrow(true, id, pid, load - first));
    }
  }
}

}  // namespace

std::string ChromeTraceJson(const TraceData& data) {
  ordered_json all = ordered_json::array();
  std::vector<Event> events;
  const int64_t first = FirstTime(data);
  for (size_t pid = 0; pid < data.processes.size(); ++pid) {
    AddMetadata(data.processes[pid], pid, &all);
    for (const Span& span : data.processes[pid].spans) events.push_back(Complete(span, pid, first));
  }
  AddArrows(data, first, &events);
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.ts != b.ts ? a.ts < b.ts : a.order < b.order; });
  for (Event& event : events) all.push_back(std::move(event.json));
  const ordered_json trace = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(all)}};
  return trace.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace temper
