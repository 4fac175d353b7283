#include "orchestrator/launch/sweep.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "orchestrator/job/start_checks.h"
#include "orchestrator/launch/mpirun.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "views/compare/comparison.h"
#include "views/index/run_index.h"
#include "views/report/report.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

TrainArguments ArgumentsOf(TrainArguments arguments, const SweepRun& run) {
  arguments.overrides.insert(arguments.overrides.end(), run.overrides.begin(), run.overrides.end());
  arguments.member.clear();
  return arguments;
}

std::string SettingsText(const SweepRun& run) {
  std::string text;
  for (const auto& [key, value] : run.settings) text += Concat(text.empty() ? "" : " ", key, "=", value);
  return text;
}

// A line a run: index, name, settings, state.
void PrintRuns(const Sweep& sweep, const std::vector<std::string>& states) {
  size_t width = 0;
  for (const SweepRun& run : sweep.runs) width = std::max(width, run.name.size());
  std::printf("%zu runs in %s\n", sweep.runs.size(), sweep.folder.c_str());
  for (size_t i = 0; i < sweep.runs.size(); ++i) {
    const SweepRun& run = sweep.runs[i];
    const std::string state = states[i].empty() ? "" : "  " + states[i];
    std::printf("  %3zu  %-*s  %s%s\n", i, static_cast<int>(width), run.name.c_str(), SettingsText(run).c_str(), state.c_str());
  }
  std::fflush(stdout);
}

// What a start of each would refuse, with the run's name.
void CheckEach(const Sweep& sweep, const TrainArguments& arguments) {
  std::string errors;
  for (const SweepRun& run : sweep.runs) {
    try {
      CheckInputs(LoadExperiment(arguments.config, ArgumentsOf(arguments, run).overrides), arguments.resume);
    } catch (const ConfigError& error) {
      errors += Concat(errors.empty() ? "" : "\n", "run ", run.name, ": ", error.what());
    }
  }
  if (!errors.empty()) throw ConfigError(errors);
}

// Launches those that are not done yet; what became of each. `stopped`: the code to leave with, where the user stopped it.
std::vector<std::string> LaunchEach(const Sweep& sweep, const TrainArguments& arguments,
                                    const std::function<int(const TrainArguments&)>& launch, const char* outcome,
                                    std::optional<int>* stopped, int* failed) {
  std::vector<std::string> states(sweep.runs.size(), "not started");
  for (size_t i = 0; i < sweep.runs.size(); ++i) {
    const SweepRun& run = sweep.runs[i];
    if (arguments.resume != "never" && IsFinished(run, arguments.config, arguments.overrides)) {
      states[i] = "done before";
      continue;
    }
    std::printf("temper launch: run %zu of %zu, %s: %s\n", i + 1, sweep.runs.size(), run.name.c_str(), SettingsText(run).c_str());
    std::fflush(stdout);
    const int code = launch(ArgumentsOf(arguments, run));
    states[i] = code == kExitDone ? outcome : Concat("failed with exit code ", code);
    if (code == kExitPreempted || NumStopSignals() > 0) {
      if (code == kExitPreempted) states[i] = "stopped";
      *stopped = code == kExitDone ? static_cast<int>(kExitPreempted) : code;
      return states;
    }
    if (code == kExitDone) continue;
    *failed = *failed == kExitDone ? code : std::min(*failed, code);
    std::fprintf(stderr, "temper launch: run %s failed with exit code %d, see %s; going on with the next\n", run.name.c_str(), code,
                 RunPaths(run.folder).LatestLogs().c_str());
  }
  return states;
}

// The report over those that have one of their own.
void CompareDone(const Sweep& sweep) {
  std::vector<RunRecord> records;
  for (const SweepRun& run : sweep.runs) {
    if (fs::exists(RunPaths(run.folder).Report().Json())) records.push_back(ReadRunRecord(run.folder));
  }
  if (records.size() < 2) return;
  const std::string table = WriteComparisonReport(records, sweep.folder);
  std::printf("\n%s\nreport: %s\n", table.c_str(), ReportPaths(sweep.folder).Html().c_str());
}

// The launcher alone writes it, when its runs are over: no job waits for it or can fail by it.
void IndexRuns(const Sweep& sweep) {
  try {
    if (fs::is_directory(sweep.folder)) WriteRunIndex(sweep.folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "temper launch: no index.html over the runs: %s\n", error.what());
  }
}

}  // namespace

TrainArguments OneRun(const TrainArguments& arguments) {
  const Sweep sweep = ExpandSweep(arguments.config, arguments.overrides);
  if (!arguments.member.empty()) return ArgumentsOf(arguments, FindRun(sweep, arguments.member));
  if (sweep.runs.empty()) return arguments;
  throw ConfigError(Concat(arguments.config, ": seeds: and sweep: make this ", sweep.runs.size(), " runs; choose one with --member (0 to ",
                           sweep.runs.size() - 1, ", or its name), or run them all with  temper launch ", arguments.config));
}

int LaunchRuns(const TrainArguments& arguments, const std::function<int(const TrainArguments&)>& launch, const char* outcome) {
  const Sweep sweep = ExpandSweep(arguments.config, arguments.overrides);
  if (!arguments.member.empty()) return launch(ArgumentsOf(arguments, FindRun(sweep, arguments.member)));
  if (sweep.runs.empty()) return launch(arguments);
  if (arguments.resume != "auto" && arguments.resume != "never")
    throw ConfigError(Concat("--resume ", arguments.resume, " is a checkpoint of one run; say which with --member"));
  if (arguments.dry_run) {
    CheckEach(sweep, arguments);
    std::vector<std::string> states;
    for (const SweepRun& run : sweep.runs) states.emplace_back(IsFinished(run, arguments.config, arguments.overrides) ? "done" : "");
    PrintRuns(sweep, states);
    return kExitDone;
  }
  if (IsRunFolder(sweep.folder))
    throw ConfigError(
        Concat(sweep.folder, " is the folder of a single run; give the runs of seeds: and sweep: another one with run.name=..."));
  std::optional<int> stopped;
  int failed = kExitDone;
  const std::vector<std::string> states = LaunchEach(sweep, arguments, launch, outcome, &stopped, &failed);
  std::printf("\n");
  PrintRuns(sweep, states);
  if (!stopped) CompareDone(sweep);
  IndexRuns(sweep);
  return stopped ? *stopped : failed;
}

}  // namespace temper
