#pragma once

#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "reward/grade/measured.h"

namespace temper {

// reward.graders[].record, attacks and require: every record that the config names must be there and of this version of its grader, and
// where the job trains, the figures of sources that the grader has not seen must be as require says: at least (of errors at most) so much.
// Throws ConfigError with file:line:key and the figure. Makes each grader that has a record, to learn its id.
void CheckQualified(const Experiment& experiment);

// What the records of the entry say, for a report; the files are there.
std::vector<GraderMeasurement> RecordedOf(const GraderEntry& entry);

}  // namespace temper
