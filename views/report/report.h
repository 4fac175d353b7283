#pragma once

#include <string>

#include "record/run_record.h"
#include "views/trace/timeline.h"

namespace temper {

// Writes report.json, report.html (self-contained) and eval_cells.csv into `folder`, which must exist, and returns the table for a
// terminal (plain text, 100 columns). The same record and time line give the same bytes. Throws Error when the record has no arm or a
// file cannot be written.
std::string WriteReport(const RunRecord& record, const std::string& folder, const TraceTimeline& timeline = {});

}  // namespace temper
