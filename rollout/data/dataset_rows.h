#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace temper {

// The columns of one row of a dataset. `error` tells what is wrong with the row; its columns then mean nothing.
struct DatasetRow {
  int64_t line = 0;  // 1-based line on which the row starts
  std::unordered_map<std::string, std::string> columns;
  std::unordered_map<std::string, std::string> lists;  // columns that hold a JSON list, as JSON
  std::string error;
  int64_t on_line = 1;  // 1-based, of the rows that start on its line
};

// Rows of a dataset file in order, whatever its format. A malformed row is a row with an error, never a throw.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual bool Next(DatasetRow* row) = 0;  // false at the end
};

// That the file is there, can be opened and has a name that OpenRows knows. ConfigError naming the path.
void CheckRowsFile(const std::string& path);

// A reader of `text`, the content of the file at `path`, by the path's extension. It is .jsonl (one object a line), .json (a list of
// objects, or one a line), .csv (with a header record) or .xlsx (the first sheet, with a header row). ConfigError on another extension,
// another encoding than UTF-8, a damaged workbook or an unusable header. The text is borrowed.
std::unique_ptr<RowReader> OpenRows(const std::string& path, std::string_view text);

}  // namespace temper
