// Device and main program of the tests on a GPU. Without one they say so and count as skipped (SKIP_RETURN_CODE), never as passed.
#include <cstdio>

#include <gtest/gtest.h>

#include "policy/kernels/compute_device.h"
#include "tests/support/test_device.h"

namespace temper {

at::Device TestDevice() {
  static const at::Device device = ComputeDevice(DeviceChoice::kCuda, 0);
  return device;
}

}  // namespace temper

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::printf("%s\n", temper::GpuDescription().c_str());
  if (temper::NumComputeGpus() > 0) return RUN_ALL_TESTS();
  std::printf("SKIPPED: these tests need a GPU\n");
  return TEMPER_SKIPPED;
}
