// temper report: the report of a run.
#include "views/report/report.h"

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "record/run_json.h"
#include "record/run_paths.h"

namespace temper {

void MakeOutputFolder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (!failed && access(folder.c_str(), W_OK | X_OK) != 0) failed = std::error_code(errno, std::generic_category());
  if (failed) throw ConfigError(Concat("-o ", folder, ": cannot be written: ", failed.message()));
}

namespace {

int ReportCommand(const std::string& run, const std::string& output) {
  if (!IsRunFolder(run))
    throw ConfigError(Concat(run, ": no run there; a run's folder is <run.dir>/<run.name>, several are for temper compare"));
  const std::string folder = output.empty() ? run : output;
  MakeOutputFolder(folder);
  std::cout << WriteReport(ReadRunRecord(run), folder, ReadTimeline(run)) << "\nreport: " << ReportPaths(folder).Html() << "\n";
  return kExitDone;
}

}  // namespace

void AddReportCommand(CLI::App* app, int* exit_code) {
  struct Arguments {
    std::string run;
    std::string output;
  };
  const auto arguments = std::make_shared<Arguments>();
  auto* command = app->add_subcommand("report", "report of a run (several: temper compare)");
  command->add_option("run", arguments->run, "run folder")->required();
  command->add_option("-o,--output", arguments->output, "folder to write into (default: the run's own)");
  command->callback([arguments, exit_code] { *exit_code = ReportCommand(arguments->run, arguments->output); });
}

}  // namespace temper
