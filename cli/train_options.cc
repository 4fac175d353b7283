#include "cli/train_options.h"

#include <cstdio>
#include <sstream>

#include <CLI/CLI.hpp>

#include "cluster/base/printable.h"
#include "cluster/host/installation.h"
#include "orchestrator/config/cluster_options.h"
#include "orchestrator/job/start_checks.h"
#include "policy/formats/hf_checkpoint.h"

namespace temper {
namespace {

constexpr int kMaxRanks = static_cast<int>(1 + 3 * kMaxRanksOfRole);

}  // namespace

void AddTrainOptions(CLI::App* command, TrainArguments* arguments, bool config_required) {
  command->add_option("config", arguments->config, "YAML file (temper reference lists every key), or the name of one installed with temper")
      ->required(config_required)
      ->transform([](const std::string& path) { return FindShipped(path); });
  command->add_option("overrides", arguments->overrides, "a.b=value, applied over the file");
  command->add_option("--resume", arguments->resume, "auto (default), never, or a checkpoint's folder");
  command->add_flag("--dry-run", arguments->dry_run, "check the config and what it names, print what would be started, start nothing");
  command->add_option("--member", arguments->member, "of a config with seeds: or sweep:, one run by name or by index from 0");
  command->add_option("-n,--np", arguments->ranks, "number of ranks (default: what the config asks for)")->check(CLI::Range(1, kMaxRanks));
}

void TellBeatenOverrides(const Experiment& experiment) {
  std::istringstream lines(CheckOverrides(experiment));
  for (std::string line; std::getline(lines, line);) std::fprintf(stderr, "temper: %s\n", PrintableText(line).c_str());
}

void CheckForDryRun(const Experiment& experiment) {
  TellBeatenOverrides(experiment);
  const std::string& model = experiment.base.policy.path;  // arms share it
  if (!model.empty()) CheckHfModel(model, experiment.base.policy.skip_tensors);
  CheckRows(experiment);
}

}  // namespace temper
