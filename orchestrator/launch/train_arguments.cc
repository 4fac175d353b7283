#include "orchestrator/launch/train_arguments.h"

#include "orchestrator/config/experiment_config.h"

namespace temper {

TrainArguments EvaluationOf(const TrainArguments& given, const std::string& model) {
  TrainArguments arguments = given;
  const Experiment experiment = LoadExperiment(given.config, given.overrides);
  arguments.overrides.insert(arguments.overrides.begin(), {"arms={}", "seeds=[]", "sweep={}"});  // the user's own may say otherwise
  // The last word: a run that trained must not get into the way, nor out of it.
  const std::string name = "run.name=" + experiment.base.run.name + "-eval";
  arguments.overrides.insert(arguments.overrides.end(), {"stages=[eval]", "policy.path=" + model, "policy.lora.rank=0", name});
  return arguments;
}

}  // namespace temper
