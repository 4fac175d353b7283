#include "policy/kernels/torch_version.h"

#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/headeronly/version.h>

namespace temper {

std::string TorchVersion() { return TORCH_VERSION; }

void SetComputeThreads(int threads) {
  constexpr int kKeepBytes = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kKeepBytes);
  mallopt(M_TRIM_THRESHOLD, kKeepBytes);
  mallopt(M_TOP_PAD, 64 << 20);
  at::set_num_threads(threads);
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);  // LibTorch refuses a second call
}

}  // namespace temper
