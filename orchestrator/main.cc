// The temper program: reads the command line, runs one subcommand, maps what went wrong to an exit code. Start reading here.
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cluster/config_reader.h"
#include "cluster/error.h"
#include "cluster/log.h"
#include "cluster/process.h"
#include "cluster/process_title.h"
#include "cluster/versions.h"
#include "orchestrator/cli.h"
#include "orchestrator/metrics_export.h"
#include "policy/torch_version.h"

namespace temper {
namespace {

int ProgramMain(int argc, char** argv);

constexpr unsigned kFirstRankGrace = 5;  // seconds

// Every rank finds a mistake in the config, the first one speaks of it. Its exit makes the launcher end the others; one that left earlier
// would have the first ended before it could speak. Who is still here after a while found what the first did not, and speaks too.
void LetFirstRankSpeak() {
  if (RankFromEnvironment().rank > 0) sleep(kFirstRankGrace);
}

// What is wrong with the command line, in a line.
std::string UsageError(const CLI::App& app, const CLI::Error& error, const std::string& first_word) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty() && !first_word.empty() && first_word[0] != '-') {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
    const std::string nearest = NearestName(first_word, names);
    return Concat("temper: there is no command ", first_word, nearest.empty() ? "" : "; the nearest is " + nearest,
                  " (temper --help lists all)\n");
  }
  return Concat("temper: ", error.what(), " (see temper ", chosen.empty() ? "" : chosen[0]->get_name() + " ", "--help)\n");
}

// mpirun's way to write it; a short option has one letter.
constexpr char kRanksOption[] = "--np";

int Run(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "-np") argv[i] = const_cast<char*>(kRanksOption);
  }
  CLI::App app("Temper: distributed RL post-training for safe-completions");
  app.set_version_flag("--version", Concat("temper ", TemperVersion(), ", LibTorch ", TorchVersion(), ", NCCL ", NcclVersionText()));
  app.require_subcommand(1);
  int exit_code = kExitDone;

  TrainArguments train;
  auto* train_command = app.add_subcommand("train", "one rank of a job: mpirun -np 4 temper train CONFIG");
  AddTrainOptions(train_command, &train);
  train_command->callback([&] { exit_code = TrainCommand(OneRun(train), &argc, &argv, &ProgramMain); });
  AddLaunchCommand(&app, &exit_code);

  std::string model;
  auto* eval_command = app.add_subcommand(
      "eval", "evaluates a model folder under a config, its arms left out, into <run.dir>/<run.name>-eval: temper eval CONFIG --model DIR");
  AddTrainOptions(eval_command, &train);
  eval_command->get_option("--resume")->description("never (default: an earlier evaluation is kept aside), auto, or a checkpoint's folder");
  eval_command->add_option("--model", model, "Hugging Face folder")->required();
  eval_command->callback([&] {
    if (eval_command->count("--resume") == 0) train.resume = "never";  // the model may be another one at the same place
    exit_code = EvalCommand(train.member.empty() ? train : OneRun(train), model);
  });

  WorkerArguments worker;
  auto* worker_command = app.add_subcommand("worker", "a rollout or reward worker; started by its rank, or by hand to join a job");
  worker_command->add_option("--connect", worker.connect, "folder of a running job, or the endpoint of its bus")->required();
  worker_command->add_option("--role", worker.role, "rollout or reward")->required()->check(CLI::IsMember({"rollout", "reward"}));
  worker_command->add_option("--run-id", worker.run_id, "the run's id, with an endpoint");
  worker_command->add_option("--capacity", worker.capacity, "groups held at a time");
  worker_command->add_option("--local-rank", worker.local_rank, "picks the GPU: this number modulo the visible ones")
      ->check(CLI::NonNegativeNumber);
  worker_command->add_option("--log", worker.log, "log file");
  worker_command->add_option("--rank", worker.rank, "the rank that starts it");
  worker_command->add_option("--heartbeat-s", worker.heartbeat_s, "interval of its heartbeats (default 1)")->check(CLI::PositiveNumber);
  worker_command->add_flag("!--no-telemetry", worker.telemetry, "tell the orchestrator nothing but that it lives");
  worker_command->add_option("--metrics-port", worker.metrics_port, "port of its Prometheus endpoint (default: none)");
  worker_command->add_option("--metrics-address", worker.metrics_address, "address of its Prometheus endpoint");
  worker_command->add_option("--run-name", worker.run_name, "label run at the endpoint");
  worker_command->callback([&] { exit_code = WorkerCommand(worker); });

  AddGenerateCommand(&app, &exit_code);

  std::string ids;
  std::string logits;
  auto* logits_command = app.add_subcommand("logits", "logits of token sequences, to compare with another implementation");
  logits_command->add_option("--model", model, "Hugging Face folder")->required();
  logits_command->add_option("--ids", ids, "JSON: a list of lists of token ids")->required();
  logits_command->add_option("--out", logits, "safetensors file with logits.0, logits.1, ...")->required();
  logits_command->callback([&] { exit_code = LogitsCommand(model, ids, logits); });

  ConvertArguments convert;
  auto* convert_command =
      app.add_subcommand("convert", "writes a model folder anew: in another dtype, other shards, with an adapter merged");
  convert_command->add_option("--model", convert.model, "Hugging Face folder")->required();
  convert_command->add_option("--adapter", convert.adapter, "folder of a LoRA adapter of that model, in PEFT's layout, to merge");
  convert_command->add_option("--out", convert.out, "folder to write; a model already there is replaced")->required();
  convert_command->add_option("--dtype", convert.dtype, "of the weights (default: as they are)")
      ->check(CLI::IsMember({"bf16", "fp16", "fp32"}));
  convert_command->add_option("--shard-size", convert.shard_size, "largest weight file, e.g. 500MB (default 5GB)");
  convert_command->callback([&] { exit_code = ConvertCommand(convert); });

  AddTemplateCommand(&app, &exit_code);

  TokenizeArguments tokenize;
  auto* tokenize_command = app.add_subcommand("tokenize", "JSON strings on standard input, one a line, to JSON lists of token ids");
  tokenize_command->add_option("--model", tokenize.model, "folder with a tokenizer.json")->required();
  auto* decode = tokenize_command->add_flag("--decode", tokenize.decode, "the other way: lists of ids to strings");
  tokenize_command->add_flag("--special", tokenize.special, "add the special tokens that the file puts around a text")->excludes(decode);
  tokenize_command->add_flag("--skip-special", tokenize.skip_special, "leave special tokens out of the strings")->needs(decode);
  tokenize_command->callback([&] { exit_code = TokenizeCommand(tokenize); });

  std::string spec;
  std::string input = "-";
  auto* grade_command = app.add_subcommand("grade", "grades JSONL of {prompt, response[, category]} by a policy spec");
  grade_command->add_option("--policy", spec, "policy spec YAML")->required();
  grade_command->add_option("input", input, "file, or - for standard input");
  grade_command->callback([&] { exit_code = GradeCommand(spec, input); });

  std::string folder;
  uint64_t seed = 1;
  int64_t prompts = 4000;
  int64_t eval_prompts = 120;
  int64_t demonstrations = 8000;
  double permitted = 0.11;
  auto* world_command = app.add_subcommand("world", "writes the built-in world as JSONL and tokenizer.json");
  world_command->add_option("folder", folder, "where to")->required();
  world_command->add_option("--seed", seed, "keys the random numbers");
  world_command->add_option("--train-prompts", prompts, "RL prompts of each intent");
  world_command->add_option("--eval-prompts", eval_prompts, "prompts of each intent in each evaluation set");
  world_command->add_option("--demonstrations", demonstrations, "SFT demonstrations");
  world_command->add_option("--permitted-dual-use", permitted, "share of purposeless requests the policy spec permits");
  world_command->callback([&] { exit_code = WorldCommand(folder, seed, prompts, eval_prompts, demonstrations, permitted); });

  std::string run;
  std::string output;
  auto* report_command = app.add_subcommand("report", "report of a run (several: temper compare)");
  report_command->add_option("run", run, "run folder")->required();
  report_command->add_option("-o,--output", output, "folder to write into (default: the run's own)");
  report_command->callback([&] { exit_code = ReportCommand(run, output); });

  CompareArguments compare;
  auto* compare_command = app.add_subcommand("compare", "figures of several runs with intervals, their differences, settings that differ");
  compare_command->add_option("runs", compare.paths, "run folders, or folders of runs (of a sweep, of several seeds)")->required();
  compare_command->add_option("-o,--output", compare.output, "folder to write report.html, report.json and CSV files into");
  auto* json = compare_command->add_flag_callback(
      "--json", [&] { compare.format = "json"; }, "print JSON");
  compare_command
      ->add_flag_callback(
          "--csv", [&] { compare.format = "csv"; }, "print CSV")
      ->excludes(json);
  compare_command->callback([&] { exit_code = CompareCommand(compare); });

  AddIndexCommand(&app, &exit_code);
  AddStatusCommand(&app, &exit_code);
  AddTopCommand(&app, &exit_code);
  AddTraceCommand(&app, &exit_code);
  AddWatchCommand(&app, &exit_code);

  std::string journal;
  auto* journal_command = app.add_subcommand("journal", "checks a journal: every trajectory consumed at most once, nothing lost");
  journal_command->add_option("path", journal, "journal.bin, or an arm's folder")->required();
  journal_command->callback([&] { exit_code = JournalCommand(journal); });

  app.add_subcommand("doctor", "checks compiler, MPI, LibTorch, NCCL, shared memory, limits and GPUs")->callback([&] {
    exit_code = DoctorCommand();
  });
  app.add_subcommand("reference", "prints every config key with its default and meaning")->callback([&] {
    exit_code = ReferenceCommand();
  });

  std::string format;
  auto* export_command = app.add_subcommand("export", "writes a run's metrics for another program");
  export_command->add_option("run", run, "folder of the run")->required();
  export_command->add_option("--format", format, "csv, wandb or mlflow")->required()->check(CLI::IsMember({"csv", "wandb", "mlflow"}));
  export_command->add_option("--out", output, "folder to write into")->required();
  export_command->callback([&] { std::printf("%s", ExportMetrics(run, format, output).c_str()); });

  app.add_subcommand("metrics", "prints docs/METRICS.md: every metric with its unit, denominator and meaning")->callback([&] {
    exit_code = MetricsCommand();
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    LetFirstRankSpeak();
    const std::string first_word = argc > 1 ? argv[1] : "";
    std::fprintf(stderr, "%s", UsageError(app, error, first_word).c_str());
    return kExitConfig;
  }
  return exit_code;
}

// The whole program after main, and what a worker runs that was forked from its rank.
int ProgramMain(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const ConfigError& error) {
    LetFirstRankSpeak();
    std::fprintf(stderr, "temper: %s\n", error.what());
    return kExitConfig;
  } catch (const ExitRequest& request) {
    std::fprintf(stderr, "temper: %s\n", request.what());
    return request.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "temper: error: %s\n", error.what());
    return kExitRetry;
  }
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  temper::KeepProcessTitle(argc, argv);
  // Ranks that wait must yield their core: MPI reads this when it is initialised.
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  return temper::ProgramMain(argc, argv);
}
