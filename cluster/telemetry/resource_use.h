#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/telemetry/telemetry_report.h"

namespace temper {

class Nvml;

// What this process takes of its machine. Opens the GPU library at the first sample, once; without it there are no GPUs to report.
class ResourceSampler {
 public:
  ResourceSampler();
  ~ResourceSampler();
  ResourceSampler(ResourceSampler&&) noexcept;
  ResourceSampler& operator=(ResourceSampler&&) noexcept;

  // Fills cpu_percent (of one core, since the last call), rss_bytes and gpus.
  void Sample(int64_t now_us, TelemetryReport* report);

 private:
  int64_t last_us_ = 0;
  int64_t last_cpu_us_ = 0;
  std::unique_ptr<Nvml> nvml_;
};

}  // namespace temper
