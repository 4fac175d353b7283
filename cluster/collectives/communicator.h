#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace temper {

// Collectives among the learners. All ranks must make the same calls in the same order. Every call
// has the deadline given at construction. When it passes, the call throws Error naming the
// operation, this rank and how long it waited. Peers are then gone or stuck: the process must end,
// which aborts the job. Not thread-safe. Buffers: host memory; where TakesDeviceMemory, a GPU's
// too, which are worked on in place.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual bool TakesDeviceMemory() const { return false; }  // whether buffers may be in the memory of a GPU
  // In place, the same result bit for bit on every rank; `name` is what the error calls it.
  virtual void AllReduceSum(float* data, size_t count, std::string_view name) = 0;
  virtual void AllReduceSum(double* data, size_t count, std::string_view name) = 0;
  // The two halves of an all-reduce, with the same sums. After the first only this rank's shard of `data` is defined; the second gives
  // every rank the shards of all.
  virtual void ReduceScatterSum(float* data, size_t count, std::string_view name) = 0;
  virtual void AllGather(float* data, size_t count, std::string_view name) = 0;
  virtual void Broadcast(void* data, size_t bytes, int root, std::string_view name) = 0;
  virtual void Barrier(std::string_view name) = 0;

  // Elements [begin, end) of a buffer of `count` that `rank` owns in the calls above.
  struct Shard {
    size_t begin = 0;
    size_t end = 0;
    size_t size() const { return end - begin; }
  };
  Shard ShardOf(int rank_of_owner, size_t count) const {
    const auto ranks = static_cast<size_t>(size());
    const auto owner = static_cast<size_t>(rank_of_owner);
    return {count * owner / ranks, count * (owner + 1) / ranks};
  }
};

// World of one: every call is the identity.
std::unique_ptr<Communicator> MakeSingleCommunicator();

// Sums and gathers through memory that the ranks of one host share, with the same bits as the
// communicator it is made from. The latter brings the ranks together and serves the other calls.
// Collective. Throws Error when the memory cannot be had. Waiting ranks sleep.
std::unique_ptr<Communicator> MakeSharedMemoryCommunicator(std::unique_ptr<Communicator> bootstrap, std::chrono::milliseconds deadline);

}  // namespace temper
