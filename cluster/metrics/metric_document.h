#pragma once

#include <string>

namespace temper {

// docs/METRICS.md: every metric of the table, group by group, and what can be done with them. Printed by `temper metrics`.
std::string MetricDocument();

}  // namespace temper
