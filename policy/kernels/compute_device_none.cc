// Built in place of compute_device_cuda.cc in programs without CUDA.
#include "cluster/base/error.h"
#include "policy/kernels/compute_device.h"

namespace temper {

bool CudaBuilt() { return false; }
int NumComputeGpus() { return 0; }
std::string GpuDescription() { return "this program was built without CUDA (cmake --preset cuda)"; }

c10::Device ComputeDevice(DeviceChoice choice, int) {
  if (choice == DeviceChoice::kCuda) throw ConfigError("cluster.device is cuda, but " + GpuDescription() + "; set it to auto or cpu");
  return c10::kCPU;
}

void Synchronize(c10::Device) {}

}  // namespace temper
