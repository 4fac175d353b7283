#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>

#include "cluster/base/error.h"
#include "policy/kernels/device_graph.h"

namespace temper {
namespace {

// One for all graphs of the process: they run one after the other.
at::cuda::MempoolId_t Pool() {
  static const at::cuda::MempoolId_t pool = at::cuda::graph_pool_handle();
  return pool;
}

}  // namespace

struct DeviceGraph::State {
  at::cuda::CUDAGraph graph;
};

DeviceGraph::DeviceGraph() = default;
DeviceGraph::~DeviceGraph() = default;
DeviceGraph::DeviceGraph(DeviceGraph&&) noexcept = default;
DeviceGraph& DeviceGraph::operator=(DeviceGraph&&) noexcept = default;

void DeviceGraph::Record(c10::Device device, const std::function<void()>& work) {
  state_ = std::make_unique<State>();
  const c10::cuda::CUDAGuard on_device(device);
  c10::cuda::device_synchronize();
  const c10::cuda::CUDAStreamGuard on_side_stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()));
  work();
  work();
  c10::cuda::device_synchronize();
  state_->graph.capture_begin(Pool(), cudaStreamCaptureModeThreadLocal);
  try {
    work();
  } catch (...) {
    state_->graph.capture_end();
    throw;
  }
  state_->graph.capture_end();
}

void DeviceGraph::Replay() {
  TEMPER_CHECK(state_ != nullptr, "nothing was recorded");
  state_->graph.replay();
}

}  // namespace temper
