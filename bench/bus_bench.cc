// Acknowledged messages per second through the bus and its task table, everything (both ends, both I/O threads) on one core: each message
// is a task given out within the client's credit, a 4 KB result, and its acknowledgement. The peer, in the same run: bare libzmq
// PUSH -> PULL of the same bytes on the same core, which neither checks, acknowledges nor remembers anything.
//   bus_bench [messages]
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <sched.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"

namespace temper {
namespace {

constexpr size_t kResultBytes = 4096;
constexpr int64_t kCapacity = 512;

void PinToOneCore() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  TEMPER_CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "cannot pin to core 0");
}

double OursPerSecond(int64_t messages) {
  BusOptions options;
  options.run_id = 7;
  ZmqServer server("tcp://127.0.0.1:*", options);
  server.SetWelcome(Role::kReward, "");
  std::thread client_thread([&, endpoint = server.endpoint()] {
    ZmqClient client({.endpoint = endpoint, .role = Role::kReward, .capacity = kCapacity, .run_id = 7});
    client.Register(std::chrono::seconds(10));
    const std::string result(kResultBytes, 'r');
    while (!client.draining()) {
      client.Poll(std::chrono::milliseconds(10));
      while (const auto task = client.NextTask()) client.SendResult(task->id, result);
    }
    client.Leave(std::chrono::seconds(2));
  });
  while (server.table().NumPeers(Role::kReward) == 0) server.Poll(std::chrono::milliseconds(10));
  const Stopwatch watch;
  TaskId next = 1;
  int64_t done = 0;
  while (done < messages) {
    while (static_cast<int64_t>(next) <= messages && server.table().num_open() < 2 * kCapacity)
      server.Submit(Role::kReward, next++, "task");
    for (const BusEvent& event : server.Poll(std::chrono::milliseconds(10))) done += event.kind == BusEvent::Kind::kResult;
  }
  const double seconds = watch.Seconds();
  server.Drain(std::chrono::seconds(5));
  client_thread.join();
  return static_cast<double>(messages) / seconds;
}

double PeerPerSecond(int64_t messages) {
  zmq::context_t context{1};
  zmq::socket_t pull(context, zmq::socket_type::pull);
  pull.bind("tcp://127.0.0.1:*");
  const std::string endpoint = pull.get(zmq::sockopt::last_endpoint);
  std::thread pusher([&] {
    zmq::socket_t push(context, zmq::socket_type::push);
    push.connect(endpoint);
    const std::string body(kResultBytes, 'r');
    for (int64_t i = 0; i < messages; ++i) push.send(zmq::buffer(body), zmq::send_flags::none);
  });
  zmq::message_t message;
  const Stopwatch watch;
  for (int64_t i = 0; i < messages; ++i) {
    if (!pull.recv(message, zmq::recv_flags::none)) --i;
  }
  const double seconds = watch.Seconds();
  pusher.join();
  return static_cast<double>(messages) / seconds;
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  const int64_t messages = argc > 1 ? std::atoll(argv[1]) : 200'000;
  temper::PinToOneCore();
  for (int round = 0; round < 3; ++round) {
    const double ours = temper::OursPerSecond(messages);
    const double peer = temper::PeerPerSecond(messages);
    std::printf("bus 4096 B acknowledged, one core: %.0f messages/s; bare PUSH/PULL without acknowledgement: %.0f/s; ratio %.2f\n", ours,
                peer, ours / peer);
  }
}
