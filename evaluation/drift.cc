#include "evaluation/drift.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"

namespace temper {

DriftTest::DriftTest(const DriftOptions& options) {
  TEMPER_CHECK(options.base_error > 0 && options.base_error < 0.5, "a drift test of ", options.base_error, " errors");
  const double now = options.base_error, then = now + options.flip_rate * (1 - 2 * now);
  when_wrong_ = std::log(then / now);
  when_right_ = std::log((1 - then) / (1 - now));
  limit_ = std::log(static_cast<double>(std::max<int64_t>(options.looks, 1)) / options.false_alarm);
}

void DriftTest::Add(int64_t wrong, int64_t probes) {
  sum_ = std::max(0.0, sum_ + static_cast<double>(wrong) * when_wrong_ + static_cast<double>(probes - wrong) * when_right_);
}

}  // namespace temper
