#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "reward/tsetlin/classifier.h"
#include "reward/tsetlin/text_training.h"

namespace temper {

// The arguments that say which labelled texts are read and how.
struct TsetlinDataArguments {
  std::string data;  // .csv, .jsonl or .json
  std::string text_column;
  std::string label_column;
  std::string group_column;          // "" = the text
  std::vector<std::string> renamed;  // OLD=NEW; *=NEW is for labels without one of their own
};
void BindTsetlinData(CLI::App* command, TsetlinDataArguments* arguments);

struct TsetlinRows {
  std::vector<LabelledText> rows;
  std::vector<std::string> groups;  // of each row; rows of one group stay together
  std::string hash;                 // Hash128 of the file
  int64_t unlabelled = 0;           // rows without a label, left out
};

// Throws ConfigError with file:line for a row that cannot be read or lacks the text.
TsetlinRows LoadTsetlinRows(const TsetlinDataArguments& arguments);

// Takes a share of the groups out of `rows` and returns their rows: those whose draw, keyed by seed and group, is below the share.
std::vector<LabelledText> TakeValidation(double share, uint64_t seed, TsetlinRows* rows);

// How far the classifier agrees with the labels, in one line. It has n, accuracy, the majority's,
// F1 (of the second of two classes, else macro) and, with two, the area under the ROC curve. Throws
// ConfigError for a label that the classifier does not know.
std::string TsetlinFigures(const TsetlinTextClassifier& classifier, const std::vector<LabelledText>& rows);

}  // namespace temper
