// temper import: what other platforms have, as a job that Temper runs.
#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "reward/openai/rft_import.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

struct RftArguments {
  std::string job, data, validation, model, out;
};

void BindRft(CLI::App* command, RftArguments* arguments) {
  command->add_option("job", arguments->job, "JSON of a reinforcement fine-tuning job (method.reinforcement.grader), or of a grader")
      ->required();
  command->add_option("data", arguments->data, "its training file: JSONL of {messages, ...}")->required();
  command->add_option("--validation", arguments->validation, "its validation file; without one a tenth of the training file is held out");
  command->add_option("--model", arguments->model, "folder of the model to train (Hugging Face); without one a small model from nothing");
  command->add_option("--out", arguments->out, "folder to write into; it must not be there")->required();
  AddExamples(command, {{"temper import openai-rft job.json train.jsonl --model my_model --out imported",
                         "writes imported/job.yaml, and what it names; temper launch imported/job.yaml runs it"}});
}

std::string DataOf(const std::string& path) {
  return path.empty() ? "" : ReadUserFile(path, {.what = "the data", .max_bytes = uint64_t{4} << 30});
}

int RftCommand(const RftArguments& arguments) {
  RftFiles files{.job = ReadUserFile(arguments.job, {.what = "the job", .max_bytes = 1 << 20}),
                 .job_path = arguments.job,
                 .data = DataOf(arguments.data),
                 .data_path = arguments.data,
                 .validation = DataOf(arguments.validation),
                 .validation_path = arguments.validation,
                 .model = arguments.model.empty() ? "" : fs::absolute(arguments.model).lexically_normal().string()};
  const ImportedRun run = ImportRft(files);
  if (fs::exists(arguments.out)) throw ConfigError(Concat(arguments.out, ": exists already; name a new folder"));
  fs::create_directories(arguments.out);
  for (const ImportedRun::File& file : run.files) WriteFile(fs::path(arguments.out) / file.name, file.text);
  std::cout << "wrote " << arguments.out << ": " << run.rows << " rows";
  for (const ImportedRun::File& file : run.files) std::cout << ", " << file.name;
  std::cout << "\n";
  for (const std::string& note : run.notes) std::cout << "- " << note << "\n";
  std::cout << "run it: temper launch " << (fs::path(arguments.out) / "job.yaml").string() << "\n";
  return kExitDone;
}

}  // namespace

void AddImportCommand(const CommandContext& context) {
  CommandContext below = context;
  below.app = context.app->add_subcommand("import", "makes a job that Temper runs of what another platform has");
  below.app->require_subcommand(1);
  AddExamples(below.app, {{"temper import openai-rft --help", "how a job of OpenAI's is imported"}});
  AddCommand<RftArguments>(below, "openai-rft", "makes a job of OpenAI's reinforcement fine-tuning: its grader and its data", BindRft,
                           RftCommand);
}

}  // namespace temper
