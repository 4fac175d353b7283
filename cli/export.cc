// temper export: a run's metrics for another program.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "views/export/metrics_export.h"

namespace temper {

void AddExportCommand(CLI::App* app, int* exit_code) {
  struct Arguments {
    std::string run;
    std::string format;
    std::string output;
  };
  const auto arguments = std::make_shared<Arguments>();
  auto* command = app->add_subcommand("export", "writes a run's metrics for another program");
  command->add_option("run", arguments->run, "folder of the run")->required();
  command->add_option("--format", arguments->format, "csv, wandb or mlflow")->required()->check(CLI::IsMember({"csv", "wandb", "mlflow"}));
  command->add_option("--out", arguments->output, "folder to write into")->required();
  command->callback([arguments, exit_code] {
    std::cout << ExportMetrics(arguments->run, arguments->format, arguments->output);
    *exit_code = kExitDone;
  });
}

}  // namespace temper
