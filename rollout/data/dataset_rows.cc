#include "rollout/data/dataset_rows.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"
#include "rollout/data/csv.h"

namespace temper {
namespace {

constexpr size_t kMaxLineBytes = size_t{16} << 20;
constexpr int kMaxDepth = 64;

// One JSON object a line. Strings are taken as they are, numbers and truth values as they are spelled; null and objects count
// as absent, since no column that is read may hold one; lists are kept apart.
class JsonLines : public RowReader {
 public:
  explicit JsonLines(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  bool Next(DatasetRow* row) override {
    while (at_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      at_ = end + 1;
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      *row = DatasetRow{line_, {}, {}, ""};
      Parse(line, row);
      return true;
    }
    return false;
  }

 private:
  static void Parse(std::string_view line, DatasetRow* row) {
    if (line.size() > kMaxLineBytes) {
      row->error = Concat("a line of ", line.size(), " bytes; at most ", kMaxLineBytes, " are read");
      return;
    }
    const auto value = ParseStrictJson(line, kMaxDepth, &row->error);
    if (!value) return;
    if (!value->is_object()) {
      row->error = "not a JSON object";
      return;
    }
    for (const auto& [key, field] : value->items()) {
      if (field.is_string()) {
        row->columns.emplace(key, field.get<std::string>());
      } else if (field.is_number() || field.is_boolean()) {
        row->columns.emplace(key, field.dump());
      } else if (field.is_array()) {
        row->lists.emplace(key, field.dump());
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 0;
};

// CSV with a header record.
class CsvRows : public RowReader {
 public:
  CsvRows(std::string_view text, const std::string& path) : reader_(text) {
    CsvRecord header;
    if (!reader_.Next(&header)) throw ConfigError(Concat(path, ":1: no header line"));
    if (!header.error.empty()) throw ConfigError(Concat(path, ":", header.line, ": ", header.error));
    names_ = header.fields;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (std::find(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(i), names_[i]) !=
          names_.begin() + static_cast<std::ptrdiff_t>(i)) {
        throw ConfigError(Concat(path, ":", header.line, ": two columns are called ", Quoted(names_[i])));
      }
    }
  }

  bool Next(DatasetRow* row) override {
    CsvRecord record;
    if (!reader_.Next(&record)) return false;
    *row = DatasetRow{record.line, {}, {}, record.error};
    if (!row->error.empty()) return true;
    if (record.fields.size() != names_.size()) {
      row->error = Concat(record.fields.size(), " fields where the header has ", names_.size());
      return true;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < names_.size(); ++i) {
      bytes += record.fields[i].size();
      row->columns.emplace(names_[i], std::move(record.fields[i]));
    }
    if (bytes > kMaxLineBytes) row->error = Concat("a record of ", bytes, " bytes; at most ", kMaxLineBytes, " are read");
    return true;
  }

 private:
  CsvReader reader_;
  std::vector<std::string> names_;
};

enum class Format { kCsv, kJsonLines };

Format FormatOf(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".csv") return Format::kCsv;
  if (extension == ".jsonl" || extension == ".json") return Format::kJsonLines;
  throw ConfigError(Concat(path, ": the name must end in .jsonl, .json or .csv"));
}

}  // namespace

void CheckRowsFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw ConfigError(Concat(path, ": no such file"));
  if (!std::ifstream(path, std::ios::binary)) throw ConfigError(Concat(path, ": cannot be read"));
  FormatOf(path);
}

std::unique_ptr<RowReader> OpenRows(const std::string& path, std::string_view text) {
  if (FormatOf(path) == Format::kCsv) return std::make_unique<CsvRows>(text, path);
  return std::make_unique<JsonLines>(text);
}

}  // namespace temper
