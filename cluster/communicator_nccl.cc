#include "cluster/communicator_nccl.h"

#include <cuda_runtime_api.h>
#include <nccl.h>
#include <unistd.h>

#include "cluster/clock.h"
#include "cluster/error.h"

#define TEMPER_CUDA_CHECK(call)                                                                    \
  do {                                                                                             \
    const cudaError_t cuda_result_ = (call);                                                       \
    if (cuda_result_ != cudaSuccess) TEMPER_FAIL(#call, ": ", cudaGetErrorString(cuda_result_));   \
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
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void AllReduceSum(float* data, size_t count, std::string_view name) override {
    BeforeCall();
    Check(ncclAllReduce(data, data, count, ncclFloat32, ncclSum, comm_, stream_), name);
    Finish(name);
  }
  void AllReduceSum(double* data, size_t count, std::string_view name) override {
    BeforeCall();
    Check(ncclAllReduce(data, data, count, ncclFloat64, ncclSum, comm_, stream_), name);
    Finish(name);
  }
  void Broadcast(void* data, size_t bytes, int root, std::string_view name) override {
    BeforeCall();
    Check(ncclBroadcast(data, data, bytes, ncclChar, root, comm_, stream_), name);
    Finish(name);
  }
  void Barrier(std::string_view name) override {
    double* one = nullptr;
    TEMPER_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&one), sizeof(double)));
    AllReduceSum(one, 1, name);
    TEMPER_CUDA_CHECK(cudaFree(one));
  }

 private:
  // Work queued on other streams of the device (the tensor library's) must be done before NCCL reads the buffer.
  void BeforeCall() {
    TEMPER_CUDA_CHECK(cudaSetDevice(device_));
    TEMPER_CUDA_CHECK(cudaDeviceSynchronize());
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
};

}  // namespace

bool NcclBuilt() { return true; }

std::string NcclVersion() {
  int version = 0;
  if (ncclGetVersion(&version) != ncclSuccess) return "";
  return Concat(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

int NumCudaDevices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::unique_ptr<Communicator> MakeNcclCommunicator(Communicator* bootstrap, int device, std::chrono::milliseconds deadline) {
  return std::make_unique<NcclCommunicator>(bootstrap, device, deadline);
}

}  // namespace temper
