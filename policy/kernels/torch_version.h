#pragma once

#include <string>

namespace temper {

// Of the LibTorch this program was compiled with, e.g. "2.11.0".
std::string TorchVersion();

// Compute threads of this process from now on; call before the first tensor operation. Also keeps the allocator from returning large
// blocks to the system after each use: page faults of big temporaries would cost more than the arithmetic.
void SetComputeThreads(int threads);

}  // namespace temper
