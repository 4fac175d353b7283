// temper probe cliff: how a refusal probe's score runs along answers, and which heads hold it back.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/learned/cliff_probe.h"
#include "cli/learned/directions.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/printable.h"
#include "cluster/host/cores.h"
#include "policy/kernels/torch_version.h"
#include "reward/classifier/labelled_rows.h"

namespace temper {
namespace {

struct CliffArguments {
  std::string model;
  PromptFiles files;
  int64_t prompt_tokens = kUsualPromptTokens;
  std::vector<std::string> answers;
  LabelColumns columns;
  int64_t head_texts = 4;
  std::string out;
};

template <typename... Values>
std::string CliffLine(const char* format, Values... values) {
  char line[160];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

// The beginning of somebody's text, as a terminal may have it.
std::string OneLine(const std::string& text) {
  std::string line = PrintableText(text.substr(0, 60));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::vector<ScoredText> TextsOf(const CliffArguments& arguments) {
  std::vector<ScoredText> texts;
  for (LabelledRow& row : LoadLabelledRows(arguments.answers, arguments.columns, {}).rows)
    texts.push_back({std::move(row.prompt), std::move(row.answer)});
  return texts;
}

void AddHeads(const CliffArguments& arguments, const CliffProbe& probe, std::vector<ScoredText> texts, nlohmann::ordered_json* out) {
  if (static_cast<int64_t>(texts.size()) > arguments.head_texts) texts.resize(static_cast<size_t>(arguments.head_texts));
  if (texts.empty()) return;
  double before = 0;
  for (const ScoredText& text : texts) before += probe.Scores(text).back() / static_cast<double>(texts.size());
  const std::vector<HeadEffect> effects = probe.Heads(texts, ProgressOf("heads"));
  std::cout << CliffLine("\nmean final score of %zu texts %.4f; with one head scaled to 0.001, the highest first\n", texts.size(), before);
  for (size_t i = 0; i < effects.size(); ++i) {
    const HeadEffect& effect = effects[i];
    if (i < 10)
      std::cout << CliffLine("  layer %lld head %lld  %.4f  %+.4f\n", static_cast<long long>(effect.place.layer),
                             static_cast<long long>(effect.place.head), effect.final_score, effect.final_score - before);
    (*out)["heads"].push_back({{"layer", effect.place.layer}, {"head", effect.place.head}, {"final_score", effect.final_score}});
  }
}

int CliffCommand(const CliffArguments& arguments) {
  SetComputeThreads(UsableCores());
  PromptFiles files = arguments.files;
  files.held_out = 1;  // the probe keeps its own fifth
  const std::vector<LabelledPrompt> rows = LoadPromptFiles(files);
  const std::vector<ScoredText> texts = TextsOf(arguments);
  const DirectionModel model(arguments.model, arguments.prompt_tokens);
  const CliffProbe probe(model, rows, ProgressOf("probe"));
  nlohmann::ordered_json out = {{"probe_accuracy", probe.held_out_accuracy()}, {"probe_held_out", probe.held_out()}};
  std::cout << CliffLine("probe: accuracy %.3f on %zu held-out prompts\n plateau   final    drop  text\n", probe.held_out_accuracy(),
                         probe.held_out());
  for (const ScoredText& text : texts) {
    const std::vector<double> scores = probe.Scores(text);
    const Cliff cliff = CliffOf(scores);
    std::cout << CliffLine("%8.4f %7.4f %7.4f  ", cliff.plateau, cliff.final_score, cliff.drop()) << OneLine(text.prompt) << "\n";
    out["texts"].push_back(
        {{"prompt", text.prompt}, {"plateau", cliff.plateau}, {"final", cliff.final_score}, {"drop", cliff.drop()}, {"scores", scores}});
  }
  AddHeads(arguments, probe, texts, &out);
  if (const std::string problem = TryWriteFile(arguments.out, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
      !problem.empty())
    throw ConfigError(Concat("--out ", arguments.out, ": cannot be written: ", problem));
  return kExitDone;
}

void BindCliff(CLI::App* command, CliffArguments* a) {
  a->columns.prompt = "prompt";
  a->columns.text = "response";
  command->add_option("--model", a->model, "Hugging Face folder of the model")->required();
  BindPromptFiles(command, &a->files, &a->prompt_tokens);
  command->add_option("--answers", a->answers, ".csv, .jsonl or .json file of prompts with the model's reasoning; may be given again")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--prompt-column", a->columns.prompt, "their column of the prompt (default prompt)");
  command->add_option("--text-column", a->columns.text, "their column of the reasoning or answer (default response)");
  command->add_option("--head-texts", a->head_texts, "texts that every head is scaled down for (default 4; 0 = no heads)")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--out", a->out, "file for scores by token and heads, as JSON")->required();
  AddExamples(command,
              {{"temper probe cliff --model MODEL --harmful bad.jsonl --harmless good.jsonl --answers thoughts.jsonl --out cliff.json",
                "where along its reasoning the model stops refusing, and which heads do that"}});
}

}  // namespace

void AddCliffCommand(const CommandContext& probe) {
  AddCommand<CliffArguments>(probe, "cliff", "a refusal probe's score along answers: plateau, drop, and the heads behind it", BindCliff,
                             CliffCommand);
}

}  // namespace temper
