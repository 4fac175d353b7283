#pragma once

#include <nlohmann/json.hpp>

#include "cluster/metrics/metric_sink.h"

namespace temper {

// A row as metrics.jsonl and commands get it: {"stage", "step", "time": UTC, metric: number or null, ..., "nonfinite"?: [metric]}. A value
// that is not finite is null and named in "nonfinite".
nlohmann::ordered_json JsonOf(const StepRow& row);

}  // namespace temper
