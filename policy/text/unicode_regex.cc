#include "policy/text/unicode_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/regex_translation.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr uint32_t kMaxSteps = 10'000'000;  // of backtracking, for one match
constexpr size_t kMaxReplacedBytes = size_t{1} << 30;
constexpr uint32_t kMaxHeapKibi = 256 << 10;  // of one match without JIT

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using MatchData = std::unique_ptr<pcre2_match_data, Freer<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freer<pcre2_match_context_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freer<pcre2_compile_context_free>>;

MatchData NewMatchData() {
  MatchData data(pcre2_match_data_create(1, nullptr));  // only the whole match is looked at
  TEMPER_CHECK(data != nullptr, "out of memory for a regular expression match");
  return data;
}

}  // namespace

struct UnicodeRegex::Code {
  std::string spelled;  // for messages
  std::unique_ptr<pcre2_code, Freer<pcre2_code_free>> code;
  MatchContext context;

  Code(std::string_view pattern, std::string_view translated, uint32_t options) : spelled(pattern) {
    const CompileContext compile(pcre2_compile_context_create(nullptr));
    context.reset(pcre2_match_context_create(nullptr));
    TEMPER_CHECK(compile != nullptr && context != nullptr, "out of memory for a regular expression");
    pcre2_set_newline(compile.get(), PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(context.get(), kMaxSteps);
    pcre2_set_heap_limit(context.get(), kMaxHeapKibi);
    int error = 0;
    PCRE2_SIZE at = 0;
    code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(), options, &error, &at, compile.get()));
    if (code == nullptr) {
      PCRE2_UCHAR text[256] = "";
      pcre2_get_error_message(error, text, sizeof text);
      throw ConfigError(
          Concat("the regular expression ", Quoted(pattern, 200), " does not compile: ", reinterpret_cast<const char*>(text)));
    }
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT, matching is slower and the same
  }

  // One match at or after `from`; false where there is none.
  bool Match(std::string_view text, size_t from, uint32_t options, pcre2_match_data* data) const {
    const auto run = [&](uint32_t more) {
      return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, options | more | PCRE2_NO_UTF_CHECK,
                         data, context.get());
    };
    int rc = run(0);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = run(PCRE2_NO_JIT);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH) {
      throw ConfigError(Concat("the regular expression ", Quoted(spelled, 200), " takes too much work or memory on a text of ", text.size(),
                               " bytes (PCRE2 error ", rc, ")"));
    }
    return rc >= 0;
  }
};

UnicodeRegex::UnicodeRegex(std::unique_ptr<Code> code) : code_(std::move(code)) {}

UnicodeRegex::UnicodeRegex(std::string_view pattern)
    : code_(std::make_unique<Code>(pattern, TranslateRegex(pattern), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C)) {}

UnicodeRegex UnicodeRegex::Literal(std::string_view text) {
  return UnicodeRegex(std::make_unique<Code>(text, text, PCRE2_UTF | PCRE2_LITERAL));
}

UnicodeRegex::~UnicodeRegex() = default;
UnicodeRegex::UnicodeRegex(UnicodeRegex&&) noexcept = default;
UnicodeRegex& UnicodeRegex::operator=(UnicodeRegex&&) noexcept = default;

std::vector<UnicodeRegex::Span> UnicodeRegex::FindAll(std::string_view text) const {
  std::vector<Span> found;
  const MatchData data = NewMatchData();
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  for (size_t from = 0; from <= text.size() && code_->Match(text, from, 0, data.get());) {
    const Span span(bounds[0], bounds[1]);
    const bool touches = span.first == span.second && !found.empty() && found.back().second == span.second;
    if (!touches) found.push_back(span);
    from = span.second;
    if (touches && from < text.size()) {
      NextCodePoint(text, &from);
    } else if (touches) {
      break;
    }
  }
  return found;
}

std::string UnicodeRegex::ReplaceAll(std::string_view text, std::string_view content) const {
  if (text.empty()) return "";  // also where the expression matches nothing at all: the library does not look at an empty text
  const auto matches = FindAll(text);
  if (text.size() + matches.size() * content.size() > kMaxReplacedBytes) {
    throw ConfigError(Concat("replacing ", Quoted(code_->spelled, 200), " makes a text of ", text.size(), " bytes too large"));
  }
  std::string replaced;
  replaced.reserve(text.size() + matches.size() * content.size());
  size_t done = 0;
  for (const auto& [begin, end] : matches) {
    replaced += text.substr(done, begin - done);
    replaced += content;
    done = end;
  }
  return replaced += text.substr(done);
}

size_t UnicodeRegex::MatchAtStart(std::string_view text) const {
  const MatchData data = NewMatchData();
  if (!code_->Match(text, 0, PCRE2_ANCHORED, data.get())) return 0;
  return pcre2_get_ovector_pointer(data.get())[1];
}

}  // namespace temper
