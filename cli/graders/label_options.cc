#include "cli/graders/label_options.h"

#include <filesystem>
#include <sstream>
#include <utility>

#include "cluster/base/error.h"

namespace temper {
namespace {

std::pair<std::string, std::string> SplitAt(const std::string& text, char mark, const char* option) {
  const size_t at = text.find(mark);
  if (at == std::string::npos) throw ConfigError(Concat(option, " ", text, ": expected ", "name", mark, "value"));
  return {text.substr(0, at), text.substr(at + 1)};
}

void SetColumn(const std::string& mapping, const char* option, AnswerColumns* columns) {
  const auto [key, column] = SplitAt(mapping, '=', option);
  std::string* target = ColumnNamed(key, columns);
  if (target == nullptr) throw ConfigError(Concat(option, " ", mapping, ": expected prompt, response, label, category, source or group"));
  *target = column;
}

// The columns behind the last colon, where there are any.
LabelledFile FileOf(const std::string& argument, AnswerColumns columns) {
  const size_t colon = argument.rfind(':');
  if (colon == std::string::npos || argument.find('=', colon) == std::string::npos || std::filesystem::exists(argument))
    return {argument, std::move(columns)};
  std::istringstream mappings(argument.substr(colon + 1));
  for (std::string each; std::getline(mappings, each, ',');) SetColumn(each, "--data", &columns);
  return {argument.substr(0, colon), std::move(columns)};
}

}  // namespace

void LabelOptions::Bind(CLI::App* command) {
  command->add_option("--data", data, "labelled answers, .jsonl, .json or .csv; FILE:key=column,... names columns of that file alone")
      ->required();
  command->add_option("--map", map,
                      "key=column of all files: prompt, response, label (columns of these names unless said), category, source (the file's "
                      "name), group (the prompt: rows that are alike); 'prompt=' = there is none");
  std::string questions;
  for (const auto& [value, name] : EnumNames<Question>::kTable) questions += (questions.empty() ? "" : ", ") + std::string(name);
  command->add_option("--question", question, "what people were asked: " + questions + " (default: the first that the grader answers)");
  command->add_option("--label", words, "FROM=TO: what a label in the file means: '1_full_compliance=direct', 'unsafe=yes'");
  command->add_option("--category", category,
                      "category that the grader is told of every row, '' for none; without it the row's own, where --map names a column");
  command->add_option("--yes-from", yes_from, "yes or no: a number of at least so much is a yes (0.5)");
  command->add_option("--label-max", maximum, "severity, helpfulness: the label that stands for 1 (1)")->check(CLI::PositiveNumber);
}

std::vector<LabelledFile> LabelOptions::Files() const {
  AnswerColumns columns;
  for (const std::string& mapping : map) SetColumn(mapping, "--map", &columns);
  std::vector<LabelledFile> files;
  for (const std::string& argument : data) files.push_back(FileOf(argument, columns));
  return files;
}

LabelReading LabelOptions::Reading() const {
  LabelReading reading{.words = {}, .yes_from = yes_from, .maximum = maximum};
  for (const std::string& word : words) {
    const auto [from, to] = SplitAt(word, '=', "--label");
    reading.words[from] = to;
  }
  return reading;
}

}  // namespace temper
