// temper probe follow: what the checkpoints of a run say of the same prompts, by the directions of the model that it began from.
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/learned/direction_drift.h"
#include "cli/learned/direction_model.h"
#include "cli/learned/directions.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/cores.h"
#include "policy/kernels/torch_version.h"

namespace temper {
namespace {

struct FollowArguments {
  std::string file;
  std::vector<std::string> models;
  PromptFiles files;
  int64_t prompt_tokens = kUsualPromptTokens;
  DriftRule rule;
  std::string out;
};

// The directions that the prompts are judged by, in the order of their kinds.
std::vector<Direction> DirectionsOf(const std::string& path) {
  const DirectionSet set = ReadDirections(path);
  std::vector<Direction> directions;
  for (const DirectionKind& kind : kDirectionKinds) {
    const Direction* found = set.Find(kind.name);
    if (found == nullptr || found->place != kind.place)
      throw ConfigError(Concat(path, ": it has no direction ", kind.name, " at its place"));
    directions.push_back(*found);
  }
  return directions;
}

std::vector<JudgedPrompts> Judge(const FollowArguments& arguments, const std::string& folder, const std::vector<Direction>& directions,
                                 const std::vector<LabelledPrompt>& rows) {
  DirectionModel model(folder, arguments.prompt_tokens);
  const TransformerConfig& config = model.transformer().config();
  const ClassSums& shape = directions.at(0).with;
  if (shape.layers != config.num_layers + 1 || shape.width != config.hidden_size)
    throw ConfigError(Concat(folder, ": ", config.num_layers, " layers of ", config.hidden_size, "; the directions of ", arguments.file,
                             " are of ", shape.layers - 1, " layers of ", shape.width));
  return JudgeHeldOut(model.stream(), directions, rows, ProgressOf(folder));
}

nlohmann::ordered_json AsJson(const DriftPoint& point) {
  nlohmann::ordered_json out = {{"model", point.model},
                                {"harm_gap", point.harm_gap},
                                {"harm_auroc", point.harm_auroc},
                                {"refusal_gap", point.refusal_gap},
                                {"refusal_auroc", point.refusal_auroc}};
  if (point.refusal_change.present) out["refusal_change"] = point.refusal_change.mean;
  if (point.refusal_change.has_interval()) out["refusal_change_interval"] = {point.refusal_change.low, point.refusal_change.high};
  return out;
}

std::string LineOf(const DriftPoint& point) {
  char line[256];
  std::snprintf(line, sizeof line, "%9.4f  %6.3f  %12.4f  %6.3f  %12.4f [%.4f, %.4f]  ", point.harm_gap, point.harm_auroc,
                point.refusal_gap, point.refusal_auroc, point.refusal_change.mean,
                point.refusal_change.has_interval() ? point.refusal_change.low : 0,
                point.refusal_change.has_interval() ? point.refusal_change.high : 0);
  return line + point.model + "\n";
}

int FollowCommand(const FollowArguments& arguments) {
  SetComputeThreads(UsableCores());
  PromptFiles files = arguments.files;
  files.held_out = 1;
  const std::vector<LabelledPrompt> rows = LoadPromptFiles(files);
  const std::vector<Direction> directions = DirectionsOf(arguments.file);
  nlohmann::ordered_json out = {{"directions", arguments.file}, {"prompts", rows.size()}};
  std::string findings;
  std::vector<JudgedPrompts> first;
  std::vector<DriftPoint> points;
  std::cout << " harm gap   AUROC   refusal gap   AUROC  change of the refusal gap  model\n";
  for (const std::string& folder : arguments.models) {
    const std::vector<JudgedPrompts> now = Judge(arguments, folder, directions, rows);
    if (points.empty()) first = now;
    points.push_back(points.empty() ? MeasureDrift(folder, first, first) : MeasureDrift(folder, first, now));
    std::cout << LineOf(points.back()) << std::flush;
    out["points"].push_back(AsJson(points.back()));
    if (const auto finding = DriftFinding(points.front(), points.back(), arguments.rule)) {
      findings += "finding: " + *finding + "\n";
      out["findings"].push_back(*finding);
    }
  }
  std::cout << findings;
  if (arguments.out.empty()) return kExitDone;
  if (const std::string problem = TryWriteFile(arguments.out, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
      !problem.empty())
    throw ConfigError(Concat("--out ", arguments.out, ": cannot be written: ", problem));
  return kExitDone;
}

void BindFollow(CLI::App* command, FollowArguments* a) {
  command->add_option("file", a->file, "directions that temper probe directions wrote, of the model that the run began from")->required();
  command->add_option("--model", a->models, "folder of a model, the run's first one first; may be given again")
      ->required()
      ->allow_extra_args(false);
  BindPromptFiles(command, &a->files, &a->prompt_tokens);
  command->add_option("--fall", a->rule.fall, "share of the refusal gap whose loss is a finding (default .2)")
      ->check(CLI::Range(0.0, 10.0));
  command->add_option("--seen-loss", a->rule.seen_loss, "of harm's AUROC, what may be lost where harm still counts as seen (default .05)")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--out", a->out, "file for the same as JSON");
  AddExamples(command,
              {{"temper probe follow directions.json --model BASE --model RUN/checkpoint --harmful bad.jsonl --harmless good.jsonl",
                "did refusal fall while harm is still seen?"}});
}

}  // namespace

void AddFollowCommand(const CommandContext& probe) {
  AddCommand<FollowArguments>(probe, "follow", "follows the directions of harm and refusal over the checkpoints of a run, with a finding",
                              BindFollow, FollowCommand);
}

}  // namespace temper
