#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace temper {

// Which columns of a file of labelled texts are what. "" = there is none.
struct LabelColumns {
  std::string text;    // the answer
  std::string prompt;  // what it answers; at least one of the two
  std::string label;
  std::string group;     // rows of one group are never on both sides of a split; "" = the prompt, or the text where there is none
  std::string source;    // where a row comes from
  std::string left_out;  // validation leaves each of its values out of training in turn; a row without one is always trained on
  std::string weight;    // how much a row counts in training
  std::string pair;      // rows with the same value are compared with each other
};

// What people said of a text.
struct LabelledRow {
  std::string prompt, answer;
  std::string label;
  std::string group, source, left_out, pair;
  double weight = 1;
  std::string place;  // file:line
};

struct LabelledRows {
  std::vector<LabelledRow> rows;
  int64_t without_label = 0;  // rows that were left out because their label is empty
  std::string Hash() const;   // Hash128 of texts, labels, groups, sources and weights
};

// Rows of .csv, .jsonl and .json files, in their order. Labels that are keys of `renamed` become its values. ConfigError with file:line for
// a row that is malformed or has no such column, and where no row has a label.
LabelledRows LoadLabelledRows(const std::vector<std::string>& paths, const LabelColumns& columns,
                              const std::map<std::string, std::string>& renamed);

// The labels of the rows as classes: as numbers where all are some, otherwise by their spelling.
std::vector<std::string> ClassesOf(const std::vector<LabelledRow>& rows);

// A text that is a number, with nothing before or behind it.
std::optional<double> NumberOf(const std::string& text);

}  // namespace temper
