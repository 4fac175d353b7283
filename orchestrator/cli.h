#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
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

// One rank of the job; argc and argv go to MPI.
int TrainCommand(const TrainArguments& arguments, int* argc, char*** argv);

// Starts mpirun with the config's ranks and, by the exit-code contract, starts it again from the last checkpoint.
int LaunchCommand(const TrainArguments& arguments);

// The arguments of the one run meant: --member of a config with seeds: or sweep:, or the config itself where it is a single run.
TrainArguments OneRun(const TrainArguments& arguments);

// Launches the run meant, or every run of the config one after the other: those that are finished are skipped, one that fails is told
// and the rest goes on. With --dry-run lists them. Then compares those that are done, in <run.dir>/<run.name>. Returns 0 when all are
// done, 85 when it was stopped, else the smallest code of those that failed.
int LaunchRuns(const TrainArguments& arguments, const std::function<int(const TrainArguments&)>& launch);

// Evaluates the Hugging Face folder `model` under the config, as a run <run.name>-eval of its own: no arms, no training.
int EvalCommand(const TrainArguments& arguments, const std::string& model);

struct WorkerArguments {
  std::string connect;
  std::string role;  // rollout | reward
  uint64_t run_id = 0;
  int64_t capacity = 4;
  std::string log;
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

// `temper generate`: a chat on a terminal, or prompts in and completions out. Adds the subcommand, which sets *exit_code when it has run.
void AddGenerateCommand(CLI::App* app, int* exit_code);

// `temper template`: chats in, texts out. Adds the subcommand, which sets *exit_code when it has run.
void AddTemplateCommand(CLI::App* app, int* exit_code);

// Path of the running program.
std::string ProgramPath();

}  // namespace temper
