#include "cluster/metrics/row_json.h"

#include <cmath>

#include "cluster/base/utc_time.h"

namespace temper {

nlohmann::ordered_json JsonOf(const StepRow& row) {
  nlohmann::ordered_json line;
  line["stage"] = row.stage;
  line["step"] = row.step;
  line["time"] = UtcText(row.time);
  nlohmann::ordered_json nonfinite = nlohmann::ordered_json::array();
  for (const auto& [name, value] : row.values) {
    if (std::isfinite(value)) {
      line[name] = value;
    } else {
      line[name] = nullptr;
      nonfinite.push_back(name);
    }
  }
  if (!nonfinite.empty()) line["nonfinite"] = nonfinite;
  return line;
}

}  // namespace temper
