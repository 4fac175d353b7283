#pragma once

// Shared by the MPI sources of this room only; they include the MPI header themselves, before this one.
#include <chrono>
#include <string_view>

#include "cluster/base/error.h"

#ifndef MPI_VERSION
#error "include the MPI header first"
#endif

#define TEMPER_MPI_CHECK(call)                                                                  \
  do {                                                                                          \
    const int mpi_result_ = (call);                                                             \
    if (mpi_result_ != MPI_SUCCESS) TEMPER_FAIL(#call, " failed with MPI error ", mpi_result_); \
  } while (false)

namespace temper {

// Waits for `request` without spinning: brief yields first, then short sleeps. Throws Error naming the operation when the deadline passes.
void WaitFor(MPI_Request* request, std::chrono::milliseconds deadline, std::string_view operation, int rank, int size);

}  // namespace temper
