#pragma once

#include <barrier>
#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include "cluster/collectives/communicator.h"

namespace temper {

// Ranks as threads of one process: real collectives (barrier, sum in rank order), for tests that need several learners without MPI.
class ThreadWorld {
 public:
  explicit ThreadWorld(int size) : size_(size), buffers_(size), barrier_(size) {}

  // Runs body(communicator) on every rank, each on its own thread, and rethrows the first failure. A rank that throws leaves the
  // barrier, so the others do not hang.
  void Run(const std::function<void(Communicator&)>& body) {
    std::vector<std::exception_ptr> failures(size_);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size_; ++rank) {
      threads.emplace_back([this, rank, &body, &failures] {
        Member member(this, rank);
        try {
          body(member);
        } catch (...) {
          failures[rank] = std::current_exception();
          barrier_.arrive_and_drop();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

 private:
  class Member final : public Communicator {
   public:
    Member(ThreadWorld* world, int rank) : world_(world), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return world_->size_; }
    void AllReduceSum(float* data, size_t count, std::string_view) override { Sum(data, count); }
    void AllReduceSum(double* data, size_t count, std::string_view) override { Sum(data, count); }
    void ReduceScatterSum(float* data, size_t count, std::string_view) override { Sum(data, count); }
    void AllGather(float* data, size_t count, std::string_view) override {
      world_->buffers_[rank_] = data;
      world_->barrier_.arrive_and_wait();
      for (int r = 0; r < world_->size_; ++r) {
        const Shard shard = ShardOf(r, count);
        if (r != rank_)
          std::memcpy(data + shard.begin, static_cast<const float*>(world_->buffers_[r]) + shard.begin, shard.size() * sizeof(float));
      }
      world_->barrier_.arrive_and_wait();
    }
    void Broadcast(void* data, size_t bytes, int root, std::string_view) override {
      world_->buffers_[rank_] = data;
      world_->barrier_.arrive_and_wait();
      if (rank_ != root) std::memcpy(data, world_->buffers_[root], bytes);
      world_->barrier_.arrive_and_wait();
    }
    void Barrier(std::string_view) override { world_->barrier_.arrive_and_wait(); }

   private:
    template <typename T>
    void Sum(T* data, size_t count) {
      world_->buffers_[rank_] = data;
      world_->barrier_.arrive_and_wait();
      std::vector<T> total(count, T(0));
      for (int r = 0; r < world_->size_; ++r) {
        const T* part = static_cast<const T*>(world_->buffers_[r]);
        for (size_t i = 0; i < count; ++i) total[i] += part[i];
      }
      world_->barrier_.arrive_and_wait();
      std::memcpy(data, total.data(), count * sizeof(T));
    }

    ThreadWorld* world_;
    int rank_;
  };

  int size_;
  std::vector<void*> buffers_;
  std::barrier<> barrier_;
};

}  // namespace temper
