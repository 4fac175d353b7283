#pragma once

#include <cstdint>
#include <string>

namespace temper {

// How often a grader and people say the same of a yes/no question, in [0, 1]; -1 = not measured.
struct GraderAgreement {
  double agreement = -1;  // share of answers of which both say the same
  double precision = -1;  // of what the grader says yes to, what people say yes to
  double recall = -1;     // of what people say yes to, what the grader says yes to

  bool measured() const { return agreement >= 0 || precision >= 0 || recall >= 0; }
};

// How well a grader does, as measured once beside people's labels.
struct GraderMeasurement {
  std::string dataset;  // whose labels
  int64_t rows = 0;     // answers compared; 0 = nothing was measured
  std::string date;
  std::string source;  // where the measurement is described
  GraderAgreement unsafe;
  GraderAgreement refusals;

  bool present() const { return rows > 0; }
};

}  // namespace temper
