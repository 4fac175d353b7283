#pragma once

#include <string>

#include "record/spans.h"

namespace temper {

// The trace in Chrome's Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing open: a process for each process, a
// thread for its phases and one for their parts, arrows from each publication of weights to their first load in each rollout worker. Times
// are in microseconds since the first span.
std::string ChromeTraceJson(const TraceData& data);

}  // namespace temper
