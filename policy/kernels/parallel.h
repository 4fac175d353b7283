#pragma once

#include <cstdint>
#include <functional>

namespace temper {

// body(from, to) over [begin, end) in pieces of at least `grain`, in up to as many threads as the
// process computes with (SetComputeThreads, at::set_num_threads). It runs in the calling thread
// alone where that is one, or where it is called from a piece. The threads are LibTorch's.
// Thread-local settings such as InferenceMode are not passed on. Rethrows a failure of a piece.
void InParallel(int64_t begin, int64_t end, int64_t grain, const std::function<void(int64_t from, int64_t to)>& body);

}  // namespace temper
