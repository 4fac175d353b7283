#pragma once

#include <string>

#include "record/spans.h"

namespace temper {

// The trace in Chrome's Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing
// open. It has a process for each process, with a thread for its phases and one for their parts.
// Arrows lead from each publication of weights to their first load in each rollout worker. Times
// are in microseconds since the first span.
std::string ChromeTraceJson(const TraceData& data);

}  // namespace temper
