#include "policy/kernels/parallel.h"

#include <ATen/Parallel.h>

// The template of ATen runs everything in one thread where it is compiled without OpenMP, so this is the one file that uses it.
#if !defined(INTRA_OP_PARALLEL) && !defined(__clang__)
#error "compile this file with -fopenmp"
#endif

namespace temper {

void InParallel(int64_t begin, int64_t end, int64_t grain, const std::function<void(int64_t from, int64_t to)>& body) {
  at::parallel_for(begin, end, grain, body);
}

}  // namespace temper
