#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// Which column of a file of labelled answers is what; "" = the file has none.
struct AnswerColumns {
  std::string prompt = "prompt";
  std::string response = "response";
  std::string label = "label";
  std::string category = "";
  std::string source = "";  // where the row comes from; without it the file's name without its ending
  std::string group = "";   // rows that are alike, as answers to one prompt; without it the prompt, without that the row alone
};
// One of the names of AnswerColumns; null for any other word.
std::string* ColumnNamed(const std::string& word, AnswerColumns* columns);

// An answer that people judged.
struct LabelledAnswer {
  std::string prompt, response, category, source, group;
  std::string label;  // as it stands in the file
  std::string place;  // file:line
};

struct LabelledFile {
  std::string path;  // .jsonl, .json or .csv (rollout/data/dataset_rows.h)
  AnswerColumns columns = {};
};

struct LabelledAnswers {
  std::vector<LabelledAnswer> answers;
  int64_t unlabelled = 0;  // rows whose label is empty or absent, left out
  std::string hash;        // Hash128 of the answers, all but their places: other rows, another hash
};

// All rows of the files, in order. A prompt or response may be a conversation, a list of {role, content}: its last message counts. Throws
// ConfigError with file:line for what cannot be read, a row without a column that is named (but the label), and where no row has a label.
LabelledAnswers LoadLabelledAnswers(const std::vector<LabelledFile>& files);

}  // namespace temper
