// temper index: index.html over the runs of a folder.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "views/index/run_index.h"

namespace temper {

void AddIndexCommand(CLI::App* app, int* exit_code) {
  auto folder = std::make_shared<std::string>();
  auto* command = app->add_subcommand("index", "index.html over the runs of a folder: where each stands, its figures, its report");
  command->add_option("folder", *folder, "folder around runs: <run.dir>, or that of a sweep")->required();
  command->callback([folder, exit_code] {
    WriteRunIndex(*folder);
    std::cout << "index: " << *folder << "/index.html\n";
    *exit_code = kExitDone;
  });
}

}  // namespace temper
