// Built in place of cuda_kernels.cu and device_kernels_cuda.cc in programs without CUDA.
#include "cluster/base/error.h"
#include "policy/kernels/device_kernels.h"

namespace temper {
namespace {

[[noreturn]] void NotBuilt() { TEMPER_FAIL("this program was built without CUDA (cmake --preset cuda)"); }

}  // namespace

bool DeviceKernelsBuilt() { return false; }
at::Tensor DeviceRmsNorm(const at::Tensor&, const at::Tensor&, double, at::ScalarType) { NotBuilt(); }
at::Tensor DeviceSwiGlu(const at::Tensor&) { NotBuilt(); }
std::array<at::Tensor, 3> DeviceSplitHeads(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                           double, int64_t, int64_t, int64_t) {
  NotBuilt();
}
at::Tensor DeviceDecodeAttention(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                 const DeviceDecodeRows&, int64_t, int64_t) {
  NotBuilt();
}
at::Tensor DeviceDraw(const at::Tensor&, const at::Tensor&, const at::Tensor&) { NotBuilt(); }

}  // namespace temper
