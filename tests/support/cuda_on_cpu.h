#pragma once

// Runs CUDA kernels on the CPU: include this, then the kernels. One block at a time, each of its threads a fiber; fibers take turns at
// barriers and warp shuffles. A thread that ends lets the others of its warp and block pass. Shared memory is static, so one kernel runs
// at a time.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include <ucontext.h>

#define __global__
#define __device__
#define __shared__ static

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
inline thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_cpu {

class Block {
 public:
  enum class State { kRuns, kWaitsForWarp, kWaitsForBlock, kDone };

  Block(unsigned threads, const std::function<void()>& kernel) : kernel_(kernel), fibers_(threads), shuffled_(threads) {
    for (Fiber& fiber : fibers_) {
      fiber.stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = kStackBytes;
      fiber.context.uc_link = &scheduler_;
      makecontext(&fiber.context, &Block::Enter, 0);
    }
  }

  void Run() {
    present() = this;
    while (Count(0, fibers_.size(), State::kDone) < fibers_.size()) {
      for (size_t warp = 0; warp < fibers_.size(); warp += 32) RunWarp(warp, std::min(warp + 32, fibers_.size()));
      Release(0, fibers_.size(), State::kWaitsForBlock);
    }
  }

  void Wait(State state) {
    fibers_[running_].state = state;
    swapcontext(&fibers_[running_].context, &scheduler_);
  }

  // The value `x` of the lane that `source` picks from this thread's lane.
  template <typename T>
  T Shuffle(T x, const std::function<unsigned(unsigned lane)>& source) {
    static_assert(sizeof(T) <= sizeof(uint64_t));
    std::memcpy(&shuffled_[running_], &x, sizeof(T));
    Wait(State::kWaitsForWarp);
    const size_t from = running_ / 32 * 32 + source(static_cast<unsigned>(running_ % 32));
    if (fibers_.at(from).state == State::kDone) throw std::logic_error("shuffle from a lane that has ended");
    T result;
    std::memcpy(&result, &shuffled_[from], sizeof(T));
    Wait(State::kWaitsForWarp);
    return result;
  }

  static Block*& present() {
    static thread_local Block* block = nullptr;
    return block;
  }

 private:
  static constexpr size_t kStackBytes = 32 << 10;
  struct Fiber {
    ucontext_t context{};
    std::unique_ptr<char[]> stack;
    State state = State::kRuns;
  };

  static void Enter() {
    Block* block = present();
    block->kernel_();
    block->fibers_[block->running_].state = State::kDone;
  }

  size_t Count(size_t begin, size_t end, State state) const {
    return static_cast<size_t>(std::count_if(fibers_.begin() + static_cast<std::ptrdiff_t>(begin),
                                             fibers_.begin() + static_cast<std::ptrdiff_t>(end),
                                             [&](const Fiber& fiber) { return fiber.state == state; }));
  }

  void Release(size_t begin, size_t end, State from) {
    for (size_t i = begin; i < end; ++i) {
      if (fibers_[i].state == from) fibers_[i].state = State::kRuns;
    }
  }

  // Until all its threads have ended or wait for the block.
  void RunWarp(size_t begin, size_t end) {
    do {
      Release(begin, end, State::kWaitsForWarp);
      for (running_ = begin; running_ < end; ++running_) {
        if (fibers_[running_].state != State::kRuns) continue;
        threadIdx = {static_cast<unsigned>(running_), 0, 0};
        swapcontext(&scheduler_, &fibers_[running_].context);
      }
      if (Count(begin, end, State::kWaitsForWarp) > 0 && Count(begin, end, State::kWaitsForBlock) > 0)
        throw std::logic_error("threads of a warp wait at different barriers");
    } while (Count(begin, end, State::kWaitsForWarp) > 0);
  }

  const std::function<void()>& kernel_;
  std::vector<Fiber> fibers_;
  std::vector<uint64_t> shuffled_;
  ucontext_t scheduler_{};
  size_t running_ = 0;
};

inline void Launch(dim3 grid, unsigned threads, const std::function<void()>& kernel) {
  gridDim = grid;
  blockDim = {threads, 1, 1};
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = {x, y, z};
        Block(threads, kernel).Run();
      }
}

}  // namespace cuda_on_cpu

inline void __syncthreads() { cuda_on_cpu::Block::present()->Wait(cuda_on_cpu::Block::State::kWaitsForBlock); }
template <typename T>
T __shfl_xor_sync(unsigned, T x, int lanes) {
  return cuda_on_cpu::Block::present()->Shuffle(x, [&](unsigned lane) { return lane ^ static_cast<unsigned>(lanes); });
}
template <typename T>
T __shfl_up_sync(unsigned, T x, int lanes) {
  return cuda_on_cpu::Block::present()->Shuffle(
      x, [&](unsigned lane) { return lane >= static_cast<unsigned>(lanes) ? lane - static_cast<unsigned>(lanes) : lane; });
}
template <typename T>
T __shfl_sync(unsigned, T x, int source) {
  return cuda_on_cpu::Block::present()->Shuffle(x, [&](unsigned) { return static_cast<unsigned>(source); });
}
inline float __uint_as_float(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t __float_as_uint(float x) { return std::bit_cast<uint32_t>(x); }
