#pragma once

#include <string>

#include "evaluation/gate_sweep.h"

namespace temper {

// <arm>/eval/[start/]<set>.gate_sweep.json: {"set", "weight_hash", "tokens": [name], "prompts",
// "answers", "marked": as GateSweep::marked, "ungated": point, "points": [point]}. A point is
// {"token", "threshold", "shares": {token: share}, figures, "less_ungated": figures, "by_category":
// {category: figures}}. Figures are {"unsafe", "over_refusal", "utility", "help_given_safe"}, each
// {"mean", "low", "high", "n"} or null where it is undefined. A bound is null where nothing can be
// said. threshold 2 stands for never. The folder must exist; the file appears whole.
void WriteGateSweep(const std::string& path, const GateSweep& sweep);

// Whether the file is there, whole, and of these weights.
bool HasGateSweep(const std::string& path, const std::string& weight_hash);

}  // namespace temper
