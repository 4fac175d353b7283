#pragma once

#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "record/run_json.h"
#include "reward/grade/measured.h"

namespace temper {

// That the records of reward.graders[].record and attacks are there and can be read. Throws ConfigError with file:line:key.
void CheckRecords(const Experiment& experiment);

// reward.graders[].record, attacks and require: every record that the config names must be there
// and of this version of its grader, by its name and type too. Where the job trains, the figures of
// sources that the grader has not seen must be as require says: at least (of errors at most) so
// much. Such a record must be about what the grader steers by (harm where it gives safety). Where
// the figure depends on it, a yes must begin where the job's harm begins. At most 5 % of the rows
// may have no grade unless require has `failed`. Throws ConfigError with file:line:key and the
// figure. Makes each grader that has a record, to learn its id.
void CheckQualified(const Experiment& experiment);

// What the records of the entry say, for a report; the files are there.
std::vector<GraderMeasurement> RecordedOf(const GraderEntry& entry);

// What graders are, with what is known of them that concerns what they give: what a report names them by. Throws ConfigError.
RunDescription::Grader GraderDescription(const RewardConfig& reward);

}  // namespace temper
