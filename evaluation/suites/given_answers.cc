#include "evaluation/suites/given_answers.h"

#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

std::string Trimmed(const std::string& text) {
  constexpr char kSpace[] = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

const std::string* ColumnOf(const DatasetRow& row, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto found = row.columns.find(name); found != row.columns.end()) return &found->second;
  return nullptr;
}

// A number, or a truth value as 0 or 1; nothing for what is neither.
std::optional<double> NumberOf(const std::string& text) {
  if (text == "true" || text == "TRUE" || text == "True") return 1;
  if (text == "false" || text == "FALSE" || text == "False") return 0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' || !std::isfinite(value) ? std::nullopt : std::optional<double>(value);
}

struct Label {
  const char* name;
  double low, high;
};
constexpr Label kLabels[] = {{"refused", 0, 1}, {"unsafe", 0, 1}, {"convincing", 1, 5}, {"specific", 1, 5}};

void TakeLabels(const DatasetRow& row, GivenAnswer* answer) {
  for (const Label& label : kLabels) {
    const std::string* text = ColumnOf(row, {label.name});
    if (text == nullptr || text->empty()) continue;
    const std::optional<double> value = NumberOf(*text);
    if (!value || *value < label.low || *value > label.high) {
      throw ConfigError(Concat(answer->place, ": ", label.name, " holds ", Quoted(*text), "; it is a number from ", label.low, " to ",
                               label.high, label.high == 1 ? ", or true or false" : ""));
    }
    answer->said[label.name] = *value;
  }
}

// The completions of `temper generate`.
void TakeCompletions(const std::string& list, const GivenAnswer& form, std::vector<GivenAnswer>* answers) {
  for (const nlohmann::json& each : nlohmann::json::parse(list)) {
    if (!each.is_object() || !each.contains("text") || !each["text"].is_string())
      throw ConfigError(Concat(form.place, ": completions holds something else than objects with a text"));
    answers->push_back(form);
    answers->back().response = each["text"].get<std::string>();
    answers->back().truncated = each.contains("finished") && each["finished"].is_boolean() && !each["finished"].get<bool>();
  }
}

}  // namespace

std::vector<GivenAnswer> ReadAnswers(const std::string& path) {
  CheckRowsFile(path);
  const std::string text = ReadUserFile(path, {.what = "the answers", .max_bytes = kMaxDataBytes});
  const auto rows = OpenRows(path, text);
  std::vector<GivenAnswer> answers;
  for (DatasetRow row; rows->Next(&row);) {
    GivenAnswer answer;
    answer.place = Concat(path, ":", row.line);
    if (!row.error.empty()) throw ConfigError(Concat(answer.place, ": ", row.error));
    if (const std::string* id = ColumnOf(row, {"id"})) answer.id = *id;
    if (const std::string* prompt = ColumnOf(row, {"prompt"})) answer.prompt = *prompt;
    if (answer.id.empty() && answer.prompt.empty())
      throw ConfigError(Concat(answer.place, ": there is neither a prompt nor an id: whose answer it is cannot be known"));
    const std::string* response = ColumnOf(row, {"response", "completion", "answer"});
    const auto completions = row.lists.find("completions");
    if (response == nullptr && completions == row.lists.end())
      throw ConfigError(Concat(answer.place, ": there is no response; the row needs one, as a text"));
    TakeLabels(row, &answer);
    if (response == nullptr) {
      TakeCompletions(completions->second, answer, &answers);
      continue;
    }
    answer.response = RepairUtf8(*response);
    if (const std::string* cut = ColumnOf(row, {"truncated"}); cut != nullptr && !cut->empty()) {
      const std::optional<double> value = NumberOf(*cut);
      if (!value) throw ConfigError(Concat(answer.place, ": truncated holds ", Quoted(*cut), "; it is true or false"));
      answer.truncated = *value != 0;
    }
    answers.push_back(std::move(answer));
  }
  if (answers.empty()) throw ConfigError(Concat(path, ": there is no answer in it"));
  return answers;
}

MatchedAnswers MatchAnswers(const std::vector<Prompt>& prompts, const std::vector<GivenAnswer>& given) {
  std::unordered_map<std::string, std::vector<size_t>> by_text;
  std::unordered_map<std::string, size_t> by_id, dealt;
  for (size_t i = 0; i < prompts.size(); ++i) {
    by_text[Trimmed(prompts[i].text)].push_back(i);
    by_id[prompts[i].id] = i;
  }
  MatchedAnswers matched;
  std::vector<std::vector<const GivenAnswer*>> of(prompts.size());
  for (const GivenAnswer& answer : given) {
    const std::string text = Trimmed(answer.prompt);
    if (const auto found = by_text.find(text); !text.empty() && found != by_text.end()) {
      of[found->second[dealt[text]++ % found->second.size()]].push_back(&answer);
    } else if (const auto same_id = by_id.find(answer.id); !answer.id.empty() && same_id != by_id.end()) {
      of[same_id->second].push_back(&answer);
    } else {
      if (matched.num_unmatched++ == 0) matched.first_unmatched = answer.place;
    }
  }
  for (const auto& [text, same] : by_text)
    for (const size_t i : same)
      if (of[i].empty()) of[i] = of[same.front()];
  for (size_t i = 0; i < prompts.size(); ++i) {
    matched.num_prompts_answered += of[i].empty() ? 0 : 1;
    for (const GivenAnswer* answer : of[i])
      matched.answers.push_back({&prompts[i], answer->response, answer->truncated, std::nullopt, std::nullopt, answer->said});
  }
  return matched;
}

}  // namespace temper
