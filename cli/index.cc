// temper index: index.html over the runs of a folder.
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "views/index/run_index.h"

namespace temper {
namespace {

void BindIndex(CLI::App* command, std::string* folder) {
  command->add_option("folder", *folder, "folder around runs: <run.dir>, or that of a sweep")->required();
  AddExamples(command, {{"temper index runs", "writes runs/index.html"}});
}

int IndexCommand(const std::string& folder) {
  WriteRunIndex(folder);
  std::cout << "index: " << folder << "/index.html\n";
  return kExitDone;
}

}  // namespace

void AddIndexCommand(const CommandContext& context) {
  AddCommand<std::string>(context, "index", "index.html over the runs of a folder: where each stands, its figures, its report", BindIndex,
                          IndexCommand);
}

}  // namespace temper
