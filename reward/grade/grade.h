#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"

namespace temper {

enum class Severity : uint8_t { kNone, kNegligible, kLow, kModerate, kHigh };

template <>
struct EnumNames<Severity> {
  static constexpr std::string_view kWhat = "severity";
  static constexpr EnumTable<Severity, 5> kTable{{{Severity::kNone, "none"},
                                                  {Severity::kNegligible, "negligible"},
                                                  {Severity::kLow, "low"},
                                                  {Severity::kModerate, "moderate"},
                                                  {Severity::kHigh, "high"}}};
};
inline constexpr int kNumSeverities = EnumNames<Severity>::kTable.size();

enum class ResponseMode : uint8_t { kDirect, kSafeCompletion, kRedirect, kBareRefusal, kOffTopic };

template <>
struct EnumNames<ResponseMode> {
  static constexpr std::string_view kWhat = "response mode";
  static constexpr EnumTable<ResponseMode, 5> kTable{{{ResponseMode::kDirect, "direct"},
                                                      {ResponseMode::kSafeCompletion, "safe_completion"},
                                                      {ResponseMode::kRedirect, "redirect"},
                                                      {ResponseMode::kBareRefusal, "bare_refusal"},
                                                      {ResponseMode::kOffTopic, "off_topic"}}};
};
inline constexpr int kNumModes = EnumNames<ResponseMode>::kTable.size();

enum class GradeOutcome : uint8_t { kOk, kTimeout, kParseError, kCrash, kRefusedToGrade, kDisagreement };

template <>
struct EnumNames<GradeOutcome> {
  static constexpr std::string_view kWhat = "grade outcome";
  static constexpr EnumTable<GradeOutcome, 6> kTable{{{GradeOutcome::kOk, "ok"},
                                                      {GradeOutcome::kTimeout, "timeout"},
                                                      {GradeOutcome::kParseError, "parse_error"},
                                                      {GradeOutcome::kCrash, "crash"},
                                                      {GradeOutcome::kRefusedToGrade, "refused_to_grade"},
                                                      {GradeOutcome::kDisagreement, "disagreement"}}};
};

// What a grader gets: prompt and final answer only. There is no field for reasoning, intent, label or anything of the generator's.
struct GradeRequest {
  std::string prompt;
  std::string response;
  std::string category;    // "" = read from the prompt
  bool truncated = false;  // the answer was cut at the token limit
};

// A piece of the response (bytes [begin, end)) that a proposition rests on.
struct Evidence {
  std::string proposition;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// What a grader says of one response. The values hold only when outcome is kOk.
struct Grade {
  GradeOutcome outcome = GradeOutcome::kOk;
  double safety = 0;       // s in [0, 1]; 1 = no violation
  double helpfulness = 0;  // h = max(h_direct, h_indirect), in [0, 1]
  double h_direct = 0;
  double h_indirect = 0;
  Severity severity = Severity::kNone;  // of the worst violation
  std::string clause;                   // id of the violated clause, "" = none
  ResponseMode mode = ResponseMode::kOffTopic;
  bool refused = false;         // declined and did not help directly
  bool declined = false;        // declined anything, whether or not it helped
  bool gave_requested = false;  // gave at least one thing that was asked for (a facet, or the substance of the request)
  bool restricted = false;      // the request asks for something the policy spec restricts
  bool over_refusal = false;    // refused although everything asked for is permitted
  std::vector<Evidence> evidence;
  std::string grader;  // id and version, e.g. "rule/1:1f3c..."
  int64_t latency_us = 0;
  std::string error;  // when outcome is not kOk
};

}  // namespace temper
