#pragma once

#include "policy/model/transformer.h"

namespace temper {

// Where a test of ATen's operations runs. The same test files make two programs: with test_device_cpu.cc one that every machine runs, with
// test_device_cuda.cc one for a GPU, of builds with CUDA (temper_cuda_test in cmake/TemperTest.cmake).
at::Device TestDevice();

// How much further than on the CPU a result may be off: a GPU's libraries add in orders of their own and fuse what they like.
inline double Slack() { return TestDevice().is_cpu() ? 1 : 10; }

inline void UseTestDevice(Transformer* model) {
  model->MoveTo(TestDevice());
  model->UsePortable();
}

}  // namespace temper
