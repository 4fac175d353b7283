// temper reference: configs/reference.yaml, generated from the keys that the program declares.
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "orchestrator/config/experiment_config.h"

namespace temper {
namespace {

int ReferenceCommand() {
  ExperimentConfig config;
  std::cout << ReferenceYaml([&](ConfigFields& fields) { Describe(config, fields); });
  return kExitDone;
}

}  // namespace

void AddReferenceCommand(const CommandContext& context) {
  AddCommand(context, "reference", "prints every config key with its default and meaning",
             {{"temper reference | grep -A2 learner_threads", "what a setting means"}}, ReferenceCommand);
}

}  // namespace temper
