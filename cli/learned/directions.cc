// temper probe directions: harmfulness and refusal as directions of a model's residual stream, and Latent Guard on them.
#include "cli/learned/directions.h"

#include <charconv>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "cli/learned/direction_model.h"
#include "cli/learned/direction_report.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/cores.h"
#include "policy/directions/steering.h"
#include "policy/formats/folder_hash.h"
#include "policy/kernels/torch_version.h"

namespace temper {
namespace {

struct DirectionArguments {
  PromptFiles files;
  std::string model;
  int64_t prompt_tokens = kUsualPromptTokens;
  double alpha = 0;
  std::vector<std::string> parts;   // files of directions whose sums are added
  std::vector<std::string> ablate;  // NAME[:LAYER]
  std::string out;
};

// A direction that is projected out, by its place in kDirectionKinds.
struct AskedAblation {
  std::string text;
  size_t kind = 0;
  int64_t layer = -1;  // -1 = each layer's own
};

AskedAblation ParseAblation(const std::string& text, int64_t last_layer) {
  const size_t colon = text.find(':');
  AskedAblation asked{text};
  if (colon != std::string::npos) {
    const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
    const auto [at, error] = std::from_chars(begin, end, asked.layer);
    if (error != std::errc() || at != end || asked.layer < 0 || asked.layer > last_layer)
      throw ConfigError(Concat("--ablate ", text, ": expected NAME[:LAYER], a layer from 0 to ", last_layer));
  }
  for (; asked.kind < std::size(kDirectionKinds); ++asked.kind)
    if (text.substr(0, colon) == kDirectionKinds[asked.kind].name) return asked;
  throw ConfigError(Concat("--ablate ", text, ": the directions are harm and refusal"));
}

// What the model says of its prompts when one of the directions is projected out of it.
void Ablate(const AskedAblation& asked, const std::vector<Direction>& directions, const std::vector<LabelledPrompt>& rows,
            DirectionModel* model, DirectionReport* report) {
  Transformer& transformer = model->transformer();
  transformer.SetResidualEdit(AblateDirection(directions.at(asked.kind), asked.layer, transformer));
  const std::vector<Direction> again =
      LearnDirections(model->stream(), transformer.config(), rows, ProgressOf(Concat(asked.text, " ablated")));
  const PromptProgress progress = ProgressOf(Concat(asked.text, " ablated, held out"));
  report->AddAblation(asked.text, JudgeHeldOut(model->stream(), directions, rows, progress),
                      JudgeHeldOut(model->stream(), again, rows, progress));
  transformer.SetResidualEdit(nullptr);
}

int DirectionsCommand(const DirectionArguments& arguments) {
  SetComputeThreads(UsableCores());
  const std::vector<LabelledPrompt> rows = LoadPromptFiles(arguments.files);
  DirectionModel model(arguments.model, arguments.prompt_tokens);
  std::vector<AskedAblation> ablations;
  for (const std::string& each : arguments.ablate) ablations.push_back(ParseAblation(each, model.transformer().config().num_layers));
  const Stopwatch watch;
  DirectionSet set{HashOfHfFolder(arguments.model), std::filesystem::weakly_canonical(arguments.model).filename(),
                   LearnDirections(model.stream(), model.transformer().config(), rows, ProgressOf("class means"))};
  for (const std::string& part : arguments.parts) set.Merge(ReadDirections(part), part);
  const std::vector<JudgedPrompts> judged = JudgeHeldOut(model.stream(), set.directions, rows, ProgressOf("held out"));
  for (size_t k = 0; k < judged.size(); ++k) set.directions[k].best_layer = BestLayer(judged[k], set.directions[k].with.layers);
  const double seconds = watch.Seconds();
  DirectionReport report(rows, set.directions, judged, arguments.alpha);
  report.AddTable();
  report.AddGuards();
  for (const AskedAblation& each : ablations) Ablate(each, set.directions, rows, &model, &report);
  nlohmann::ordered_json more = report.json();
  more["seconds"] = seconds;
  more["prompts"] = rows.size();
  if (const std::string problem = TryWriteFile(arguments.out, DirectionsAsJson(set, more)); !problem.empty())
    throw ConfigError(Concat("--out ", arguments.out, ": cannot be written: ", problem));
  std::cout << report.text() << "\nwrote " << arguments.out << ": directions of " << set.model_name << " from " << rows.size()
            << " prompts in " << static_cast<int>(seconds) << " s\n";
  return kExitDone;
}

void BindDirections(CLI::App* command, DirectionArguments* a) {
  command->add_option("--model", a->model, "Hugging Face folder of the model")->required();
  BindPromptFiles(command, &a->files, &a->prompt_tokens);
  const auto files = [&](const char* name, std::vector<std::string>* to, const char* help) {
    command->add_option(name, *to, help)->allow_extra_args(false);
  };
  files("--part", &a->parts, "a file of directions by another call over other prompts, whose class sums are added; may be given again");
  files("--ablate", &a->ablate,
        "NAME[:LAYER]: measure once more with this direction (harm or refusal) projected out of the residual stream, that of one layer or "
        "each layer's own; may be given again");
  command->add_option("--held-out", a->files.held_out, "share of the prompts that figures are measured on (default .3)")
      ->check(CLI::Range(0.01, 0.99));
  command->add_option("--alpha", a->alpha, "Delta from which on a prompt is called harmful (default 0)")->check(CLI::Range(-2.0, 2.0));
  command->add_option("--out", a->out, "file for the directions and the figures, as JSON")->required();
  AddExamples(command, {{"temper probe directions --model MODEL --harmful bad.jsonl --harmless good.jsonl --out directions.json",
                         "directions, their cosine by layer, Latent Guard beside TF-IDF"},
                        {"temper probe directions --model MODEL --harmful xstest.csv:prompt:label=unsafe --harmless "
                         "xstest.csv:prompt:label=safe --ablate refusal --out directions.json",
                         "does the model still see harm when refusal is taken out of it?"}});
}

}  // namespace

void AddDirectionsCommand(const CommandContext& probe) {
  AddCommand<DirectionArguments>(probe, "directions",
                                 "directions of harmfulness and refusal by layer, and Latent Guard on held-out prompts", BindDirections,
                                 DirectionsCommand);
}

}  // namespace temper
