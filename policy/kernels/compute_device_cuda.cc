#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAFunctions.h>

#include "cluster/base/error.h"
#include "policy/kernels/compute_device.h"

namespace temper {
namespace {

std::string CudaVersionText() { return Concat("CUDA ", CUDART_VERSION / 1000, ".", CUDART_VERSION / 10 % 100); }

}  // namespace

bool CudaBuilt() { return true; }

int NumComputeGpus() { return c10::cuda::device_count(); }

std::string GpuDescription() {
  const int count = NumComputeGpus();
  if (count == 0) return CudaVersionText() + ", no GPU is visible (see nvidia-smi, and CUDA_VISIBLE_DEVICES)";
  std::string text = Concat(CudaVersionText(), ", ", count, count == 1 ? " GPU: " : " GPUs: ");
  for (int i = 0; i < count; ++i) {
    const cudaDeviceProp* properties = at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(i));
    text += Concat(i > 0 ? ", " : "", properties->name, " (sm_", properties->major, properties->minor, ", ",
                   properties->totalGlobalMem >> 30, " GiB)");
  }
  return text;
}

c10::Device ComputeDevice(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCpu) return c10::kCPU;
  const int count = NumComputeGpus();
  if (count == 0 && choice == DeviceChoice::kAuto) return c10::kCPU;
  if (count == 0) throw ConfigError("cluster.device is cuda, but " + GpuDescription() + "; set it to auto or cpu");
  const auto index = static_cast<c10::DeviceIndex>(local_rank % count);
  c10::cuda::set_device(index);
  return {c10::kCUDA, index};
}

void Synchronize(c10::Device device) {
  if (device.is_cuda()) c10::cuda::stream_synchronize(at::cuda::getCurrentCUDAStream(device.index()));
}

}  // namespace temper
