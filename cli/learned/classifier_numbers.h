#pragma once

#include "cli/learned/classifier_arguments.h"

namespace temper {

// Sets the numbers of a classifier: dense features, members and products, and the blend where weights are chosen for them. ConfigError.
void SetNumbers(const ClassifierTrainArguments& arguments, ClassifierOptions* options);

}  // namespace temper
