#include "orchestrator/data/data_files.h"

#include <filesystem>

#include "cluster/base/error.h"
#include "orchestrator/config/derived.h"
#include "record/run_paths.h"
#include "world/world.h"

namespace temper {
namespace {

constexpr char kByteLevel[] = "byte_level";

// Runs of other seeds and sizes, and arms that differ in them, have worlds of their own.
std::string FolderOf(const WorldOptions& world, const std::string& run_folder) {
  return RunPaths(run_folder)
      .World(Concat("seed", world.seed, "_", world.train_prompts_per_intent, "_", world.eval_prompts_per_intent, "_", world.demonstrations,
                    "_", world.permitted_dual_use));
}

DataFiles WorldFiles(const ExperimentConfig& config, const std::string& folder) {
  DataFiles files;
  files.prompts = folder + "/prompts_train.jsonl";
  files.demonstrations = folder + "/demonstrations.jsonl";
  files.tokenizer_folder = folder;
  for (const WorldEvalSet& set : kWorldEvalSets)
    files.eval.push_back({set.name, Concat(folder, "/prompts_", set.file, ".jsonl"), set.by_default});
  files.columns.label = config.data.columns.label.empty() ? "label_keyword" : config.data.columns.label;
  files.columns.harmful_response = "harmful_response";
  files.inputs = {folder};
  return files;
}

DataFiles OwnFiles(const DataConfig& data) {
  DataFiles files;
  files.prompts = data.path;
  files.demonstrations = data.demonstrations;
  if (data.tokenizer != kByteLevel) files.tokenizer_folder = data.tokenizer;
  files.inputs = {data.path};
  if (!data.demonstrations.empty()) files.inputs.push_back(data.demonstrations);
  files.held_out_answers = data.held_out_answers;
  if (!data.held_out_answers.empty()) files.inputs.push_back(data.held_out_answers);
  for (const auto& [set, path] : data.eval) {
    files.eval.push_back({set, path});
    files.inputs.push_back(path);
  }
  for (const auto& [suite, path] : data.suites) {
    files.suites.push_back({suite, path});
    files.inputs.push_back(path);
  }
  files.eval_fraction = data.eval_fraction;
  files.columns = data.columns;
  files.bad_row_budget = data.bad_row_budget;
  files.limit = data.limit;
  return files;
}

DataFiles WorldAt(const ExperimentConfig& config, const std::string& run_folder) {
  const WorldOptions world = WorldOf(config);
  const std::string folder = FolderOf(world, run_folder);
  // Written last, so with it everything is there.
  if (!std::filesystem::exists(folder + "/tokenizer.json")) WriteWorld(world, folder);
  return WorldFiles(config, folder);
}

}  // namespace

DataFiles EnsureWorld(const ExperimentConfig& config, const std::string& run_folder) {
  DataFiles files = config.data.source == DataSource::kFiles ? OwnFiles(config.data) : WorldAt(config, run_folder);
  for (const TransformEntry& entry : config.data.transforms)
    for (const std::string& file : entry.options->Files()) files.inputs.push_back(file);
  return files;
}

}  // namespace temper
