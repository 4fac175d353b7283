#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "record/spans.h"
#include "views/trace/summary_data.h"

namespace temper {

TraceSummary Summarize(const TraceData& data);

// A stretch of time, in microseconds since 1970.
struct TimeRange {
  int64_t begin = 0, end = 0;
};
int64_t Length(const std::vector<TimeRange>& ranges);  // their sum
// The stretches in which an RL step was under way, in order and disjoint. Each is consecutive spans
// of the orchestrator that belong to a step of it, with what lies between them as long as that is
// not another stage.
std::vector<TimeRange> RlTime(const TraceData& data);

// Whether a phase is one of waiting.
bool IsIdlePhase(const std::string& name);

std::string ToText(const TraceSummary& summary);  // a table, then the findings; with line ends

}  // namespace temper
