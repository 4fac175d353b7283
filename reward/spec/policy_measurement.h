#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

// How well a policy spec's grader agreed with people on one labelled data set: an entry of the spec's `measured`. It describes the spec and
// changes no grade.
struct PolicyMeasurement {
  std::string dataset;
  int64_t rows = 0;      // that were compared
  std::string compared;  // what with what, for people; may be empty
  std::string baseline;  // the best rule that needs no spec (always safe, a refusal regex, length); what the baseline_ figures are of
  std::string date;      // YYYY-MM-DD
  std::vector<std::pair<std::string, double>> figures;  // name and value in [0, 1], those that are given, in the order of the reference
};

// The keys of one entry. A figure that is not given is left out of `figures`.
void DescribeMeasurements(ConfigFields& fields, std::deque<PolicyMeasurement>* measured);

// What is wrong with an entry, "" where nothing is.
std::string MeasurementProblem(const PolicyMeasurement& measurement);

}  // namespace temper
