#include "reward/spec/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <cctype>
#include <utility>

#include <pcre2.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr uint32_t kDepthLimit = 10000;
constexpr uint32_t kHeapLimitKib = 20000;

pcre2_code* Code(void* code) { return static_cast<pcre2_code*>(code); }
pcre2_match_data* Data(void* data) { return static_cast<pcre2_match_data*>(data); }

std::string ErrorText(int number) {
  PCRE2_UCHAR buffer[256] = {};
  pcre2_get_error_message(number, buffer, sizeof(buffer));
  return reinterpret_cast<const char*>(buffer);
}

}  // namespace

Regex::Regex(const std::string& pattern, bool case_sensitive, int64_t match_limit) : pattern_(pattern), case_sensitive_(case_sensitive) {
  int error = 0;
  PCRE2_SIZE at = 0;
  uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  if (!case_sensitive) options |= PCRE2_CASELESS;
  code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &at, nullptr);
  if (code_ == nullptr) throw ConfigError(Concat("bad regex '", pattern, "' at character ", at + 1, ": ", ErrorText(error)));
  data_ = pcre2_match_data_create_from_pattern(Code(code_), nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  context_ = context;
  pcre2_set_match_limit(context, static_cast<uint32_t>(match_limit));
  pcre2_set_depth_limit(context, kDepthLimit);
  pcre2_set_heap_limit(context, kHeapLimitKib);
}

Regex::~Regex() {
  pcre2_match_context_free(static_cast<pcre2_match_context*>(context_));
  pcre2_match_data_free(Data(data_));
  pcre2_code_free(Code(code_));
}

Regex::Regex(Regex&& other) noexcept
    : pattern_(std::move(other.pattern_)),
      case_sensitive_(other.case_sensitive_),
      tree_(std::move(other.tree_)),
      scanner_(std::move(other.scanner_)),
      code_(std::exchange(other.code_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      context_(std::exchange(other.context_, nullptr)) {}

int Regex::Search(std::string_view text, size_t start) const {
  const int rc = pcre2_match(Code(code_), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start, 0, Data(data_),
                             static_cast<pcre2_match_context*>(context_));
  if (rc < 0 && rc != PCRE2_ERROR_NOMATCH) throw RegexLimitError(Concat("regex '", pattern_, "' gave up: ", ErrorText(rc)));
  return rc;
}

void Regex::ScanFirst() { tree_ = ReadPatternTree(pattern_, case_sensitive_); }

void Regex::ForEachMatch(std::string_view text, const std::function<bool(size_t, size_t)>& found) const {
  if (tree_ && !scanner_) scanner_ = std::make_unique<PatternScanner>(std::span(&*tree_, 1));
  for (size_t start = 0; start <= text.size();) {
    const size_t place = scanner_ ? scanner_->FirstPlace(text, start) : start;
    if (place == PatternScanner::kNowhere || Search(text, place) <= 0) return;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(Data(data_));
    // \K in a lookahead may give an end before the start; such a match has no text.
    const size_t begin = ends[0], end = ends[1] < ends[0] ? ends[0] : ends[1];
    if (!found(begin, end)) return;
    start = end > start ? end : start + 1;
  }
}

bool Regex::MatchGroups(std::string_view text, std::map<std::string, std::string>* groups) const {
  if (Search(text, 0) < 0) return false;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(Data(data_));
  for (const auto& [name, number] : group_numbers()) {
    const PCRE2_SIZE begin = ends[2 * number], end = ends[2 * number + 1];
    if (begin != PCRE2_UNSET && begin <= end) (*groups)[name] = std::string(text.substr(begin, end - begin));
  }
  return true;
}

std::map<std::string, int> Regex::group_numbers() const {
  uint32_t count = 0, entry_size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(Code(code_), PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(Code(code_), PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
  pcre2_pattern_info(Code(code_), PCRE2_INFO_NAMETABLE, &table);
  std::map<std::string, int> numbers;
  for (uint32_t i = 0; i < count; ++i, table += entry_size) numbers[reinterpret_cast<const char*>(table + 2)] = (table[0] << 8) | table[1];
  return numbers;
}

std::string PhrasePattern(const std::string& phrase) {
  std::string out;
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (!phrase.empty() && word(phrase.front())) out += "\\b";
  for (const char c : phrase) {
    if (c == ' ') {
      out += "\\s+";
    } else if (c == '\'') {
      out += "(?:'|\xE2\x80\x99)";
    } else {
      if (static_cast<unsigned char>(c) < 0x80 && !word(c)) out += '\\';
      out += c;
    }
  }
  if (!phrase.empty() && word(phrase.back())) out += "\\b";
  return out;
}

}  // namespace temper
