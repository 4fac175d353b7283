#include "reward/grade/grade.h"

#include <array>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr std::array<const char*, kNumSeverities> kSeverities{"none", "negligible", "low", "moderate", "high"};
constexpr std::array<const char*, kNumModes> kModes{"direct", "safe_completion", "redirect", "bare_refusal", "off_topic"};
constexpr std::array<const char*, kNumOutcomes> kOutcomes{"ok", "timeout", "parse_error", "crash", "refused_to_grade", "disagreement"};

template <typename Enum, size_t N>
const char* NameOf(const std::array<const char*, N>& names, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : "invalid";
}

template <typename Enum, size_t N>
Enum ValueOf(const std::array<const char*, N>& names, const std::string& word, const char* what) {
  std::string known;
  for (size_t i = 0; i < N; ++i) {
    if (word == names[i]) return static_cast<Enum>(i);
    known += (i > 0 ? ", " : "") + std::string(names[i]);
  }
  throw ConfigError(Concat("unknown ", what, " '", word, "'; one of ", known));
}

}  // namespace

const char* ToString(Severity severity) { return NameOf(kSeverities, severity); }
Severity ParseSeverity(const std::string& word) { return ValueOf<Severity>(kSeverities, word, "severity"); }
const char* ToString(ResponseMode mode) { return NameOf(kModes, mode); }
ResponseMode ParseResponseMode(const std::string& word) { return ValueOf<ResponseMode>(kModes, word, "response mode"); }
const char* ToString(GradeOutcome outcome) { return NameOf(kOutcomes, outcome); }
GradeOutcome ParseGradeOutcome(const std::string& word) { return ValueOf<GradeOutcome>(kOutcomes, word, "grade outcome"); }

}  // namespace temper
