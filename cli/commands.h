#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cluster/host/spawner.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library names it
class App;
}

namespace temper {

// The subcommands of the temper program, each in its cli_<name>.cc. Each function adds one, which sets *exit_code when it has run and
// throws Error, ConfigError or ExitRequest.

// One rank of the job; argc and argv go to MPI. `program_main`: the whole program, which a worker of this rank runs in a process of its
// own.
void AddTrainCommand(CLI::App* app, int* exit_code, int* argc, char*** argv, WorkerMain program_main);
void AddLaunchCommand(CLI::App* app, int* exit_code);  // on this host, on several, by Slurm
void AddEvalCommand(CLI::App* app, int* exit_code);
void AddWorkerCommand(CLI::App* app, int* exit_code);

// A model: completions, logits, its folder anew, its chat template, its tokens.
void AddGenerateCommand(CLI::App* app, int* exit_code);
void AddLogitsCommand(CLI::App* app, int* exit_code);
void AddConvertCommand(CLI::App* app, int* exit_code);
void AddTemplateCommand(CLI::App* app, int* exit_code);
void AddTokenizeCommand(CLI::App* app, int* exit_code);

// Grades and data.
void AddGradeCommand(CLI::App* app, int* exit_code);
void AddWorldCommand(CLI::App* app, int* exit_code);

// A run, or its job while it runs.
void AddStatusCommand(CLI::App* app, int* exit_code);
void AddTopCommand(CLI::App* app, int* exit_code);
void AddTraceCommand(CLI::App* app, int* exit_code);
void AddWatchCommand(CLI::App* app, int* exit_code);
void AddReportCommand(CLI::App* app, int* exit_code);
void AddCompareCommand(CLI::App* app, int* exit_code);
void AddIndexCommand(CLI::App* app, int* exit_code);
void AddJournalCommand(CLI::App* app, int* exit_code);
void AddExportCommand(CLI::App* app, int* exit_code);

// The program itself: the machine, every config key, every metric.
void AddDoctorCommand(CLI::App* app, int* exit_code);
void AddReferenceCommand(CLI::App* app, int* exit_code);
void AddMetricsCommand(CLI::App* app, int* exit_code);

// What the commands share.

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string resume = "auto";
  std::string member;  // of a config with seeds: or sweep:, name or index of one run; "" = all
  bool dry_run = false;
  int ranks = 0;  // launch and dry-run: 0 = what the config asks for
};
void AddTrainOptions(CLI::App* command, TrainArguments* arguments, bool config_required = true);

// Starts mpirun with the config's ranks and, by the exit-code contract, starts it again from the last checkpoint.
struct LaunchArguments {
  TrainArguments train;
  bool hosts = false;    // on the hosts of `hostfile`, or of Slurm's allocation; else all ranks here
  std::string hostfile;  // "" = none
};
int LaunchCommand(const LaunchArguments& arguments);

// Renders an sbatch script of the job, or of workers that join one, and submits it.
struct SlurmArguments {
  TrainArguments train;
  bool workers_only = false;
  std::string connect;  // with workers_only: the run folder of the job they join
};
int SlurmCommand(const SlurmArguments& arguments);

// The arguments of the one run meant: --member of a config with seeds: or sweep:, or the config itself where it is a single run.
TrainArguments OneRun(const TrainArguments& arguments);

// Launches the run meant, or every run of the config one after the other: those that are finished are skipped, one that fails is told
// and the rest goes on. With --dry-run lists them. Then compares those that are done, in <run.dir>/<run.name>. Returns 0 when all are
// done, 85 when it was stopped, else the smallest code of those that failed.
// `outcome`: what a run that was launched with code 0 is.
int LaunchRuns(const TrainArguments& arguments, const std::function<int(const TrainArguments&)>& launch, const char* outcome = "done");

// The run folders that paths stand for: a run's own, or every finished run right below a folder, with a note in `left_out` of the others.
std::vector<std::string> RunFoldersOf(const std::vector<std::string>& paths, std::string* left_out);

// Makes the folder of -o. ConfigError where nothing can be written there.
void MakeOutputFolder(const std::string& folder);

// Path of the running program.
std::string ProgramPath();

}  // namespace temper
