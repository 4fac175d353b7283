#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/collectives/communicator.h"
#include "cluster/collectives/shared_barrier.h"

namespace temper {
namespace {

// Bytes of one rank's place: small enough that what is written there is still in the caches when the others read it.
constexpr size_t kPlaceBytes = size_t{256} << 10;
constexpr size_t kNameBytes = 64;

// The memory: one barrier, then two sets of places, one place a rank; the sets take turns, so that a rank may fill the next set while
// others still read the last one.
class SharedMemory {
 public:
  explicit SharedMemory(Communicator* bootstrap)
      : bytes_(sizeof(SharedBarrier) + 2 * kPlaceBytes * static_cast<size_t>(bootstrap->size())) {
    char name[kNameBytes] = {};
    int failed = 0;  // errno of rank 0
    int fd = -1;
    if (bootstrap->rank() == 0) {
      std::snprintf(name, sizeof(name), "/temper-sum-%d", getpid());
      shm_unlink(name);  // of a dead process that had our number
      fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      // Reserved now: running out of space later would be a bus error.
      if (fd < 0)
        failed = errno;
      else
        failed = posix_fallocate(fd, 0, static_cast<off_t>(bytes_));
    }
    bootstrap->Broadcast(&failed, sizeof(failed), 0, "shared memory");
    bootstrap->Broadcast(name, sizeof(name), 0, "shared memory");
    if (failed == 0 && fd < 0) fd = shm_open(name, O_RDWR | O_CLOEXEC, 0600);
    const int opened = errno;
    bootstrap->Barrier("shared memory");  // all have opened it: the name can go, and nothing is left behind when a process is killed
    if (bootstrap->rank() == 0) shm_unlink(name);
    TEMPER_CHECK(failed == 0, "learner collectives: ", bytes_ >> 10, " KiB of shared memory could not be had: ", std::strerror(failed),
                 "; free some of /dev/shm, or set cluster.learner_backend to mpi");
    TEMPER_CHECK(fd >= 0, "learner collectives: shared memory ", name, ": ", std::strerror(opened));
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    TEMPER_CHECK(memory != MAP_FAILED, "learner collectives: cannot map shared memory: ", std::strerror(errno));
    memory_ = static_cast<char*>(memory);
  }
  ~SharedMemory() { munmap(memory_, bytes_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  SharedBarrier& barrier() const { return *reinterpret_cast<SharedBarrier*>(memory_); }
  char* Place(size_t set, int rank, int ranks) const {
    return memory_ + sizeof(SharedBarrier) + kPlaceBytes * (set * static_cast<size_t>(ranks) + static_cast<size_t>(rank));
  }

 private:
  size_t bytes_;
  char* memory_ = nullptr;
};

class SharedMemoryCommunicator final : public Communicator {
 public:
  SharedMemoryCommunicator(std::unique_ptr<Communicator> bootstrap, std::chrono::milliseconds deadline)
      : bootstrap_(std::move(bootstrap)),
        deadline_(deadline),
        rank_(bootstrap_->rank()),
        size_(bootstrap_->size()),
        memory_(bootstrap_.get()) {
    TEMPER_CHECK(size_ <= SharedBarrier::max_ranks(), "more than ", SharedBarrier::max_ranks(), " learners on one host");
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void AllReduceSum(float* data, size_t count, std::string_view name) override { AllReduce(data, count, name); }
  void AllReduceSum(double* data, size_t count, std::string_view name) override { AllReduce(data, count, name); }
  void ReduceScatterSum(float* data, size_t count, std::string_view name) override { ReduceScatter(data, count, name); }
  void AllGather(float* data, size_t count, std::string_view name) override { Gather(data, count, name); }
  void Broadcast(void* data, size_t bytes, int root, std::string_view name) override { bootstrap_->Broadcast(data, bytes, root, name); }
  void Barrier(std::string_view name) override { bootstrap_->Barrier(name); }

 private:
  // Stretch by stretch, so that a sum goes out again while it is still in the caches.
  template <typename T>
  void AllReduce(T* data, size_t count, std::string_view name) {
    const size_t stretch = kPlaceBytes / sizeof(T) / static_cast<size_t>(size_);
    for (size_t start = 0; start < LongestShard(count); start += stretch) {
      ReduceStretch(data, count, start, stretch, name);
      GatherStretch(data, count, start, stretch, name);
    }
  }

  template <typename T>
  void ReduceScatter(T* data, size_t count, std::string_view name) {
    const size_t stretch = kPlaceBytes / sizeof(T) / static_cast<size_t>(size_);
    for (size_t start = 0; start < LongestShard(count); start += stretch) ReduceStretch(data, count, start, stretch, name);
  }

  template <typename T>
  void Gather(T* data, size_t count, std::string_view name) {
    const size_t stretch = kPlaceBytes / sizeof(T);
    for (size_t start = 0; start < LongestShard(count); start += stretch) GatherStretch(data, count, start, stretch, name);
  }

  // Every rank lays out its part of each other shard's stretch, and adds up what lies there for its own, from rank 0 up.
  template <typename T>
  void ReduceStretch(T* data, size_t count, size_t start, size_t stretch, std::string_view name) {
    const size_t set = NextSet();
    T* place = reinterpret_cast<T*>(memory_.Place(set, rank_, size_));
    for (int r = 0; r < size_; ++r) {
      const Shard part = Stretch(r, count, start, stretch);
      if (r != rank_) std::copy(data + part.begin, data + part.end, place + stretch * static_cast<size_t>(r));
    }
    memory_.barrier().Arrive(rank_, size_, deadline_, name);
    const Shard own = Stretch(rank_, count, start, stretch);
    AddUp(data + own.begin, own.size(), stretch * static_cast<size_t>(rank_), set);
  }

  // Every rank lays out its own shard's stretch and takes those of the others.
  template <typename T>
  void GatherStretch(T* data, size_t count, size_t start, size_t stretch, std::string_view name) {
    const size_t set = NextSet();
    const Shard own = Stretch(rank_, count, start, stretch);
    std::copy(data + own.begin, data + own.end, reinterpret_cast<T*>(memory_.Place(set, rank_, size_)));
    memory_.barrier().Arrive(rank_, size_, deadline_, name);
    for (int r = 0; r < size_; ++r) {
      if (r == rank_) continue;
      const Shard part = Stretch(r, count, start, stretch);
      std::copy_n(reinterpret_cast<const T*>(memory_.Place(set, r, size_)), part.size(), data + part.begin);
    }
  }

  // own[i] = the sum over the ranks of what they hold for it, this rank's being in `own`.
  template <typename T>
  void AddUp(T* own, size_t count, size_t offset, size_t set) {
    constexpr size_t kBlock = 1024;
    T sum[kBlock];
    for (size_t first = 0; first < count; first += kBlock) {
      const size_t length = std::min(kBlock, count - first);
      for (int r = 0; r < size_; ++r) {
        const T* part = r == rank_ ? own + first : reinterpret_cast<const T*>(memory_.Place(set, r, size_)) + offset + first;
        if (r == 0)
          std::copy_n(part, length, sum);
        else
          for (size_t i = 0; i < length; ++i) sum[i] += part[i];
      }
      std::copy_n(sum, length, own + first);
    }
  }

  size_t NextSet() { return turn_++ % 2; }
  size_t LongestShard(size_t count) const { return (count + static_cast<size_t>(size_) - 1) / static_cast<size_t>(size_); }
  // Elements `start` to `start + length` of a rank's shard, in the whole buffer.
  Shard Stretch(int owner, size_t count, size_t start, size_t length) const {
    const Shard shard = ShardOf(owner, count);
    const size_t begin = std::min(shard.begin + start, shard.end);
    return {begin, std::min(begin + length, shard.end)};
  }

  std::unique_ptr<Communicator> bootstrap_;
  std::chrono::milliseconds deadline_;
  int rank_;
  int size_;
  SharedMemory memory_;
  size_t turn_ = 0;
};

}  // namespace

std::unique_ptr<Communicator> MakeSharedMemoryCommunicator(std::unique_ptr<Communicator> bootstrap, std::chrono::milliseconds deadline) {
  return std::make_unique<SharedMemoryCommunicator>(std::move(bootstrap), deadline);
}

}  // namespace temper
