#include "rollout/data/dataset_rows.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "rollout/data/csv.h"
#include "rollout/data/xlsx.h"

namespace temper {
namespace {

constexpr size_t kMaxLineBytes = size_t{16} << 20;
constexpr int kMaxDepth = 64;

// One JSON object into a row. Strings are taken as they are, numbers and truth values as they are spelled; null and objects count
// as absent, since no column that is read may hold one; lists are kept apart.
void ParseObject(std::string_view text, DatasetRow* row) {
  if (text.size() > kMaxLineBytes) {
    row->error = Concat("a row of ", text.size(), " bytes; at most ", kMaxLineBytes, " are read");
    return;
  }
  const auto value = ParseStrictJson(text, kMaxDepth, &row->error, row->line);
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

// One JSON object a line.
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
      *row = DatasetRow{line_, {}, {}, "", 1};
      Parse(line, row);
      return true;
    }
    return false;
  }

 private:
  static void Parse(std::string_view line, DatasetRow* row) {
    const char first = line[line.find_first_not_of(" \t")];
    ParseObject(line, row);
    if (row->error.empty()) return;
    if (first == '[') row->error = "not a JSON object but a list; a file that is one list of objects has a name that ends in .json";
    if (first == '{' && line.find_last_of('}') == std::string_view::npos) row->error += "; a row is one whole object on one line";
  }

  std::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 0;
};

// The objects of one JSON list, which may stand on any lines. A row that is no JSON is reported and the reader goes on behind it; what
// is wrong between the rows ends the file.
class JsonList : public RowReader {
 public:
  explicit JsonList(std::string_view text) : text_(text), at_(text.find('[') + 1), counted_(0) {}

  bool Next(DatasetRow* row) override {
    SkipSpace();
    if (ended_) return false;
    const int64_t line = LineHere();
    on_line_ = line == last_line_ ? on_line_ + 1 : 1;
    last_line_ = line;
    *row = DatasetRow{line, {}, {}, "", on_line_};
    if (at_ < text_.size() && text_[at_] == ']' && !after_comma_) return EndOfList(row);
    const size_t begin = at_;
    SkipValue();
    if (at_ == begin) row->error = "a row is missing: a comma stands before another one, or before the bracket that closes the list";
    if (at_ > begin) ParseObject(text_.substr(begin, at_ - begin), row);
    SkipSpace();
    after_comma_ = at_ < text_.size() && text_[at_] == ',';
    if (after_comma_) {
      ++at_;
    } else if (at_ == text_.size() || text_[at_] != ']') {
      ended_ = true;
      row->error = at_ == text_.size() ? "the list is never closed: a bracket ] or a quote is missing from here on"
                                       : "a comma, or the bracket ] that closes the list, is missing behind this row";
    }
    return true;
  }

 private:
  void SkipSpace() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  // Moves behind the value: to the comma or bracket that ends it.
  void SkipValue() {
    for (int depth = 0; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) at_ += text_[at_] == '\\' ? 1 : 0;
        if (at_ >= text_.size()) break;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == ']' || c == '}')) {
        return;
      } else if (c == ']' || c == '}') {
        --depth;
      }
    }
    at_ = text_.size();
  }

  // Behind the bracket that closes the list nothing may stand; what does is a row with an error.
  bool EndOfList(DatasetRow* row) {
    ended_ = true;
    ++at_;
    SkipSpace();
    if (at_ == text_.size()) return false;
    row->line = LineHere();
    row->error = "something follows the end of the list";
    return true;
  }

  int64_t LineHere() {
    const auto place = [&](size_t at) { return text_.begin() + static_cast<std::ptrdiff_t>(at); };
    line_ += std::count(place(counted_), place(at_), '\n');
    counted_ = at_;
    return line_;
  }

  std::string_view text_;
  size_t at_;
  size_t counted_;  // bytes whose lines are in line_
  int64_t line_ = 1;
  int64_t last_line_ = 0, on_line_ = 0;  // of the row before
  bool after_comma_ = false;
  bool ended_ = false;
};

// Each column has a name of its own.
void CheckNames(const std::vector<std::string>& names, const std::string& place) {
  for (auto each = names.begin(); each != names.end(); ++each)
    if (std::find(names.begin(), each, *each) != each) throw ConfigError(Concat(place, ": two columns are called ", Quoted(*each)));
}

// CSV with a header record.
class CsvRows : public RowReader {
 public:
  CsvRows(std::string_view text, const std::string& path) : reader_(text) {
    CsvRecord header;
    if (!reader_.Next(&header)) throw ConfigError(Concat(path, ":1: no header line"));
    if (!header.error.empty()) throw ConfigError(Concat(path, ":", header.line, ": ", header.error));
    names_ = header.fields;
    CheckNames(names_, Concat(path, ":", header.line));
  }

  bool Next(DatasetRow* row) override {
    CsvRecord record;
    if (!reader_.Next(&record)) return false;
    *row = DatasetRow{record.line, {}, {}, record.error, 1};
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

// The first sheet of a workbook, with a header row; columns without a name are left out. A row's line is its number in the sheet, if none
// is missing there.
class XlsxRows : public RowReader {
 public:
  XlsxRows(std::string_view text, const std::string& path) {
    try {
      rows_ = ReadXlsx(text);
    } catch (const ConfigError& error) {
      throw ConfigError(Concat(path, ": ", error.what()));
    }
    if (rows_.empty()) throw ConfigError(Concat(path, ":1: no header row"));
    std::vector<std::string> names = rows_.front();
    std::erase(names, "");
    CheckNames(names, Concat(path, ":1"));
  }

  bool Next(DatasetRow* row) override {
    while (++at_ < rows_.size()) {
      *row = DatasetRow{static_cast<int64_t>(at_) + 1, {}, {}, "", 1};
      size_t bytes = 0;
      for (size_t i = 0; i < rows_.front().size(); ++i) {
        const std::string& name = rows_.front()[i];
        if (name.empty()) continue;
        const std::string value = i < rows_[at_].size() ? rows_[at_][i] : "";
        bytes += value.size();
        row->columns.emplace(name, value);
      }
      if (bytes > kMaxLineBytes) row->error = Concat("a row of ", bytes, " bytes; at most ", kMaxLineBytes, " are read");
      if (bytes > 0) return true;
    }
    return false;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
  size_t at_ = 0;
};

enum class Format { kCsv, kJsonLines, kJson, kXlsx };

Format FormatOf(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".csv") return Format::kCsv;
  if (extension == ".jsonl") return Format::kJsonLines;
  if (extension == ".json") return Format::kJson;
  if (extension == ".xlsx") return Format::kXlsx;
  throw ConfigError(Concat(path, ": the name must end in .jsonl, .json, .csv or .xlsx"));
}

// Of a text, behind a byte order mark and white space.
char FirstCharacter(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? ' ' : text[at];
}

}  // namespace

void CheckRowsFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw ConfigError(Concat(path, ": no such file"));
  if (!std::filesystem::is_regular_file(path, error)) throw ConfigError(Concat(path, ": not a regular file, such as a folder or a pipe"));
  if (!std::ifstream(path, std::ios::binary)) throw ConfigError(Concat(path, ": cannot be read"));
  FormatOf(path);
}

std::unique_ptr<RowReader> OpenRows(const std::string& path, std::string_view text) {
  const Format format = FormatOf(path);
  if (format == Format::kXlsx) return std::make_unique<XlsxRows>(text, path);
  if (const std::string other = OtherEncoding(text); !other.empty()) {
    throw ConfigError(Concat(path, ":1: the file is ", other, " text; save it as UTF-8"));
  }
  if (format == Format::kCsv) return std::make_unique<CsvRows>(text, path);
  if (format == Format::kJson && FirstCharacter(text) == '[') return std::make_unique<JsonList>(text);
  return std::make_unique<JsonLines>(text);
}

}  // namespace temper
