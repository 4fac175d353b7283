#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace temper {

// Collectives among the learners. All ranks must make the same calls in the same order. Every call has the deadline given at
// construction; when it passes, the call throws Error naming the operation, this rank and how long it waited (peers are then gone or
// stuck: the process must end, which aborts the job). Not thread-safe. Buffers: host memory; Nccl takes device memory
// too.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // In place, the same result bit for bit on every rank; `name` is what the error calls it.
  virtual void AllReduceSum(float* data, size_t count, std::string_view name) = 0;
  virtual void AllReduceSum(double* data, size_t count, std::string_view name) = 0;
  virtual void Broadcast(void* data, size_t bytes, int root, std::string_view name) = 0;
  virtual void Barrier(std::string_view name) = 0;
};

// World of one: every call is the identity.
std::unique_ptr<Communicator> MakeSingleCommunicator();

}  // namespace temper
