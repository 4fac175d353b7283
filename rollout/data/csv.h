#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// One record of a CSV file, or what is wrong with it.
struct CsvRecord {
  int64_t line = 0;                 // 1-based line on which the record starts
  std::vector<std::string> fields;  // quotes removed
  std::string error;                // "" = well formed; otherwise `fields` means nothing
};

// Reads CSV as RFC 4180 describes it: fields separated by commas, records by LF or CRLF; a quoted field may hold commas, line breaks
// and doubled quotes. A byte order mark at the beginning is skipped, blank lines are left out. A malformed record is reported and the
// reader goes on with the next line; a quote that is never closed takes the rest of the file. The text is borrowed.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text);
  bool Next(CsvRecord* record);  // false at the end of the text

 private:
  bool AtLineEnd() const;
  void SkipLineEnd();
  void SkipLine();
  // Reads one field; false, with the reason in record->error, where it is malformed.
  bool ReadField(CsvRecord* record);
  bool ReadQuoted(CsvRecord* record);

  std::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace temper
