#pragma once

#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace temper::testing {

// What is wrong with a trace by the rules of Chrome's Trace Event Format, one line each; "" = nothing. Beyond the format: events are sorted
// by time, every process and thread that has events has a name, and no two events of a thread overlap.
inline std::string TraceFormatErrors(const nlohmann::json& trace) {
  std::ostringstream errors;
  std::map<std::pair<int64_t, int64_t>, int64_t> free_from;  // by (pid, tid): end of the last event
  std::map<int64_t, bool> process_named;
  std::map<std::pair<int64_t, int64_t>, bool> thread_named;
  std::map<int64_t, int64_t> arrows;  // id -> time of its start
  int64_t last = 0;
  if (!trace.contains("traceEvents") || !trace["traceEvents"].is_array()) return "no list traceEvents\n";
  for (const auto& event : trace["traceEvents"]) {
    if (!event.contains("ph") || !event.contains("name") || !event.contains("pid") || !event.contains("tid")) {
      errors << "an event lacks ph, name, pid or tid: " << event.dump() << "\n";
      continue;
    }
    const std::string ph = event["ph"];
    const auto pid = event["pid"].get<int64_t>();
    const std::pair<int64_t, int64_t> thread = {pid, event["tid"].get<int64_t>()};
    if (ph == "M") {
      if (event["name"] == "process_name") process_named[pid] = !event["args"]["name"].get<std::string>().empty();
      if (event["name"] == "thread_name") thread_named[thread] = !event["args"]["name"].get<std::string>().empty();
      continue;
    }
    if (!event.contains("ts") || !event["ts"].is_number_integer() || event["ts"] < 0) {
      errors << "no time: " << event.dump() << "\n";
      continue;
    }
    const auto ts = event["ts"].get<int64_t>();
    if (ts < last) errors << "not sorted at " << ts << "\n";
    last = std::max(last, ts);
    if (!process_named[pid]) errors << "process " << pid << " has no name\n";
    if (!thread_named[thread]) errors << "thread " << thread.second << " of process " << pid << " has no name\n";
    if (ph == "X") {
      if (!event.contains("dur") || !event["dur"].is_number_integer() || event["dur"] < 0) {
        errors << "no dur of 0 or more: " << event.dump() << "\n";
        continue;
      }
      if (free_from.contains(thread) && ts < free_from[thread]) errors << "overlaps the event before: " << event.dump() << "\n";
      free_from[thread] = ts + event["dur"].get<int64_t>();
    } else if (ph == "s") {
      if (!arrows.emplace(event["id"].get<int64_t>(), ts).second) errors << "two arrows of one id\n";
    } else if (ph == "f") {
      const auto begun = arrows.find(event["id"].get<int64_t>());
      if (begun == arrows.end() || begun->second > ts) errors << "an arrow ends before it begins: " << event.dump() << "\n";
    } else {
      errors << "an event of the kind " << ph << " (B and E, which would have to be pairs, are not written)\n";
    }
  }
  return errors.str();
}

}  // namespace temper::testing
