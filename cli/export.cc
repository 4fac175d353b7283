// temper export: a run's metrics for another program.
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "views/export/metrics_export.h"

namespace temper {
namespace {

struct ExportArguments {
  std::string run;
  std::string format;
  std::string output;
};

void BindExport(CLI::App* command, ExportArguments* arguments) {
  command->add_option("run", arguments->run, "folder of the run")->required();
  command->add_option("--format", arguments->format, "csv, wandb or mlflow")->required()->check(CLI::IsMember({"csv", "wandb", "mlflow"}));
  command->add_option("--out", arguments->output, "folder to write into")->required();
  AddExamples(command, {{"temper export runs/quickstart --format csv --out exported", "tables for a spreadsheet"},
                        {"temper export runs/quickstart --format wandb --out exported", "what Weights & Biases reads"}});
}

int ExportCommand(const ExportArguments& arguments) {
  std::cout << ExportMetrics(arguments.run, arguments.format, arguments.output);
  return kExitDone;
}

}  // namespace

void AddExportCommand(const CommandContext& context) {
  AddCommand<ExportArguments>(context, "export", "writes a run's metrics for another program", BindExport, ExportCommand);
}

}  // namespace temper
