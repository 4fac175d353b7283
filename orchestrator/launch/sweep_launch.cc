#include "orchestrator/launch/sweep_launch.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/printable.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/job/start_checks.h"
#include "record/run_json.h"
#include "record/run_paths.h"

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

// What became of the runs that were launched.
struct SweepEnd {
  std::vector<std::string> states;  // of each run, in words
  std::optional<int> stopped;       // the code to leave with, where the user stopped it
  int failed = kExitDone;           // the smallest code of those that failed
};

// A run that is refused before it starts has failed, like one that ends with that code.
int LaunchOne(const SweepLaunch& how, const TrainArguments& arguments) {
  try {
    return how.launch(arguments);
  } catch (const ConfigError& error) {
    std::fprintf(stderr, "temper: %s\n", PrintableText(error.what()).c_str());
    return kExitConfig;
  }
}

// Launches those that are not done yet.
SweepEnd LaunchEach(const Sweep& sweep, const TrainArguments& arguments, const SweepLaunch& how) {
  SweepEnd end;
  end.states.assign(sweep.runs.size(), "not started");
  for (size_t i = 0; i < sweep.runs.size(); ++i) {
    const SweepRun& run = sweep.runs[i];
    if (arguments.resume != "never" && IsFinished(run, arguments.config, arguments.overrides)) {
      end.states[i] = "done before";
      continue;
    }
    std::printf("temper launch: run %zu of %zu, %s: %s\n", i + 1, sweep.runs.size(), run.name.c_str(), SettingsText(run).c_str());
    std::fflush(stdout);
    const int code = LaunchOne(how, ArgumentsOf(arguments, run));
    end.states[i] = code == kExitDone ? how.outcome : Concat("failed with exit code ", code);
    if (code == kExitPreempted || StopRequested()) {
      if (code == kExitPreempted) end.states[i] = "stopped";
      end.stopped = code == kExitDone ? static_cast<int>(kExitPreempted) : code;
      return end;
    }
    if (code == kExitDone) continue;
    end.failed = end.failed == kExitDone ? code : std::min(end.failed, code);
    const std::string logs = RunPaths(run.folder).LatestLogs();
    const std::string see = fs::exists(logs) ? ", see " + logs : "";  // a run that is refused at its start has no logs
    std::fprintf(stderr, "temper launch: run %s failed with exit code %d%s; going on with the next\n", run.name.c_str(), code, see.c_str());
  }
  return end;
}

void ListRuns(const Sweep& sweep, const TrainArguments& arguments) {
  CheckEach(sweep, arguments);
  std::vector<std::string> states;
  for (const SweepRun& run : sweep.runs) states.emplace_back(IsFinished(run, arguments.config, arguments.overrides) ? "done" : "");
  PrintRuns(sweep, states);
}

}  // namespace

TrainArguments OneRun(const TrainArguments& arguments) {
  const Sweep sweep = ExpandSweep(arguments.config, arguments.overrides);
  if (!arguments.member.empty()) return ArgumentsOf(arguments, FindRun(sweep, arguments.member));
  if (sweep.runs.empty()) return arguments;
  throw ConfigError(Concat(arguments.config, ": seeds: and sweep: make this ", sweep.runs.size(), " runs; choose one with --member (0 to ",
                           sweep.runs.size() - 1, ", or its name), or run them all with  temper launch ", arguments.config));
}

int LaunchRuns(const TrainArguments& arguments, const SweepLaunch& how) {
  const Sweep sweep = ExpandSweep(arguments.config, arguments.overrides);
  if (!arguments.member.empty()) return how.launch(ArgumentsOf(arguments, FindRun(sweep, arguments.member)));
  if (sweep.runs.empty()) return how.launch(arguments);
  if (arguments.resume != "auto" && arguments.resume != "never")
    throw ConfigError(Concat("--resume ", arguments.resume, " is a checkpoint of one run; say which with --member"));
  if (arguments.dry_run) {
    ListRuns(sweep, arguments);
    return kExitDone;
  }
  if (IsRunFolder(sweep.folder))
    throw ConfigError(
        Concat(sweep.folder, " is the folder of a single run; give the runs of seeds: and sweep: another one with run.name=..."));
  const SweepEnd end = LaunchEach(sweep, arguments, how);
  std::printf("\n");
  PrintRuns(sweep, end.states);
  if (how.after) how.after(sweep, end.stopped.has_value());
  return end.stopped ? *end.stopped : end.failed;
}

}  // namespace temper
