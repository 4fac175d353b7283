#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace temper {

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
