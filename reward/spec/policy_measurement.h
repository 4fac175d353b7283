#pragma once

#include <deque>
#include <string>

#include "cluster/config/fields.h"
#include "reward/grade/measured.h"

namespace temper {

// The keys of one entry. A figure that is not given is left out of `figures`.
void DescribeMeasurements(ConfigFields& fields, std::deque<GraderMeasurement>* measured);

// What is wrong with an entry, "" where nothing is.
std::string MeasurementProblem(const GraderMeasurement& measurement);

}  // namespace temper
