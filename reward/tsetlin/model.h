#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reward/grade/training_rows.h"
#include "reward/tsetlin/machine.h"
#include "reward/tsetlin/rules.h"
#include "reward/tsetlin/text_features.h"

namespace temper {

// Whether a text can name a class: not empty, one line, and no "not " in front, which a rule says itself.
bool IsLabel(std::string_view label);

inline constexpr int64_t kMaxTsetlinEpochs = 1'000'000'000'000;

// Where a model comes from.
struct TsetlinSource {
  std::string data_hash = {};  // Hash128 of the file that it was trained on
  std::string text_column = {}, label_column = {};
  int64_t rows = 0;              // that it was trained on
  int64_t epochs = 0;            // over all trainings, at most kMaxTsetlinEpochs
  TrainingRows trained_on = {};  // over all trainings: the names of the files, and the texts; set by TrainTsetlinModel
};

// A Tsetlin machine over the terms of a text, with the names of its classes. With two, votes above or at 0 are for labels[1].
struct TsetlinModel {
  std::vector<std::string> labels;
  TextBinariser binariser;
  TsetlinMachine machine;
  TsetlinSource source;
  std::vector<std::string> vetoes;  // texts of rules that no clause may become
  std::vector<uint32_t>
      support;  // [clause * labels + label]: training rows of the label that the clause matches; 0 for one without literals
};

// The rule of a clause that has literals.
TsetlinRule RuleOf(const TsetlinModel& model, size_t clause);

// The bank and the vote of a rule's conclusion. Throws ConfigError with `place` for a label that the model does not have.
struct TsetlinConclusion {
  size_t bank = 0;
  bool votes_for = true;
};
TsetlinConclusion ConclusionOf(std::span<const std::string> labels, const TsetlinRule& rule, const std::string& place);

// Counts model->support again.
void CountSupport(const LiteralTable& rows, std::span<const int32_t> labels, TsetlinModel* model);

// A rule of a model as it is printed: clauses that say the same are one.
struct RuleInUse {
  TsetlinRule rule;
  std::string hash;
  int64_t votes = 0;  // its clauses' weights, summed
  bool locked = false;
  std::vector<uint32_t> support;  // training rows that it matches, by label
};

// The rules of the clauses that have literals, those with the most votes first; equals in the order of their texts.
std::vector<RuleInUse> RulesInUse(const TsetlinModel& model);

}  // namespace temper
