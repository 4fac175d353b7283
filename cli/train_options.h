#pragma once

#include "orchestrator/launch/train_arguments.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library names it
class App;
}

namespace temper {

// The options of the commands that start a job.
void AddTrainOptions(CLI::App* command, TrainArguments* arguments, bool config_required = true);

}  // namespace temper
