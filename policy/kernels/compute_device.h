#pragma once

#include <string>

#include <c10/core/Device.h>

#include "policy/kernels/device_choice.h"

namespace temper {

// Whether this program has CUDA tensors (cmake --preset cuda).
bool CudaBuilt();
// GPUs that tensors can be on: 0 without CUDA, without a driver, or with an empty CUDA_VISIBLE_DEVICES.
int NumComputeGpus();
// For people: "CUDA 13.0, 1 GPU: NVIDIA H200", or why there is none.
std::string GpuDescription();

// `choice` is cluster.device: cpu; cuda: GPU `local_rank` modulo the visible ones; auto: cuda where there is a GPU, else cpu. Throws
// ConfigError when it is cuda and there is none. Makes the GPU the present one of the calling thread.
c10::Device ComputeDevice(DeviceChoice choice, int local_rank);

// Waits until what was queued on the device is done; nothing to do on the CPU.
void Synchronize(c10::Device device);

}  // namespace temper
