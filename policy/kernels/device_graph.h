#pragma once

#include <functional>
#include <memory>

#include <c10/core/Device.h>

namespace temper {

// Work on a GPU, recorded once and then launched as one (a CUDA graph). In programs without CUDA, Record throws.
class DeviceGraph {
 public:
  DeviceGraph();
  ~DeviceGraph();
  DeviceGraph(DeviceGraph&&) noexcept;
  DeviceGraph& operator=(DeviceGraph&&) noexcept;

  // Runs `work` twice to warm the libraries up, then records it. It must be repeatable, never wait for the device nor copy to or from
  // pageable host memory; tensors it reads must stay where they are. Those it makes share memory with other graphs' once they are let
  // go: keep what is read after a replay. Waits for the device.
  void Record(c10::Device device, const std::function<void()>& work);
  // Queues the recorded work on the present stream.
  void Replay();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper
