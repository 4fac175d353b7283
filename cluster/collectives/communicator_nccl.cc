#include "cluster/collectives/communicator_nccl.h"

#include <cuda_runtime_api.h>
#include <nccl.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

#define TEMPER_CUDA_CHECK(call)                                                                  \
  do {                                                                                           \
    const cudaError_t cuda_result_ = (call);                                                     \
    if (cuda_result_ != cudaSuccess) TEMPER_FAIL(#call, ": ", cudaGetErrorString(cuda_result_)); \
  } while (false)

namespace temper {
namespace {

class NcclCommunicator final : public Communicator {
 public:
  NcclCommunicator(Communicator* bootstrap, int device, std::chrono::milliseconds deadline)
      : rank_(bootstrap->rank()), size_(bootstrap->size()), device_(device), deadline_(deadline) {
    ncclUniqueId id{};
    if (rank_ == 0) Check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    bootstrap->Broadcast(&id, sizeof(id), 0, "nccl unique id");
    TEMPER_CUDA_CHECK(cudaSetDevice(device_));
    TEMPER_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    Check(ncclCommInitRankConfig(&comm_, size_, id, rank_, &config), "ncclCommInitRankConfig");
    WaitReady("ncclCommInitRankConfig");
  }
  ~NcclCommunicator() override {
    if (comm_ != nullptr) ncclCommAbort(comm_);
    if (staging_ != nullptr) cudaFree(staging_);
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool TakesDeviceMemory() const override { return true; }

  void AllReduceSum(float* data, size_t count, std::string_view name) override { AllReduce(data, count, ncclFloat32, name); }
  void AllReduceSum(double* data, size_t count, std::string_view name) override { AllReduce(data, count, ncclFloat64, name); }
  // Shards may differ by one element, which ncclReduceScatter and ncclAllGather do not take: one rooted call a shard, in one group.
  void ReduceScatterSum(float* data, size_t count, std::string_view name) override {
    EachShard(data, count, name, [&](float* shard, size_t length, int owner) {
      return ncclReduce(shard, shard, length, ncclFloat32, ncclSum, owner, comm_, stream_);
    });
  }
  void AllGather(float* data, size_t count, std::string_view name) override {
    EachShard(data, count, name, [&](float* shard, size_t length, int owner) {
      return ncclBroadcast(shard, shard, length, ncclFloat32, owner, comm_, stream_);
    });
  }
  void Broadcast(void* data, size_t bytes, int root, std::string_view name) override {
    OnDevice(data, bytes, name,
             [&](void* device_data) { Check(ncclBroadcast(device_data, device_data, bytes, ncclChar, root, comm_, stream_), name); });
  }
  void Barrier(std::string_view name) override {
    double one = 1;
    AllReduceSum(&one, 1, name);
  }

 private:
  template <typename T>
  void AllReduce(T* data, size_t count, ncclDataType_t type, std::string_view name) {
    OnDevice(data, count * sizeof(T), name,
             [&](void* device_data) { Check(ncclAllReduce(device_data, device_data, count, type, ncclSum, comm_, stream_), name); });
  }

  template <typename Call>
  void EachShard(float* data, size_t count, std::string_view name, const Call& call) {
    OnDevice(data, count * sizeof(float), name, [&](void* device_data) {
      Check(ncclGroupStart(), name);
      for (int owner = 0; owner < size_; ++owner) {
        const Shard shard = ShardOf(owner, count);
        Check(call(static_cast<float*>(device_data) + shard.begin, shard.size(), owner), name);
      }
      Check(ncclGroupEnd(), name);
    });
  }

  // Runs `call` on the buffer, or on a copy of it in device memory when it lies in host memory, and waits for the result.
  template <typename Call>
  void OnDevice(void* data, size_t bytes, std::string_view name, const Call& call) {
    TEMPER_CUDA_CHECK(cudaSetDevice(device_));
    cudaPointerAttributes attributes{};
    const bool on_device = cudaPointerGetAttributes(&attributes, data) == cudaSuccess && attributes.type == cudaMemoryTypeDevice;
    cudaGetLastError();  // older drivers report plain host memory as an error
    if (on_device) {
      // Work queued on other streams of the device (the tensor library's) must be done before NCCL reads the buffer.
      TEMPER_CUDA_CHECK(cudaDeviceSynchronize());
      call(data);
      return Finish(name);
    }
    Reserve(bytes);
    TEMPER_CUDA_CHECK(cudaMemcpyAsync(staging_, data, bytes, cudaMemcpyHostToDevice, stream_));
    call(staging_);
    TEMPER_CUDA_CHECK(cudaMemcpyAsync(data, staging_, bytes, cudaMemcpyDeviceToHost, stream_));
    Finish(name);
  }

  void Reserve(size_t bytes) {
    if (bytes <= staging_bytes_) return;
    if (staging_ != nullptr) TEMPER_CUDA_CHECK(cudaFree(staging_));
    staging_ = nullptr;
    TEMPER_CUDA_CHECK(cudaMalloc(&staging_, bytes));
    staging_bytes_ = bytes;
  }

  void Check(ncclResult_t result, std::string_view name) {
    if (result == ncclSuccess || result == ncclInProgress) return;
    Fail(name, ncclGetErrorString(result));
  }

  [[noreturn]] void Fail(std::string_view name, std::string_view why) {
    if (comm_ != nullptr) ncclCommAbort(comm_);
    comm_ = nullptr;
    TEMPER_FAIL("NCCL ", name, " on rank ", rank_, " of ", size_, ": ", why, " (NCCL_DEBUG=INFO shows more)");
  }

  void WaitReady(std::string_view name) {
    const Stopwatch watch;
    for (;;) {
      ncclResult_t state = ncclSuccess;
      const ncclResult_t asked = ncclCommGetAsyncError(comm_, &state);
      if (asked != ncclSuccess) Fail(name, ncclGetErrorString(asked));
      if (state == ncclSuccess) return;
      if (state != ncclInProgress) Fail(name, ncclGetErrorString(state));
      if (watch.Seconds() > std::chrono::duration<double>(deadline_).count()) Fail(name, "deadline passed (cluster.collective_timeout_s)");
      usleep(50);
    }
  }

  void Finish(std::string_view name) {
    WaitReady(name);
    const Stopwatch watch;
    for (;;) {
      const cudaError_t state = cudaStreamQuery(stream_);
      if (state == cudaSuccess) return;
      if (state != cudaErrorNotReady) Fail(name, cudaGetErrorString(state));
      ncclResult_t error = ncclSuccess;
      ncclCommGetAsyncError(comm_, &error);
      if (error != ncclSuccess && error != ncclInProgress) Fail(name, ncclGetErrorString(error));
      if (watch.Seconds() > std::chrono::duration<double>(deadline_).count()) Fail(name, "deadline passed (cluster.collective_timeout_s)");
      usleep(10);
    }
  }

  int rank_;
  int size_;
  int device_;
  std::chrono::milliseconds deadline_;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
  void* staging_ = nullptr;  // device copy of host buffers
  size_t staging_bytes_ = 0;
};

}  // namespace

bool NcclBuilt() { return true; }

std::string NcclVersion() {
  int version = 0;
  if (ncclGetVersion(&version) != ncclSuccess) return "";
  return Concat(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

std::unique_ptr<Communicator> MakeNcclCommunicator(Communicator* bootstrap, int device, std::chrono::milliseconds deadline) {
  return std::make_unique<NcclCommunicator>(bootstrap, device, deadline);
}

}  // namespace temper
