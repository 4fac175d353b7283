#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cluster/spawner.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library names it
class App;
}

namespace temper {

// The subcommands of the temper program. Each returns the process's exit code and throws Error, ConfigError or ExitRequest.

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string resume = "auto";
  std::string member;  // of a config with seeds: or sweep:, name or index of one run; "" = all
  bool dry_run = false;
  int ranks = 0;  // launch and dry-run: 0 = what the config asks for
};

// One rank of the job; argc and argv go to MPI. `program_main`: the whole program, which a worker of this rank runs in a process of its
// own.
int TrainCommand(const TrainArguments& arguments, int* argc, char*** argv, WorkerMain program_main);

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

// `temper launch`, `temper launch mpirun`, `temper launch slurm`. Adds the subcommand, which sets *exit_code when it has run.
void AddLaunchCommand(CLI::App* app, int* exit_code);

// The arguments of the one run meant: --member of a config with seeds: or sweep:, or the config itself where it is a single run.
TrainArguments OneRun(const TrainArguments& arguments);

// Launches the run meant, or every run of the config one after the other: those that are finished are skipped, one that fails is told
// and the rest goes on. With --dry-run lists them. Then compares those that are done, in <run.dir>/<run.name>. Returns 0 when all are
// done, 85 when it was stopped, else the smallest code of those that failed.
// `outcome`: what a run that was launched with code 0 is.
int LaunchRuns(const TrainArguments& arguments, const std::function<int(const TrainArguments&)>& launch, const char* outcome = "done");

// Evaluates the Hugging Face folder `model` under the config, as a run <run.name>-eval of its own: no arms, no training.
int EvalCommand(const TrainArguments& arguments, const std::string& model);

struct WorkerArguments {
  std::string connect;  // a run folder, or an endpoint
  std::string role;     // rollout | reward
  uint64_t run_id = 0;  // with an endpoint
  int64_t capacity = 4;
  int local_rank = 0;  // of the rank it belongs to, on its host: picks the GPU
  std::string log;
  int rank = -1;  // that started it; -1 = joined by hand
  double heartbeat_s = 1;
  bool telemetry = true;  // tells the orchestrator what it does
  std::string run_name;   // labels of the Prometheus endpoint
  std::string metrics_address = "127.0.0.1";
  int metrics_port = 0;  // 0 = no endpoint
};
int WorkerCommand(const WorkerArguments& arguments);

// Token ids (a JSON list of lists) in, fp32 logits [tokens, vocabulary] as tensors logits.0, logits.1, ... out.
int LogitsCommand(const std::string& model, const std::string& ids_path, const std::string& out_path);

struct ConvertArguments {
  std::string model;
  std::string adapter;  // a LoRA adapter in PEFT's layout to merge; "" = none
  std::string out;
  std::string dtype;  // bf16 | fp16 | fp32; "" = as it is
  std::string shard_size = "5GB";
};
// Writes a Hugging Face folder anew: in another dtype, other shards, with an adapter merged.
int ConvertCommand(const ConvertArguments& arguments);

struct TokenizeArguments {
  std::string model;
  bool special = false;       // add what the post-processor puts around a text
  bool decode = false;        // ids in, texts out
  bool skip_special = false;  // with decode: leave special tokens out
};

// JSON strings on standard input, one a line, to JSON lists of ids on standard output; with `decode` the other way.
int TokenizeCommand(const TokenizeArguments& arguments);

// JSONL of {prompt, response[, category]} on `input` ("-" = standard input), grades as JSONL on standard output.
int GradeCommand(const std::string& policy_spec, const std::string& input);

int WorldCommand(const std::string& folder, uint64_t seed, int64_t train, int64_t eval, int64_t demonstrations, double permitted);
// Makes the folder of -o. ConfigError where nothing can be written there.
void MakeOutputFolder(const std::string& folder);
int ReportCommand(const std::string& run, const std::string& output);

struct CompareArguments {
  std::vector<std::string> paths;  // run folders, and folders around runs
  std::string output;              // folder for report.html and the like; "" = none
  std::string format = "text";     // what is printed: text | json | csv
};
// Compares runs: their figures with intervals, differences, settings that differ.
int CompareCommand(const CompareArguments& arguments);
// The run folders that paths stand for: a run's own, or every finished run right below a folder, with a note in `left_out` of the others.
std::vector<std::string> RunFoldersOf(const std::vector<std::string>& paths, std::string* left_out);
int JournalCommand(const std::string& path);
int DoctorCommand();
int ReferenceCommand();  // prints configs/reference.yaml
int MetricsCommand();    // prints docs/METRICS.md

// `temper generate`: a chat on a terminal, or prompts in and completions out. Adds the subcommand, which sets *exit_code when it has run.
void AddGenerateCommand(CLI::App* app, int* exit_code);

// `temper template`: chats in, texts out. Adds the subcommand, which sets *exit_code when it has run.
void AddTemplateCommand(CLI::App* app, int* exit_code);

// `temper index`: index.html over the runs of a folder. Adds the subcommand, which sets *exit_code when it has run.
void AddIndexCommand(CLI::App* app, int* exit_code);

// `temper status`, `top`, `trace` and `watch`: a run as its folder tells, or its job over the bus. Each adds its subcommand, which sets
// *exit_code when it has run.
void AddStatusCommand(CLI::App* app, int* exit_code);
void AddTopCommand(CLI::App* app, int* exit_code);
void AddTraceCommand(CLI::App* app, int* exit_code);
void AddWatchCommand(CLI::App* app, int* exit_code);

// Path of the running program.
std::string ProgramPath();

}  // namespace temper
