// temper report: the report of a run.
#include "views/report/report.h"

#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "cli/output_folder.h"
#include "cluster/base/error.h"
#include "record/run_json.h"
#include "record/run_paths.h"

namespace temper {
namespace {

struct ReportArguments {
  std::string run;
  std::string output;  // folder; "" = the run's own
};

int ReportCommand(const ReportArguments& arguments) {
  const std::string& run = arguments.run;
  if (!IsRunFolder(run))
    throw ConfigError(
        Concat(run, ": no run there; a run's folder is <run.dir>/<run.name>; to see several runs together use temper compare"));
  const std::string folder = arguments.output.empty() ? run : arguments.output;
  MakeOutputFolder(folder);
  std::cout << WriteReport(ReadRunRecord(run), folder, ReadTimeline(run)) << "\nreport: " << ReportPaths(folder).Html() << "\n";
  return kExitDone;
}

void BindReport(CLI::App* command, ReportArguments* arguments) {
  command->add_option("run", arguments->run, "run folder")->required();
  command->add_option("-o,--output", arguments->output, "folder to write into (default: the run's own)");
  AddExamples(command, {{"temper report runs/quickstart", "writes report.html into the run's folder"}});
}

}  // namespace

void AddReportCommand(const CommandContext& context) {
  AddCommand<ReportArguments>(context, "report", "report of a run (several: temper compare)", BindReport, ReportCommand);
}

}  // namespace temper
