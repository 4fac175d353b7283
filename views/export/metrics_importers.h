#pragma once

#include <string>

namespace temper {

// Python programs that log what `temper export` wrote; they run where wandb or mlflow is installed, which Temper itself never needs.
std::string WandbImporter();
std::string MlflowImporter();

}  // namespace temper
