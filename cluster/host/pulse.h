#pragma once

#include <cstdint>

namespace temper {

// A sign of life between a process and the one that watches it: a number in shared memory, which the one counts up and the other reads. A
// beat costs a store. Move-only.
class Pulse {
 public:
  // The watcher's end: memory of its own, which children share. Throws Error.
  Pulse();
  // The watched one's end, of what ShareWithProgram told; memory that nobody reads where it told nothing.
  static Pulse Inherited();
  ~Pulse();
  Pulse(Pulse&& other) noexcept;
  Pulse& operator=(Pulse&&) = delete;

  void Beat() noexcept;  // by one thread
  // What comes may take long without a beat (loading a model), and is to be waited for: nobody watches until the next beat.
  void Rest() noexcept;
  // Another number since the last look means life; 0 = it rests, or has not begun.
  uint64_t value() const noexcept;

  // In a forked child: tells Inherited where the memory is, in the environment, across an exec too.
  void ShareWithProgram() const;

 private:
  explicit Pulse(int fd);

  int fd_ = -1;
  void* memory_ = nullptr;
  uint64_t count_ = 0;
};

}  // namespace temper
