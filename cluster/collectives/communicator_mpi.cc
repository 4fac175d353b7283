#include <algorithm>
#include <limits>
#include <vector>

#include <mpi.h>

#include "cluster/collectives/communicator.h"
#include "cluster/collectives/mpi_support.h"
#include "cluster/collectives/process.h"

namespace temper {
namespace {

// MPI counts are ints: longer buffers go in pieces.
constexpr size_t kMaxBytesPerCall = size_t{1} << 28;

template <typename T>
MPI_Datatype TypeOf();
template <>
MPI_Datatype TypeOf<float>() {
  return MPI_FLOAT;
}
template <>
MPI_Datatype TypeOf<double>() {
  return MPI_DOUBLE;
}

// Collectives over a communicator of its own. The sum is done by rank order whatever MPI would choose: each rank owns a slice, gets
// everybody's part of it, adds them from rank 0 up, and the slices are gathered. Traffic is that of a ring (2 (n - 1) / n of the buffer),
// and the result is the same bits on every rank and in every run.
class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator(MPI_Comm comm, std::chrono::milliseconds deadline) : comm_(comm), deadline_(deadline) {
    TEMPER_MPI_CHECK(MPI_Comm_rank(comm_, &rank_));
    TEMPER_MPI_CHECK(MPI_Comm_size(comm_, &size_));
  }
  ~MpiCommunicator() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (!finalized) MPI_Comm_free(&comm_);
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void AllReduceSum(float* data, size_t count, std::string_view name) override { AllReduce(data, count, name); }
  void AllReduceSum(double* data, size_t count, std::string_view name) override { AllReduce(data, count, name); }
  void ReduceScatterSum(float* data, size_t count, std::string_view name) override { ReduceScatter(data, count, name); }
  void AllGather(float* data, size_t count, std::string_view name) override { Gather(data, count, name); }

  void Broadcast(void* data, size_t bytes, int root, std::string_view name) override {
    auto* position = static_cast<char*>(data);
    while (bytes > 0) {
      const size_t piece = std::min(bytes, kMaxBytesPerCall);
      MPI_Request request;
      TEMPER_MPI_CHECK(MPI_Ibcast(position, static_cast<int>(piece), MPI_CHAR, root, comm_, &request));
      WaitFor(&request, deadline_, name, rank_, size_);
      position += piece;
      bytes -= piece;
    }
  }

  void Barrier(std::string_view name) override {
    MPI_Request request;
    TEMPER_MPI_CHECK(MPI_Ibarrier(comm_, &request));
    WaitFor(&request, deadline_, name, rank_, size_);
  }

 private:
  template <typename T>
  void AllReduce(T* data, size_t count, std::string_view name) {
    ReduceScatter(data, count, name);
    Gather(data, count, name);
  }

  // Calls body(counts, offsets) for pieces of a buffer: of every rank's shard the same stretch, at most kMaxBytesPerCall in all.
  template <typename T, typename Body>
  void EachPiece(size_t count, const Body& body) {
    if (size_ == 1) return;
    TEMPER_CHECK(count <= static_cast<size_t>(std::numeric_limits<int>::max()), "a buffer of ", count,
                 " numbers is more than MPI can address");
    const size_t limit = kMaxBytesPerCall / sizeof(T) / static_cast<size_t>(size_);
    std::vector<int> counts(size_), offsets(size_);
    for (size_t start = 0; start < count / static_cast<size_t>(size_) + 1; start += limit) {
      for (int r = 0; r < size_; ++r) {
        const Shard shard = ShardOf(r, count);
        const size_t begin = std::min(shard.begin + start, shard.end);
        offsets[r] = static_cast<int>(begin);
        counts[r] = static_cast<int>(std::min(shard.end - begin, limit));
      }
      body(counts, offsets);
    }
  }

  template <typename T>
  void ReduceScatter(T* data, size_t count, std::string_view name) {
    EachPiece<T>(count, [&](const std::vector<int>& counts, const std::vector<int>& offsets) {
      const int mine = counts[rank_];
      const std::vector<int> own_counts(size_, mine);
      std::vector<int> own_offsets(size_);
      for (int r = 0; r < size_; ++r) own_offsets[r] = mine * r;
      std::vector<T> parts(static_cast<size_t>(mine) * size_);
      MPI_Request request;
      TEMPER_MPI_CHECK(MPI_Ialltoallv(data, counts.data(), offsets.data(), TypeOf<T>(), parts.data(), own_counts.data(), own_offsets.data(),
                                      TypeOf<T>(), comm_, &request));
      WaitFor(&request, deadline_, name, rank_, size_);
      T* sum = data + offsets[rank_];
      std::copy_n(parts.begin(), mine, sum);
      for (int r = 1; r < size_; ++r) {
        const T* part = parts.data() + static_cast<size_t>(mine) * r;
        for (int i = 0; i < mine; ++i) sum[i] += part[i];
      }
    });
  }

  template <typename T>
  void Gather(T* data, size_t count, std::string_view name) {
    EachPiece<T>(count, [&](const std::vector<int>& counts, const std::vector<int>& offsets) {
      MPI_Request request;
      TEMPER_MPI_CHECK(MPI_Iallgatherv(MPI_IN_PLACE, 0, TypeOf<T>(), data, counts.data(), offsets.data(), TypeOf<T>(), comm_, &request));
      WaitFor(&request, deadline_, name, rank_, size_);
    });
  }

  MPI_Comm comm_;
  std::chrono::milliseconds deadline_;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace

std::unique_ptr<Communicator> Process::Split(int color, std::chrono::milliseconds deadline) {
  MPI_Comm comm;
  TEMPER_MPI_CHECK(MPI_Comm_split(MPI_COMM_WORLD, color < 0 ? MPI_UNDEFINED : color, rank_, &comm));
  if (comm == MPI_COMM_NULL) return nullptr;
  return std::make_unique<MpiCommunicator>(comm, deadline);
}

}  // namespace temper
