#include "rollout/data/labelled_answers.h"

#include <filesystem>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

// Reads the rows of one file.
class File {
 public:
  File(const LabelledFile& file, LabelledAnswers* all) : file_(file), name_(std::filesystem::path(file.path).stem().string()), all_(all) {}

  void Read() {
    CheckRowsFile(file_.path);
    const std::string text = ReadUserFile(file_.path, {.what = "labelled answers", .max_bytes = kMaxDataBytes, .any_bytes = true});
    const std::unique_ptr<RowReader> reader = OpenRows(file_.path, text);
    for (DatasetRow row; reader->Next(&row);) {
      place_ = Concat(file_.path, ":", row.line);
      if (!row.error.empty()) throw ConfigError(Concat(place_, ": ", row.error));
      Take(row);
    }
  }

 private:
  void Take(const DatasetRow& row) {
    LabelledAnswer answer;
    const auto label = row.columns.find(file_.columns.label);
    if (label == row.columns.end() || label->second.empty()) {
      ++all_->unlabelled;
      return;
    }
    answer.label = label->second;
    answer.prompt = Column(row, "prompt", file_.columns.prompt);
    answer.response = Column(row, "response", file_.columns.response);
    answer.category = Column(row, "category", file_.columns.category);
    answer.source = file_.columns.source.empty() ? name_ : Column(row, "source", file_.columns.source);
    answer.place = place_;
    answer.group = file_.columns.group.empty() ? answer.prompt : Column(row, "group", file_.columns.group);
    if (answer.group.empty()) answer.group = place_;
    all_->answers.push_back(std::move(answer));
  }

  std::string Column(const DatasetRow& row, const char* what, const std::string& column) const {
    if (column.empty()) return "";
    if (const auto list = row.lists.find(column); list != row.lists.end()) return LastMessage(list->second, column);
    const auto found = row.columns.find(column);
    if (found == row.columns.end()) throw ConfigError(Concat(place_, ": no column ", column, " (", what, ") with text or a number"));
    if (InvalidUtf8At(found->second)) throw ConfigError(Concat(place_, ": column ", column, " is not valid UTF-8"));
    return found->second;
  }

  std::string LastMessage(const std::string& list, const std::string& column) const {
    const nlohmann::json messages = nlohmann::json::parse(list);
    const auto content =
        messages.empty() || !messages.back().is_object() ? nlohmann::json() : messages.back().value("content", nlohmann::json());
    if (!content.is_string()) throw ConfigError(Concat(place_, ": column ", column, " is a list that ends with no {role, content}"));
    return content.get<std::string>();
  }

  const LabelledFile& file_;
  const std::string name_;
  LabelledAnswers* all_;
  std::string place_;
};

std::string HashOf(const std::vector<LabelledAnswer>& answers) {
  Hasher128 hasher;
  const auto add = [&](const std::string& text) {
    hasher.Add(Concat(text.size(), ":"));  // where one text ends and the next begins
    hasher.Add(text);
  };
  for (const LabelledAnswer& each : answers)
    for (const std::string* text : {&each.prompt, &each.response, &each.category, &each.source, &each.group, &each.label}) add(*text);
  return hasher.Digest();
}

}  // namespace

std::string* ColumnNamed(const std::string& word, AnswerColumns* columns) {
  const std::pair<const char*, std::string*> names[] = {{"prompt", &columns->prompt}, {"response", &columns->response},
                                                        {"label", &columns->label},   {"category", &columns->category},
                                                        {"source", &columns->source}, {"group", &columns->group}};
  for (const auto& [name, column] : names)
    if (word == name) return column;
  return nullptr;
}

LabelledAnswers LoadLabelledAnswers(const std::vector<LabelledFile>& files) {
  LabelledAnswers all;
  for (const LabelledFile& file : files) File(file, &all).Read();
  if (all.answers.empty()) {
    const std::string which = files.empty() ? "no file" : files.front().path;
    throw ConfigError(Concat(which, ": no row has a label; name its column, such as --map label=human_score"));
  }
  all.hash = HashOf(all.answers);
  return all;
}

}  // namespace temper
