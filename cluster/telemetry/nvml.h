#pragma once

#include <memory>
#include <vector>

#include "cluster/telemetry/telemetry_report.h"

namespace temper {

// Use and memory of the GPUs this process may see, through the driver's management library, which
// is looked for at run time. A machine without it has no GPUs to watch. A library that is there but
// fails is told of in one warning, and nothing is reported from then on.
class Nvml {
 public:
  explicit Nvml(const char* library = "libnvidia-ml.so.1");
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::vector<GpuUse> Sample();  // by index; those that CUDA_VISIBLE_DEVICES names, all without it

 private:
  struct Library;
  std::unique_ptr<Library> library_;  // null = none
};

}  // namespace temper
