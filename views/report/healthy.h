#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace temper {

// The range that the table of metrics (cluster/metrics/metric_table.h) calls healthy, where its
// words hold one. Such words are "below 0.2", "at most `rl.max_staleness`" (a key, looked up in the
// settings), "above 0.9", "0.2 to 0.8". The open side is infinite. Other words, "rises", give none.
std::optional<std::pair<double, double>> HealthyRange(std::string_view words, const std::map<std::string, std::string>& settings);

}  // namespace temper
