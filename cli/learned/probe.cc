// temper probe: trains a head on the hidden states of a frozen model from labelled texts, and measures it.
#include "reward/probe/probe.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/learned/classifier_figures.h"
#include "cli/learned/classifier_options.h"
#include "cli/learned/directions.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utc_time.h"
#include "cluster/host/cores.h"
#include "policy/kernels/torch_version.h"
#include "reward/classifier/sources.h"
#include "reward/probe/feature_cache.h"
#include "reward/probe/train.h"

namespace temper {
namespace {

// What names the model and its features, and where they are kept.
struct ModelArguments {
  std::string folder;
  std::string cache;
};

struct ProbeTrainArguments {
  LabelArguments labels;
  ModelArguments model;
  std::string features;
  std::string layout = "plain";
  FeatureOptions lengths;
  bool ordinal = false, multiclass = false, no_balance = false;
  std::vector<std::string> classes;
  std::string calibration = "platt";
  double c = 0;
  std::string held_out;
  std::string out;
};

struct ProbeEvalArguments {
  std::string file;
  LabelArguments labels;
  ModelArguments model;
  std::string out;
};

void WriteOut(const std::string& option, const std::string& path, const std::string& bytes) {
  if (const std::string problem = TryWriteFile(path, bytes); !problem.empty())
    throw ConfigError(Concat(option, " ", path, ": cannot be written: ", problem));
}

std::string ProbeSourceOf(const LabelledRow& row) { return row.source; }

FeatureRun RunModel(const ModelArguments& model, const FeatureOptions& features, const std::vector<LabelledRow>& rows) {
  SetComputeThreads(UsableCores());
  std::vector<ProbeText> texts;
  for (const LabelledRow& row : rows) texts.push_back({row.prompt, row.answer});
  const Stopwatch watch;
  FeatureRun run = ComputeFeatures(model.folder, features, model.cache, texts, [&](size_t done, size_t missing) {
    std::cerr << "features of " << done << " of " << missing << " texts, " << static_cast<int>(watch.Seconds()) << " s\n";
  });
  std::cerr << texts.size() - run.computed << " of " << texts.size() << " texts had their features in the cache\n";
  return run;
}

ProbeOptions OptionsOf(const ProbeTrainArguments& arguments, const std::vector<LabelledRow>& rows) {
  ProbeOptions options;
  options.classes = arguments.classes.empty() ? ClassesOf(rows) : arguments.classes;
  if (options.classes.size() < 2 || options.classes.size() > kMaxClasses)
    throw ConfigError(Concat("there are ", options.classes.size(), " different labels; a probe has 2 to ", kMaxClasses, " classes"));
  const bool binary = options.classes.size() == 2 && !arguments.multiclass;
  options.kind = arguments.ordinal ? LinearKind::kOrdinal : binary ? LinearKind::kBinary : LinearKind::kMultinomial;
  options.balance = !arguments.no_balance;
  options.c = arguments.c;
  options.calibration = ParseEnum<CalibrationKind>(arguments.calibration);
  if (options.calibration == CalibrationKind::kIsotonic && options.kind != LinearKind::kBinary)
    throw ConfigError("--calibrate isotonic is for two classes; platt is for any number");
  return options;
}

FeatureOptions FeaturesOf(const ProbeTrainArguments& arguments) {
  FeatureOptions features = arguments.lengths;
  features.features = ParseFeatures(arguments.features);
  features.layout = ParseEnum<TextLayout>(arguments.layout);
  if (ReadsAnswer(features) && arguments.labels.columns.text.empty())
    throw ConfigError(Concat("--features ", arguments.features, ": answer and last need --text-column"));
  return features;
}

// What is known of the probe from rows that it was not trained on.
std::vector<GraderMeasurement> MeasuredOn(const ClassifierModel& head, const std::vector<JudgedRow>& rows, const LabelArguments& labels) {
  if (rows.empty()) return {};
  const std::string& left_out = labels.columns.left_out;
  const std::string how = left_out.empty() ? "a fifth of the groups held out" : Concat("each ", left_out, " left out of training");
  return {{kAllRows, static_cast<int64_t>(rows.size()), how, "the most frequent label", UtcNow().substr(0, 10), FiguresOf(head, rows)}};
}

std::string OptionsAsJson(const ProbeTrainArguments& arguments, const TrainedProbe& trained, const LabelledRows& rows) {
  const nlohmann::ordered_json options = {
      {"features", arguments.features},   {"kind", NameOf(trained.head.kind)},    {"c", trained.c},
      {"balance", !arguments.no_balance}, {"calibration", arguments.calibration}, {"leave_out", arguments.labels.columns.left_out},
      {"sources", SourcesOf(rows.rows)}};
  return options.dump();
}

int TrainProbeCommand(const ProbeTrainArguments& arguments) {
  const LabelledRows data = LoadRows(arguments.labels);
  const ProbeOptions options = OptionsOf(arguments, data.rows);
  Probe probe;
  probe.features = FeaturesOf(arguments);
  const FeatureRun run = RunModel(arguments.model, probe.features, data.rows);
  const auto splits = arguments.labels.columns.left_out.empty() ? SplitByGroup(data.rows) : SplitByLeftOut(data.rows);
  const Stopwatch watch;
  TrainedProbe trained = TrainProbe(data.rows, run.rows, options, splits, [](const std::string& what) { std::cerr << what << "\n"; });
  std::vector<JudgedRow> judged;
  for (const HeldOut& each : trained.held_out) judged.push_back({&data.rows[each.row], each.probabilities});
  probe.model_hash = run.model;
  probe.model_name = std::filesystem::weakly_canonical(arguments.model.folder).filename();
  probe.head = trained.head;
  probe.head.record = {data.Hash(), OptionsAsJson(arguments, trained, data), static_cast<int64_t>(data.rows.size()), UtcNow().substr(0, 10),
                       MeasuredOn(trained.head, judged, arguments.labels)};
  WriteOut("--out", arguments.out, WriteProbe(probe));
  if (!arguments.held_out.empty()) WriteOut("--held-out", arguments.held_out, JudgedRowsAsJson(trained.head, judged));
  std::cout << (judged.empty() ? "no rows were held out: there are too few groups\n" : FigureTable(trained.head, judged, ProbeSourceOf));
  std::cout << "wrote " << arguments.out << ": a " << NameOf(options.kind) << " probe of " << run.width << " features ("
            << DescriptionOf(probe.features) << ") of " << data.rows.size() << " rows, trained in " << watch.Seconds() << " s\n";
  return kExitDone;
}

int EvalProbeCommand(const ProbeEvalArguments& arguments) {
  const Probe probe = ParseProbe(ReadProbeFile(arguments.file), arguments.file);
  const LabelledRows data = LoadRows(arguments.labels);
  const FeatureRun run = RunModel(arguments.model, probe.features, data.rows);
  if (run.model != probe.model_hash)
    throw ConfigError(Concat("--model ", arguments.model.folder, " is not the one that the probe was trained on (", probe.model_name,
                             "): it has the hash ", run.model, ", the probe's model ", probe.model_hash));
  std::vector<JudgedRow> judged;
  const auto width = static_cast<size_t>(run.width);
  for (size_t i = 0; i < data.rows.size(); ++i)
    judged.push_back({&data.rows[i], ProbabilitiesOf(probe.head, std::span(run.rows).subspan(i * width, width))});
  std::cout << FigureTable(probe.head, judged, ProbeSourceOf);
  if (!arguments.out.empty()) WriteOut("--out", arguments.out, JudgedRowsAsJson(probe.head, judged));
  return kExitDone;
}

void BindModel(CLI::App* command, ModelArguments* arguments) {
  command->add_option("--model", arguments->folder, "Hugging Face folder of the frozen model")->required();
  command->add_option("--cache", arguments->cache, "folder where features are kept, by model, choice and text (default: nowhere)");
}

void BindTrainProbe(CLI::App* command, ProbeTrainArguments* a) {
  BindLabels(command, &a->labels);
  BindModel(command, &a->model);
  LabelColumns& columns = a->labels.columns;
  command
      ->add_option(
          "--features", a->features,
          "LAYER:POOLING, several with commas. Layers as in transformers' hidden_states (0 = embeddings); poolings: answer and prompt "
          "(means), last, prompt_last")
      ->required();
  command->add_option("--layout", a->layout, "plain: prompt, line break, answer (default); chat: the folder's chat template around them")
      ->check(CLI::IsMember({"plain", "chat"}));
  command->add_option("--prompt-tokens", a->lengths.prompt_tokens, "of the prompt, its first so many (default 64)")
      ->check(CLI::Range(int64_t{0}, kMaxTextTokens));
  command->add_option("--answer-tokens", a->lengths.answer_tokens, "of the answer, its first so many (default 128)")
      ->check(CLI::Range(int64_t{0}, kMaxTextTokens));
  command->add_option("--group-column", columns.group,
                      "rows of one group are never on both sides of a split (default: the prompt, or the text)");
  command->add_option("--weight-column", columns.weight, "column of how much a row counts");
  command->add_option("--leave-out", columns.left_out,
                      "validate by leaving each value of this column out of training in turn (default: one split that keeps a fifth of the "
                      "groups out)");
  auto* ordinal = command->add_flag("--ordinal", a->ordinal, "the classes have an order");
  command->add_flag("--multiclass", a->multiclass, "a multinomial model for two classes, too")->excludes(ordinal);
  command->add_option("--classes", a->classes, "the classes in their order, of two the second is yes (default: the labels, sorted)")
      ->delimiter(',');
  command->add_flag("--no-balance", a->no_balance, "classes count by their rows (default: every class counts the same)");
  command
      ->add_option("-C,--inverse-penalty", a->c, "inverse of the strength of the L2 penalty (default: the best on a fifth of the groups)")
      ->check(CLI::Range(1e-9, 1e9));
  command->add_option("--calibrate", a->calibration, "platt, isotonic or none")->check(CLI::IsMember({"none", "platt", "isotonic"}));
  command->add_option("--held-out", a->held_out, "file for what was said of each held-out row, as JSONL");
  command->add_option("--out", a->out, "the probe's file")->required();
  AddExamples(command,
              {{"temper probe train answers.csv --prompt-column prompt --text-column answer --label-column refused --model MODEL "
                "--features 16:answer --cache features --out refusal.probe",
                "two classes, by the mean hidden state of the answer"},
               {"temper probe train prompts.jsonl --prompt-column prompt --label-column harmful --model MODEL --features 16:prompt_last "
                "--out prompts.probe",
                "of prompts alone"}});
}

void BindEvalProbe(CLI::App* command, ProbeEvalArguments* a) {
  command->add_option("file", a->file, "the probe")->required();
  BindLabels(command, &a->labels);
  BindModel(command, &a->model);
  command->add_option("--out", a->out, "file for what is said of each row, as JSONL");
  AddExamples(command,
              {{"temper probe eval refusal.probe new.csv --prompt-column prompt --text-column answer --label-column refused --model MODEL",
                "measures it on other rows"}});
}

}  // namespace

void AddProbeCommand(const CommandContext& context) {
  CommandContext below = context;
  below.app = context.app->add_subcommand("probe", "what hidden states of a frozen model tell: heads trained from labels, directions");
  below.app->require_subcommand(1);
  AddExamples(below.app, {{"temper probe train --help", "what a head is trained from"}});
  AddCommand<ProbeTrainArguments>(below, "train", "trains a head and measures it on rows that it was not trained on", BindTrainProbe,
                                  TrainProbeCommand);
  AddCommand<ProbeEvalArguments>(below, "eval", "measures a probe on labelled texts", BindEvalProbe, EvalProbeCommand);
  AddDirectionsCommand(below);
  AddFollowCommand(below);
  AddCliffCommand(below);
}

}  // namespace temper
