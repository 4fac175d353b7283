// Built in place of device_graph_cuda.cc in programs without CUDA.
#include "cluster/base/error.h"
#include "policy/kernels/device_graph.h"

namespace temper {

struct DeviceGraph::State {};

DeviceGraph::DeviceGraph() = default;
DeviceGraph::~DeviceGraph() = default;
DeviceGraph::DeviceGraph(DeviceGraph&&) noexcept = default;
DeviceGraph& DeviceGraph::operator=(DeviceGraph&&) noexcept = default;
void DeviceGraph::Record(c10::Device, const std::function<void()>&) { TEMPER_FAIL("this program was built without CUDA graphs"); }
void DeviceGraph::Replay() { TEMPER_FAIL("nothing was recorded"); }

}  // namespace temper
