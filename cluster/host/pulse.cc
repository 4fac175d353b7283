#include "cluster/host/pulse.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Number = std::atomic<uint64_t>;
static_assert(Number::is_always_lock_free);

constexpr char kVariable[] = "TEMPER_PULSE";

}  // namespace

Pulse::Pulse() : Pulse(memfd_create("temper-pulse", MFD_CLOEXEC)) {}

Pulse::Pulse(int fd) : fd_(fd) {
  TEMPER_CHECK(fd_ >= 0 && ftruncate(fd_, sizeof(Number)) == 0, "pulse: no memory to share: ", std::strerror(errno));
  memory_ = mmap(nullptr, sizeof(Number), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  TEMPER_CHECK(memory_ != MAP_FAILED, "pulse: no memory to share: ", std::strerror(errno));
}

// Programs that this process starts must not get the descriptor.
Pulse Pulse::Inherited() {
  const char* text = std::getenv(kVariable);
  const int fd = text == nullptr ? -1 : std::atoi(text);
  unsetenv(kVariable);
  if (fd <= 2 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return {};
  return Pulse(fd);
}

Pulse::Pulse(Pulse&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), memory_(std::exchange(other.memory_, nullptr)), count_(other.count_) {}

Pulse::~Pulse() {
  if (memory_ != nullptr) munmap(memory_, sizeof(Number));
  if (fd_ >= 0) close(fd_);
}

void Pulse::Beat() noexcept { static_cast<Number*>(memory_)->store(++count_, std::memory_order_relaxed); }
void Pulse::Rest() noexcept { static_cast<Number*>(memory_)->store(0, std::memory_order_relaxed); }
uint64_t Pulse::value() const noexcept { return static_cast<Number*>(memory_)->load(std::memory_order_relaxed); }

void Pulse::ShareWithProgram() const {
  fcntl(fd_, F_SETFD, 0);
  setenv(kVariable, std::to_string(fd_).c_str(), 1);
}

}  // namespace temper
