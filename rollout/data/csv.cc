#include "rollout/data/csv.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {

CsvReader::CsvReader(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

bool CsvReader::AtLineEnd() const { return at_ == text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }

void CsvReader::SkipLineEnd() {
  if (at_ == text_.size()) return;
  at_ += text_[at_] == '\r' ? 2 : 1;
  ++line_;
}

void CsvReader::SkipLine() {
  at_ = std::min(text_.find('\n', at_), text_.size());
  SkipLineEnd();
}

bool CsvReader::Next(CsvRecord* record) {
  while (at_ < text_.size() && AtLineEnd()) SkipLineEnd();
  if (at_ == text_.size()) return false;
  *record = CsvRecord{line_, {}, ""};
  for (;;) {
    if (!ReadField(record)) {
      SkipLine();
      return true;
    }
    if (AtLineEnd()) break;
    ++at_;  // the comma
  }
  SkipLineEnd();
  return true;
}

bool CsvReader::ReadField(CsvRecord* record) {
  if (at_ < text_.size() && text_[at_] == '"') return ReadQuoted(record);
  const size_t begin = at_;
  while (!AtLineEnd() && text_[at_] != ',') {
    if (text_[at_] == '"') record->error = Concat("field ", record->fields.size() + 1, ": a quote inside an unquoted field");
    if (text_[at_] == '\r') record->error = Concat("field ", record->fields.size() + 1, ": a carriage return without a line feed");
    if (!record->error.empty()) return false;
    ++at_;
  }
  record->fields.emplace_back(text_.substr(begin, at_ - begin));
  return true;
}

bool CsvReader::ReadQuoted(CsvRecord* record) {
  const int64_t opened = line_;
  std::string field;
  for (++at_;; ++at_) {
    if (at_ == text_.size()) {
      record->error = Concat("field ", record->fields.size() + 1, ": the quote opened on line ", opened, " is never closed");
      return false;
    }
    if (text_[at_] == '"') {
      if (text_.substr(at_, 2) != "\"\"") break;
      ++at_;
    }
    if (text_[at_] == '\n') ++line_;
    field += text_[at_];
  }
  ++at_;
  if (!AtLineEnd() && text_[at_] != ',') {
    record->error = Concat("field ", record->fields.size() + 1, ": text after the closing quote");
    return false;
  }
  record->fields.push_back(std::move(field));
  return true;
}

}  // namespace temper
