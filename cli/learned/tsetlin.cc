// temper tsetlin: trains a Tsetlin machine from labelled texts, measures it, and prints its rules.
#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "cli/commands.h"
#include "cli/learned/tsetlin_data.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "reward/tsetlin/model_file.h"

namespace temper {
namespace {

struct TrainTsetlinArguments {
  TsetlinDataArguments data;
  TsetlinTraining training;
  double validation = 0.2;
  bool no_boost = false, unweighted = false;
  std::string from, lock, out;
  bool curve = false;
};

TsetlinModel LoadTsetlinModel(const std::string& path) {
  const ReadOptions read = {
      .what = "the Tsetlin machine", .hint = "temper tsetlin train writes one", .max_bytes = kMaxTsetlinFileBytes, .any_bytes = true};
  return ParseTsetlinModel(ReadUserFile(path, read), path);
}

void CheckMachine(const TsetlinOptions& machine) {
  if (machine.clauses % 2 != 0)
    throw ConfigError(Concat("--clauses ", machine.clauses, ": must be even, since half of the clauses vote against"));
  if (machine.specificity <= 1) throw ConfigError(Concat("--specificity ", machine.specificity, ": must be above 1"));
}

// How the rules of a model look, in one line.
std::string RulesSummary(const TsetlinModel& model) {
  const std::vector<RuleInUse> rules = RulesInUse(model);
  size_t clauses = 0, literals = 0, most = 0;
  for (size_t clause = 0; clause < model.machine.num_clauses(); ++clause) {
    const size_t count = model.machine.Included(clause).size();
    clauses += count > 0 ? 1 : 0;
    literals += count;
    most = std::max(most, count);
  }
  std::ostringstream out;
  out << clauses << " of " << model.machine.num_clauses() << " clauses in use, " << rules.size() << " different rules, at most " << most
      << " literals, " << std::fixed << std::setprecision(1)
      << static_cast<double>(literals) / static_cast<double>(std::max<size_t>(clauses, 1)) << " on average";
  return out.str();
}

int TrainTsetlinCommand(const TrainTsetlinArguments& arguments) {
  TsetlinTraining training = arguments.training;
  training.machine.boost = !arguments.no_boost;
  training.machine.weighted = !arguments.unweighted;
  CheckMachine(training.machine);
  TsetlinRows data = LoadTsetlinRows(arguments.data);
  if (data.unlabelled > 0) std::cerr << "temper: " << data.unlabelled << " rows without a label were left out\n";
  const std::vector<LabelledText> validation = TakeValidation(arguments.validation, training.machine.seed, &data);
  std::optional<TsetlinModel> start;
  if (!arguments.from.empty()) start = LoadTsetlinModel(arguments.from);
  std::optional<std::vector<TsetlinConstraint>> constraints;
  if (!arguments.lock.empty()) constraints = ParseConstraints(ReadUserFile(arguments.lock, {.what = "the rules to lock"}), arguments.lock);
  const auto after_epoch = [&](int64_t epoch, const TsetlinModel& model) {
    if (!arguments.curve) return;
    std::cout << "epoch " << epoch + 1 << ": " << TsetlinFigures(TsetlinTextClassifier(model), validation) << std::endl;
  };
  const double begin = NowSeconds();
  const TsetlinSource source = {.data_hash = data.hash,
                                .text_column = arguments.data.text_column,
                                .label_column = arguments.data.label_column,
                                .trained_on = {{std::filesystem::path(arguments.data.data).stem()}, {}}};
  const TsetlinModel model =
      TrainTsetlinModel(data.rows, source, training, start ? &*start : nullptr, constraints ? &*constraints : nullptr, after_epoch);
  const double seconds = NowSeconds() - begin;
  const std::string bytes = TsetlinModelBytes(model);
  if (const std::string problem = TryWriteFile(arguments.out, bytes); !problem.empty())
    throw ConfigError(Concat("--out ", arguments.out, ": cannot be written: ", problem));
  std::cout << "trained on " << data.rows.size() << " rows, " << training.epochs << " epochs over " << model.binariser.terms().size()
            << " terms, " << std::fixed << std::setprecision(1) << seconds << " s\n";
  if (!validation.empty()) std::cout << "validation: " << TsetlinFigures(TsetlinTextClassifier(model), validation) << "\n";
  std::cout << RulesSummary(model) << "\nwrote " << arguments.out << ", " << bytes.size() << " bytes\n";
  return kExitDone;
}

void BindTrainTsetlin(CLI::App* command, TrainTsetlinArguments* a) {
  BindTsetlinData(command, &a->data);
  command->add_option("--group-column", a->data.group_column, "rows of one group are never on both sides of the split (default: the text)");
  command
      ->add_option("--validation", a->validation,
                   "share of the groups that is kept out of training and measured on (default 0.2; 0 = none)")
      ->check(CLI::Range(0.0, 0.9));
  command->add_option("--out", a->out, "the file to write")->required();
  TsetlinOptions& machine = a->training.machine;
  command
      ->add_option("--clauses", machine.clauses,
                   Concat("clauses, for each class where there are more than two (default ", machine.clauses, ")"))
      ->check(CLI::Range(2, 100000));
  command->add_option("--threshold", machine.threshold, Concat("T: votes at which learning stops (default ", machine.threshold, ")"))
      ->check(CLI::Range(1, 1000000));
  command
      ->add_option("--specificity", machine.specificity,
                   Concat("s: the larger, the more literals a rule has (default ", machine.specificity, ")"))
      ->check(CLI::Range(1.0, 1e6));
  command->add_option("--max-literals", machine.max_literals, Concat("literals of a clause at most (default ", machine.max_literals, ")"))
      ->check(CLI::Range(1, 1000));
  command->add_flag("--no-boost", a->no_boost, "true positives are not boosted");
  command->add_flag("--unweighted", a->unweighted, "every clause has one vote");
  command->add_option("--seed", machine.seed, "keys all random numbers (default 1)");
  command
      ->add_option("--terms", a->training.choice.count, Concat("terms of the vocabulary at most (default ", a->training.choice.count, ")"))
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--min-rows", a->training.choice.min_rows,
                   Concat("rows that a term must stand in (default ", a->training.choice.min_rows, ")"))
      ->check(CLI::Range(1, 1000000));
  command
      ->add_option("--max-words", a->training.terms.max_words,
                   Concat("words of a term at most (default ", a->training.terms.max_words, ")"))
      ->check(CLI::Range(1, 8));
  command
      ->add_option("--opening-words", a->training.terms.opening_words,
                   Concat("words of a text's opening, which has terms of its own (default ", a->training.terms.opening_words, ")"))
      ->check(CLI::Range(0, 1000));
  command->add_option("--epochs", a->training.epochs, Concat("passes over the rows (default ", a->training.epochs, ")"))
      ->check(CLI::Range(0, 100000));
  command->add_option("--threads", a->training.threads, "threads; the file is the same for any number (default 1)")
      ->check(CLI::Range(1, 256));
  command->add_option("--from", a->from, "a model that training goes on from: its terms, labels and options stay");
  command->add_option("--lock", a->lock, "a file of rules to lock or veto");
  command->add_flag("--curve", a->curve, "print the figures of the validation rows after every epoch");
  AddExamples(command,
              {{"temper tsetlin train answers.csv --text-column answer --label-column refused --group-column prompt --out refusal.tsetlin",
                "learns rules"},
               {"temper tsetlin train answers.csv --text-column answer --label-column refused --from refusal.tsetlin --lock rules.txt "
                "--out refusal2.tsetlin",
                "goes on around the rules that are locked and vetoed in rules.txt"}});
}

struct EvalTsetlinArguments {
  std::string model;
  TsetlinDataArguments data;
};

int EvalTsetlinCommand(const EvalTsetlinArguments& arguments) {
  const TsetlinTextClassifier classifier(LoadTsetlinModel(arguments.model));
  std::cout << TsetlinFigures(classifier, LoadTsetlinRows(arguments.data).rows) << "\n";
  return kExitDone;
}

void BindEvalTsetlin(CLI::App* command, EvalTsetlinArguments* arguments) {
  command->add_option("model", arguments->model, "a file of temper tsetlin train")->required();
  BindTsetlinData(command, &arguments->data);
  AddExamples(command,
              {{"temper tsetlin eval refusal.tsetlin other.csv --text-column answer --label-column refused", "measures it on other rows"}});
}

struct RulesArguments {
  std::string model, text;
  int64_t top = 0;
};

bool Matches(const TsetlinRule& rule, const std::vector<std::string>& terms) {
  const auto has = [&](const std::string& term) { return std::find(terms.begin(), terms.end(), term) != terms.end(); };
  return std::all_of(rule.present.begin(), rule.present.end(), has) && std::none_of(rule.absent.begin(), rule.absent.end(), has);
}

int RulesCommand(const RulesArguments& arguments) {
  const TsetlinModel model = LoadTsetlinModel(arguments.model);
  std::vector<RuleInUse> rules = RulesInUse(model);
  if (!arguments.text.empty()) {
    const std::vector<std::string> terms = TermsOf(arguments.text, model.binariser.options());
    std::erase_if(rules, [&](const RuleInUse& rule) { return !Matches(rule.rule, terms); });
    const TsetlinVerdict verdict = TsetlinTextClassifier(model).Classify(arguments.text);
    std::cout << model.labels[verdict.label] << ": votes";
    for (const int64_t votes : verdict.votes) std::cout << " " << votes;
    std::cout << " of a threshold of " << model.machine.options().threshold << "; the rules that match:\n";
  }
  std::cout << "votes  hash              rows";
  for (const std::string& label : model.labels) std::cout << "  " << label;
  std::cout << "\n";
  for (size_t i = 0; i < rules.size() && (arguments.top == 0 || i < static_cast<size_t>(arguments.top)); ++i) {
    std::cout << std::setw(5) << rules[i].votes << "  " << rules[i].hash << "  ";
    for (const uint32_t rows : rules[i].support) std::cout << std::setw(5) << rows << " ";
    std::cout << (rules[i].locked ? " locked  " : " ") << RuleText(rules[i].rule) << "\n";
  }
  for (const std::string& veto : model.vetoes) std::cout << "veto   " << veto << "\n";
  std::cout << RulesSummary(model) << "; trained on " << model.source.rows << " rows (data " << model.source.data_hash << "), "
            << model.source.epochs << " epochs\n";
  return kExitDone;
}

void BindRules(CLI::App* command, RulesArguments* arguments) {
  command->add_option("model", arguments->model, "a file of temper tsetlin train")->required();
  command->add_option("--top", arguments->top, "rules shown, those with the most votes (default: all)")->check(CLI::NonNegativeNumber);
  command->add_option("--text", arguments->text, "shows the rules that match this text, and what it counts as");
  AddExamples(command,
              {{"temper tsetlin rules refusal.tsetlin --top 20", "the rules with the most votes, and the training rows that each matches"},
               {"temper tsetlin rules refusal.tsetlin --text \"I'm sorry, but I can't help with that.\"", "which rules decided"}});
}

}  // namespace

void AddTsetlinCommand(const CommandContext& context) {
  CommandContext below = context;
  below.app = context.app->add_subcommand("tsetlin", "rules over words that a Tsetlin machine learns from labelled texts");
  below.app->require_subcommand(1);
  AddExamples(below.app, {{"temper tsetlin rules refusal.tsetlin", "the rules of a machine that temper tsetlin train learned"}});
  AddCommand<TrainTsetlinArguments>(below, "train", "learns rules and measures them on rows kept out", BindTrainTsetlin,
                                    TrainTsetlinCommand);
  AddCommand<EvalTsetlinArguments>(below, "eval", "measures a machine on labelled texts", BindEvalTsetlin, EvalTsetlinCommand);
  AddCommand<RulesArguments>(below, "rules", "prints the rules of a machine", BindRules, RulesCommand);
}

}  // namespace temper
