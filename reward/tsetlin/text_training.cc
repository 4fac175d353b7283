#include "reward/tsetlin/text_training.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cluster/base/error.h"
#include "reward/tsetlin/trainer.h"

namespace temper {
namespace {

std::vector<std::string> LabelsOf(std::span<const LabelledText> rows) {
  std::set<std::string> labels;
  for (const LabelledText& row : rows) {
    if (!IsLabel(row.label))
      throw ConfigError(Concat("\"", row.label.substr(0, 60), "\" cannot be the label of a rule; rename it, or leave its rows out"));
    labels.insert(row.label);
  }
  if (labels.size() < 2) throw ConfigError(Concat(labels.size(), " label in ", rows.size(), " rows; a machine needs rows of at least 2"));
  return {labels.begin(), labels.end()};
}

std::vector<int32_t> ClassesOf(std::span<const LabelledText> rows, const std::vector<std::string>& labels) {
  std::vector<int32_t> classes;
  for (const LabelledText& row : rows) {
    const auto found = std::find(labels.begin(), labels.end(), row.label);
    if (found == labels.end())
      throw ConfigError(Concat("label ", row.label.substr(0, 60), " is not one that the model was trained with; train it again"));
    classes.push_back(static_cast<int32_t>(found - labels.begin()));
  }
  return classes;
}

// What terms are, if those of constraints are to be among them.
TermOptions WithTerms(TermOptions options, const std::vector<std::string>& terms) {
  for (const std::string& term : terms) {
    const auto words = static_cast<int64_t>(FeatureWords(term).size());
    options.max_words = std::max(options.max_words, std::min(words, kMaxTermWords));
  }
  return options;
}

// A model that has learned nothing. Terms of constraints come first.
TsetlinModel NewModel(std::span<const LabelledText> rows, const TsetlinTraining& training,
                      const std::vector<TsetlinConstraint>& constraints) {
  std::vector<std::string> labels = LabelsOf(rows);
  std::vector<std::string> texts;
  for (const LabelledText& row : rows) texts.push_back(row.text);
  std::vector<std::string> terms = TermsOfConstraints(constraints);
  const std::set<std::string> named(terms.begin(), terms.end());
  const TermOptions term_options = WithTerms(training.terms, terms);
  for (std::string& term : ChooseTerms(texts, ClassesOf(rows, labels), labels.size(), training.terms, training.choice))
    if (!named.contains(term)) terms.push_back(std::move(term));
  if (terms.empty()) throw ConfigError(Concat("no term stands in ", training.choice.min_rows, " of the ", rows.size(), " rows"));
  const size_t num_terms = terms.size(), num_labels = labels.size();
  return {std::move(labels),
          TextBinariser(std::move(terms), term_options),
          TsetlinMachine(num_terms, num_labels, training.machine),
          {},
          {},
          {}};
}

// Those of the trainings before and of this one; no hashes where a training before has none.
TrainingRows RowsOfAll(const TrainingRows* before, const std::vector<std::string>& sources, std::span<const LabelledText> rows) {
  std::set<std::string> names(sources.begin(), sources.end());
  std::vector<uint64_t> hashes;
  for (const LabelledText& row : rows) RowHashes::Append("", row.text, &hashes);
  if (before != nullptr) {
    names.insert(before->sources.begin(), before->sources.end());
    hashes.insert(hashes.end(), before->rows.hashes().begin(), before->rows.hashes().end());
    if (before->rows.empty()) hashes.clear();
  }
  return {{names.begin(), names.end()}, RowHashes(std::move(hashes))};
}

}  // namespace

TsetlinModel TrainTsetlinModel(std::span<const LabelledText> rows, const TsetlinSource& source, const TsetlinTraining& training,
                               const TsetlinModel* start, const std::vector<TsetlinConstraint>* constraints,
                               const std::function<void(int64_t epoch, const TsetlinModel& model)>& after_epoch) {
  std::vector<TsetlinConstraint> resolved;
  if (constraints != nullptr) resolved = *constraints;
  ResolveHashes(start, &resolved);
  TsetlinModel model = start != nullptr ? *start : NewModel(rows, training, resolved);
  if (constraints != nullptr) ApplyConstraints(resolved, &model);
  const int64_t before = model.source.epochs;
  model.source = source;
  model.source.rows = static_cast<int64_t>(rows.size());
  model.source.epochs = before;
  model.source.trained_on = RowsOfAll(start != nullptr ? &start->source.trained_on : nullptr, source.trained_on.sources, rows);
  if (before + training.epochs > kMaxTsetlinEpochs)
    throw ConfigError(
        Concat("the model has ", before, " epochs behind it; with ", training.epochs, " more they are over ", kMaxTsetlinEpochs));
  const std::vector<int32_t> classes = ClassesOf(rows, model.labels);
  LiteralTable table(model.binariser.terms().size());
  std::vector<uint64_t> features(model.binariser.num_words());
  for (const LabelledText& row : rows) {
    model.binariser.Read(row.text, features);
    table.Add(features);
  }
  TsetlinTrainer trainer(&model.machine, &table, classes, VetoesOf(model), training.threads);
  trainer.EnforceVetoes();
  for (int64_t epoch = 0; epoch < training.epochs; ++epoch) {
    trainer.Epoch(model.source.epochs++);
    if (after_epoch) after_epoch(epoch, model);
  }
  CountSupport(table, classes, &model);
  return model;
}

}  // namespace temper
