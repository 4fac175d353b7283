#include "cli/learned/prompt_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/utf8.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

struct FileSpec {
  std::string path;
  std::string column = "prompt";
  std::string key, value;  // "" = all rows
  std::string Name() const {
    const std::string stem = std::filesystem::path(path).stem();
    return key.empty() ? stem : Concat(stem, " ", key, "=", value);
  }
};

FileSpec ParseSpec(const std::string& text) {
  FileSpec spec;
  spec.path = text;
  if (std::filesystem::exists(text)) return spec;
  const auto cut = [&]() -> std::optional<std::string> {
    const size_t colon = spec.path.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string tail = spec.path.substr(colon + 1);
    spec.path.resize(colon);
    return tail;
  };
  std::optional<std::string> tail = cut();
  if (const size_t equals = tail ? tail->find('=') : std::string::npos; equals != std::string::npos) {
    spec.key = tail->substr(0, equals);
    spec.value = tail->substr(equals + 1);
    tail = cut();
  }
  if (tail) spec.column = *tail;
  return spec;
}

std::string Column(const DatasetRow& row, const std::string& column, const std::string& place) {
  const auto found = row.columns.find(column);
  if (found == row.columns.end()) throw ConfigError(Concat(place, ": there is no column '", column, "'; name it as FILE:COLUMN"));
  if (InvalidUtf8At(found->second)) throw ConfigError(Concat(place, ": column ", column, " is not valid UTF-8"));
  return found->second;
}

std::vector<std::string> ReadTexts(const FileSpec& spec, int64_t limit) {
  CheckRowsFile(spec.path);
  const std::string bytes = ReadUserFile(spec.path, {.what = "the prompts", .max_bytes = kMaxDataBytes, .any_bytes = true});
  const std::unique_ptr<RowReader> reader = OpenRows(spec.path, bytes);
  std::vector<std::string> texts;
  for (DatasetRow row; reader->Next(&row);) {
    const std::string place = Concat(spec.path, ":", row.line);
    if (!row.error.empty()) throw ConfigError(Concat(place, ": ", row.error));
    if (!spec.key.empty() && Column(row, spec.key, place) != spec.value) continue;
    if (std::string text = Column(row, spec.column, place); !text.empty()) texts.push_back(std::move(text));
  }
  if (texts.empty()) throw ConfigError(Concat(spec.path, ": no row has a prompt", spec.key.empty() ? "" : " that the filter keeps"));
  if (limit == 0 || static_cast<int64_t>(texts.size()) <= limit) return texts;
  std::vector<std::pair<uint64_t, size_t>> order;
  for (size_t i = 0; i < texts.size(); ++i) order.emplace_back(Hash64(Concat("limit:", texts[i])), i);
  std::sort(order.begin(), order.end());
  order.resize(static_cast<size_t>(limit));
  std::vector<std::string> kept;
  for (const auto& [unused, i] : order) kept.push_back(texts[i]);
  return kept;
}

// Rows by their text, in the order in which they came.
class Rows {
 public:
  explicit Rows(const PromptFiles& files) : files_(files) {}

  void Add(const std::vector<std::string>& specs, std::optional<bool> LabelledPrompt::*label, bool value) {
    for (const std::string& each : specs) {
      const FileSpec spec = ParseSpec(each);
      for (const std::string& text : ReadTexts(spec, files_.limit)) {
        LabelledPrompt& row = RowOf(text, spec.Name());
        if ((row.*label).value_or(value) != value)
          throw ConfigError(Concat(spec.path, ": a prompt stands in files of both classes: ", text.substr(0, 80), "; leave it out of one"));
        row.*label = value;
      }
    }
  }

  std::vector<LabelledPrompt>& rows() { return rows_; }

 private:
  LabelledPrompt& RowOf(const std::string& text, const std::string& source) {
    const auto [at, is_new] = places_.try_emplace(text, rows_.size());
    if (is_new) {
      constexpr uint64_t kParts = 10000;
      const bool held_out = static_cast<double>(Hash64(Concat("held out:", text)) % kParts) < files_.held_out * kParts;
      rows_.push_back({text, source, std::nullopt, std::nullopt, held_out});
    }
    return rows_[at->second];
  }

  const PromptFiles& files_;
  std::map<std::string, size_t> places_;
  std::vector<LabelledPrompt> rows_;
};

void CheckClasses(const std::vector<LabelledPrompt>& rows, bool learns, std::optional<bool> LabelledPrompt::*label, const char* yes,
                  const char* no) {
  for (const bool held_out : {false, true}) {
    if (!held_out && !learns) continue;
    for (const bool value : {true, false})
      if (std::none_of(rows.begin(), rows.end(),
                       [&](const LabelledPrompt& row) { return row.held_out == held_out && row.*label == value; }))
        throw ConfigError(Concat("there is no ", value ? yes : no, " prompt ", held_out ? "held out" : "to learn from",
                                 "; give more prompts, or another --held-out"));
  }
}

}  // namespace

std::vector<LabelledPrompt> LoadPromptFiles(const PromptFiles& files) {
  Rows rows(files);
  rows.Add(files.harmful, &LabelledPrompt::harmful, true);
  rows.Add(files.harmless, &LabelledPrompt::harmful, false);
  rows.Add(files.refused, &LabelledPrompt::refused, true);
  rows.Add(files.accepted, &LabelledPrompt::refused, false);
  for (LabelledPrompt& row : rows.rows()) {
    if (row.refused || !row.harmful) continue;
    if ((*row.harmful ? files.refused : files.accepted).empty()) row.refused = row.harmful;
  }
  CheckClasses(rows.rows(), files.held_out < 1, &LabelledPrompt::harmful, "harmful", "harmless");
  CheckClasses(rows.rows(), files.held_out < 1, &LabelledPrompt::refused, "refused", "accepted");
  return std::move(rows.rows());
}

}  // namespace temper
