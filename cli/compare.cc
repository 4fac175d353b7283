// temper compare: figures of several runs with intervals, their differences, settings that differ.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "cli/output_folder.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/job_status.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "views/compare/comparison.h"
#include "views/index/run_index.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

struct CompareArguments {
  std::vector<std::string> paths;  // run folders, and folders around runs
  std::string output;              // folder for report.html and the like; "" = none
  std::string format = "text";     // what is printed: text | json | csv
};

void AddRunsBelow(const std::string& folder, std::vector<std::string>* runs, std::string* left_out) {
  if (!fs::is_directory(folder))
    throw ConfigError(Concat(folder, ": no such folder; give run folders, <run.dir>/<run.name>, or one around runs"));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (IsRunFolder(entry.path()) && !IsSetAside(name)) names.push_back(name);
  }
  if (names.empty()) throw ConfigError(Concat(folder, ": neither a run nor a folder of runs; a run's folder has a run.json"));
  std::sort(names.begin(), names.end(), NaturallyBefore);
  for (const std::string& name : names) {
    const std::string run = folder + "/" + name;
    if (IsDone(run)) {
      runs->push_back(run);
    } else {
      *left_out += Concat("left out, not done yet: ", run, "\n");
    }
  }
}

// The run folders that paths stand for: a run's own, or every finished run right below a folder, with a note in `left_out` of the others.
std::vector<std::string> RunFoldersOf(const std::vector<std::string>& paths, std::string* left_out) {
  std::vector<std::string> runs;
  for (std::string path : paths) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (IsRunFolder(path)) {
      runs.push_back(path);
    } else {
      AddRunsBelow(path, &runs, left_out);
    }
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (fs::equivalent(runs[i], runs[j])) throw ConfigError(Concat(runs[i], ": given twice"));
    }
  }
  if (runs.empty()) throw ConfigError(*left_out + "no finished run to compare");
  return runs;
}

int CompareCommand(const CompareArguments& arguments) {
  std::string left_out;
  std::vector<RunRecord> records;
  for (const std::string& run : RunFoldersOf(arguments.paths, &left_out)) records.push_back(ReadRunRecord(run));
  std::cerr << left_out;
  const RunsComparison comparison = CompareRuns(records);
  std::cout << (arguments.format == "json"  ? RenderJson(comparison)
                : arguments.format == "csv" ? RenderCsv(comparison)
                                            : RenderText(comparison));
  if (arguments.output.empty()) return kExitDone;
  MakeOutputFolder(arguments.output);
  WriteComparisonReport(records, arguments.output);
  std::cerr << "report: " << ReportPaths(arguments.output).Html() << "\n";
  return kExitDone;
}

void BindCompare(CLI::App* command, CompareArguments* arguments) {
  command->add_option("runs", arguments->paths, "run folders, or folders of runs (of a sweep, of several seeds)")->required();
  command->add_option("-o,--output", arguments->output, "folder to write report.html, report.json and CSV files into");
  const auto print = [arguments](const char* format) { return [arguments, format] { arguments->format = format; }; };
  auto* json = command->add_flag_callback("--json", print("json"), "print JSON");
  command->add_flag_callback("--csv", print("csv"), "print CSV")->excludes(json);
  AddExamples(command, {{"temper compare runs/one runs/two -o comparison", "writes a page that compares two runs"},
                        {"temper compare runs/safe_vs_refusal --csv", "figures of all runs of a folder"}});
}

}  // namespace

void AddCompareCommand(const CommandContext& context) {
  AddCommand<CompareArguments>(context, "compare", "figures of several runs with intervals, their differences, settings that differ",
                               BindCompare, CompareCommand);
}

}  // namespace temper
