#pragma once

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/launch/train_arguments.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library names it
class App;
}

namespace temper {

// The options of the commands that start a job.
void AddTrainOptions(CLI::App* command, TrainArguments* arguments, bool config_required = true);

// Says on standard error which overrides of the command line do not count everywhere. Throws ConfigError for one that counts nowhere.
void TellBeatenOverrides(const Experiment& experiment);

// What a dry run checks beyond what every start does, because it takes time: what TellBeatenOverrides says, the headers of the model's
// weights, the rows of the data.
void CheckForDryRun(const Experiment& experiment);

}  // namespace temper
