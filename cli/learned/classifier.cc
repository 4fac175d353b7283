// temper classifier: trains a small classifier from labelled texts, measures it, and says which n-grams decided.
#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/commands.h"
#include "cli/learned/classifier_figures.h"
#include "cli/learned/classifier_options.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utc_time.h"
#include "reward/classifier/file.h"
#include "reward/classifier/sources.h"
#include "reward/classifier/train.h"

namespace temper {
namespace {

void WriteOrFail(const std::string& option, const std::string& path, std::string_view bytes) {
  if (const std::string problem = TryWriteFile(path, bytes); !problem.empty())
    throw ConfigError(Concat(option, " ", path, ": cannot be written: ", problem));
}

std::string SourceOf(const LabelledRow& row) { return row.source; }

// What is known of the classifier from rows that it was not trained on; `how` they were kept out.
std::vector<GraderMeasurement> MeasuredOn(const ClassifierModel& model, const std::vector<JudgedRow>& rows, const std::string& how) {
  std::vector<GraderMeasurement> out;
  const auto add = [&](const std::string& name, const std::vector<JudgedRow>& of) {
    out.push_back(
        {name, static_cast<int64_t>(of.size()), how, "the most frequent label", UtcOfRecord().substr(0, 10), FiguresOf(model, of)});
  };
  std::vector<std::string> sources;
  for (const JudgedRow& each : rows)
    if (!each.row->source.empty() && std::find(sources.begin(), sources.end(), each.row->source) == sources.end())
      sources.push_back(each.row->source);
  for (const std::string& source : sources) {
    std::vector<JudgedRow> of;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(of), [&](const JudgedRow& each) { return each.row->source == source; });
    add(source, of);
  }
  if (sources.size() != 1) add(kAllRows, rows);
  return out;
}

// How rows were kept out of training, and of how many that is not the whole truth: a member was trained on them.
std::string HowMeasured(const LabelArguments& labels, const ClassifierOptions& options, const std::vector<LabelledRow>& rows,
                        const std::vector<HeldOut>& held_out) {
  const std::string how = labels.columns.left_out.empty() ? "a fifth of the groups held out"
                                                          : Concat("each ", labels.columns.left_out, " left out of training");
  const std::vector<bool> known = KnownToMembers(options.members, rows);
  const auto count = std::count_if(held_out.begin(), held_out.end(), [&](const HeldOut& each) { return known[each.row]; });
  if (count == 0) return how;
  std::cerr << "temper: warning: a member (--member) was trained on " << count << " of the " << held_out.size()
            << " rows that are held out, or does not tell: the figures are better than the classifier is\n";
  return Concat(how, "; ", kMemberTrained, " ", count, " of ", held_out.size(), " rows");
}

int TrainCommand(const ClassifierTrainArguments& arguments) {
  const LabelledRows data = LoadRows(arguments.labels);
  if (data.without_label > 0) std::cerr << "temper: " << data.without_label << " rows without a label were left out\n";
  const ClassifierOptions options = OptionsOf(arguments, data);
  const auto splits = arguments.labels.columns.left_out.empty() ? SplitByGroup(data.rows) : SplitByLeftOut(data.rows);
  TrainedClassifier trained = TrainClassifier(data.rows, options, splits, [](const std::string& what) { std::cerr << what << "\n"; });
  std::vector<JudgedRow> judged;
  for (const HeldOut& each : trained.held_out) judged.push_back({&data.rows[each.row], each.probabilities});
  const std::string how = HowMeasured(arguments.labels, options, data.rows, trained.held_out);
  trained.model.record = {data.Hash(), OptionsAsJson(arguments, options, data), static_cast<int64_t>(data.rows.size()),
                          UtcOfRecord().substr(0, 10),
                          judged.empty() ? std::vector<GraderMeasurement>{} : MeasuredOn(trained.model, judged, how)};
  const std::string bytes = WriteClassifier(trained.model);
  WriteOrFail("--out", arguments.out, bytes);
  if (!arguments.held_out.empty()) WriteOrFail("--held-out", arguments.held_out, JudgedRowsAsJson(trained.model, judged));
  if (judged.empty())
    std::cout << "no rows were held out: there are too few groups\n";
  else
    std::cout << FigureTable(trained.model, judged, SourceOf);
  std::cout << "wrote " << arguments.out << ": a " << NameOf(options.kind) << " classifier of " << data.rows.size() << " rows, "
            << bytes.size() << " bytes\n";
  return kExitDone;
}

void BindTrain(CLI::App* command, ClassifierTrainArguments* arguments) {
  BindTraining(command, arguments);
  AddExamples(command,
              {{"temper classifier train labels.csv --text-column answer --label-column harmful --out harm.clf", "two classes"},
               {"temper classifier train labels.jsonl --text-column answer --label-column severity --ordinal --out severity.clf", "levels"},
               {"temper classifier train a.csv b.csv --text-column answer --label-column harmful --source-column source --leave-out source "
                "--balance source_class --augment tricks -C 0.05 --out harm.clf",
                "several sources, measured on each as one never seen"}});
}

struct EvalArguments {
  std::string file;
  LabelArguments labels;
  bool tricks = false;
  std::string out;
};

int EvalClassifierCommand(const EvalArguments& arguments) {
  Classifier classifier(LoadClassifier(arguments.file));
  const LabelledRows data = LoadRows(arguments.labels);
  if (arguments.tricks && classifier.model().kind != LinearKind::kBinary) throw ConfigError("--tricks needs a classifier of two classes");
  std::vector<JudgedRow> judged;
  for (const LabelledRow& row : data.rows) judged.push_back({&row, classifier.Classify(row.prompt, row.answer).probabilities});
  std::cout << FigureTable(classifier.model(), judged, SourceOf);
  if (!arguments.out.empty()) WriteOrFail("--out", arguments.out, JudgedRowsAsJson(classifier.model(), judged));
  if (!arguments.tricks) return kExitDone;
  for (const Flips& flips : CountFlips(&classifier, judged)) {
    std::cout << "flips under " << std::left << std::setw(16) << NameOf(flips.trick) << " ";
    if (flips.caught == 0)
      std::cout << "no row is " << classifier.model().classes[1] << " and called so\n";
    else
      std::cout << std::fixed << std::setprecision(3) << static_cast<double>(flips.flipped) / static_cast<double>(flips.caught) << " ("
                << flips.flipped << " of " << flips.caught << ")\n";
  }
  return kExitDone;
}

void BindEvalClassifier(CLI::App* command, EvalArguments* arguments) {
  command->add_option("file", arguments->file, "the classifier")->required();
  BindLabels(command, &arguments->labels);
  command->add_flag("--tricks", arguments->tricks, "also count the answers that it catches and that pass it under cheap tricks");
  command->add_option("--out", arguments->out, "file for what is said of each row, as JSONL");
  AddExamples(command, {{"temper classifier eval harm.clf new_labels.csv --text-column answer --label-column harmful --tricks",
                         "measures it on other rows"}});
}

struct ExplainArguments {
  std::string file;
  std::string text, prompt;
  int64_t top = 15;
};

void ExplainOutput(const ClassifierModel& model, std::vector<Contribution> contributions, size_t output, int64_t top) {
  std::stable_sort(contributions.begin(), contributions.end(),
                   [&](const Contribution& a, const Contribution& b) { return std::abs(a.added[output]) > std::abs(b.added[output]); });
  double rest = 0;
  for (size_t i = 0; i < contributions.size(); ++i) {
    const Contribution& each = contributions[i];
    if (i < static_cast<size_t>(top))
      std::cout << std::showpos << std::setw(9) << each.added[output] << std::noshowpos << "  " << each.feature << "\n";
    else
      rest += each.added[output];
  }
  std::cout << std::showpos << std::setw(9) << rest << std::noshowpos << "  "
            << std::max<int64_t>(0, static_cast<int64_t>(contributions.size()) - top) << " other features\n";
  if (model.kind != LinearKind::kOrdinal)
    std::cout << std::showpos << std::setw(9) << model.offsets[output] << std::noshowpos << "  the intercept\n";
}

void PrintOrigin(const ClassifierModel& model) {
  std::cout << "trained on " << model.record.rows << " rows (data " << model.record.data_hash << ") on " << model.record.date << "\n";
}

// What an output speaks for, and against.
std::string ClassOfOutput(const ClassifierModel& model, size_t output) {
  if (model.kind == LinearKind::kOrdinal) return "a higher level";
  return model.classes[model.kind == LinearKind::kBinary ? 1 : output];
}

// Without a text: the largest weights of the file.
void ExplainFile(const ClassifierModel& model, int64_t top) {
  for (size_t output = 0; output < model.outputs(); ++output) {
    for (const bool against : {false, true}) {
      int64_t shown = 0;
      for (const StrongFeature& each : model.strongest) {
        if (each.output != output || (each.weight < 0) != against || shown == top) continue;
        if (shown++ == 0) std::cout << "what speaks " << (against ? "against " : "for ") << ClassOfOutput(model, output) << " most:\n";
        std::cout << std::showpos << std::setw(9) << each.weight << std::noshowpos << "  " << each.feature << "\n";
      }
    }
  }
}

int ExplainCommand(const ExplainArguments& arguments) {
  Classifier classifier(LoadClassifier(arguments.file));
  const ClassifierModel& model = classifier.model();
  if (arguments.text.empty() && arguments.prompt.empty()) {
    std::cout << std::fixed << std::setprecision(3);
    ExplainFile(model, arguments.top);
    PrintOrigin(model);
    return kExitDone;
  }
  const Classification said = classifier.Classify(arguments.prompt, arguments.text);
  std::cout << std::fixed << std::setprecision(3);
  for (size_t k = 0; k < model.classes.size(); ++k) std::cout << "P(" << model.classes[k] << ") = " << said.probabilities[k] << "\n";
  const std::vector<Contribution> contributions = classifier.Explain(arguments.prompt, arguments.text);
  const size_t output = model.kind == LinearKind::kMultinomial ? said.Best() : 0;
  std::cout << "what speaks for " << ClassOfOutput(model, output) << " (+) and against it (-), in log-odds before calibration:\n";
  ExplainOutput(model, contributions, output, arguments.top);
  PrintOrigin(model);
  return kExitDone;
}

void BindExplain(CLI::App* command, ExplainArguments* arguments) {
  command->add_option("file", arguments->file, "the classifier")->required();
  command->add_option("--text", arguments->text, "an answer; without it and --prompt what weighs most in the file");
  command->add_option("--prompt", arguments->prompt, "what it answers");
  command->add_option("--top", arguments->top, "features shown (default 15; a file holds 15 for and 15 against each class)")
      ->check(CLI::PositiveNumber);
  AddExamples(command, {{"temper classifier explain harm.clf --text \"I'm sorry, but I can't help with that.\"", "which n-grams decided"}});
}

}  // namespace

void AddClassifierCommand(const CommandContext& context) {
  CommandContext below = context;
  below.app = context.app->add_subcommand("classifier", "small classifiers of prompts and answers, trained from labels");
  below.app->require_subcommand(1);
  AddExamples(below.app, {{"temper classifier explain harm.clf", "what weighs most in a file that temper classifier train wrote"}});
  AddCommand<ClassifierTrainArguments>(below, "train", "trains a classifier and measures it on rows that it was not trained on", BindTrain,
                                       TrainCommand);
  AddCommand<EvalArguments>(below, "eval", "measures a classifier on labelled texts", BindEvalClassifier, EvalClassifierCommand);
  AddCommand<ExplainArguments>(below, "explain", "says which n-grams of a text decided", BindExplain, ExplainCommand);
}

}  // namespace temper
