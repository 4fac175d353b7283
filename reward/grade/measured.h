#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace temper {

// Words of `dataset` and `compared` that readers know. They stand for rows of all sources together,
// sources that the grader has not seen, or has, and rows that a member of it was trained on. The
// last says that the intent was told.
inline constexpr char kAllRows[] = "all rows";
inline constexpr char kUnseenSources[] = "sources it has not seen";
inline constexpr char kSeenSources[] = "sources it was trained on";
inline constexpr char kMemberTrained[] = "a member was trained on";
inline constexpr char kIntentTold[] = "intent told";

// How well a grader agreed with people on one labelled data set. It changes no grade.
struct GraderMeasurement {
  std::string dataset;
  int64_t rows = 0;      // that were compared
  std::string compared;  // what with what, for people; may be empty
  std::string baseline;  // the best rule that needs no grader (always safe, a refusal regex, length); what the baseline_ figures are of
  std::string date;      // YYYY-MM-DD
  std::vector<std::pair<std::string, double>> figures;  // name and value in [0, 1], those that are given
};

}  // namespace temper
