#include <deque>
#include <random>
#include <utility>

#include <unistd.h>
#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/bytes.h"
#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/bus/bus.h"

namespace temper {
namespace {

constexpr Millis kResendAfter = 2000;
constexpr Millis kResendScanEvery = 100;
constexpr Millis kRegisterEvery = 50;  // what is sent before the connection stands is dropped
constexpr Millis kSearchEvery = 1000;  // where the job is, once it is lost

uint64_t RandomId() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

template <typename T>
std::optional<T> PopFront(std::deque<T>& queue) {
  if (queue.empty()) return std::nullopt;
  T item = std::move(queue.front());
  queue.pop_front();
  return item;
}

}  // namespace

struct BusClient::State {
  explicit State(const Options& o) : options(o) {}

  struct Unacked {
    std::string body;
    Millis sent;
  };

  Options options;
  zmq::context_t context{1};
  std::unique_ptr<zmq::socket_t> socket;
  uint64_t epoch = 0;
  uint64_t last_epoch = 0;  // of the newest registration
  uint64_t sequence = 0;
  uint64_t progress = 0;
  std::function<std::string()> reporter;
  ClockOffset clock;
  bool registered = false;
  bool draining = false;
  Millis last_heard = NowMillis();
  Millis last_heartbeat = 0;
  Millis last_register = 0;
  Millis last_search = NowMillis();
  Millis last_resend_scan = 0;
  std::map<TaskId, Unacked> results;  // until acknowledged
  std::vector<TaskId> unsent;         // of those, to be sent at the next Poll
  std::deque<BusTask> tasks;
  std::deque<std::string> announcements, chunks, welcomes;
  std::deque<TaskId> cancelled;

  // A fresh identity each time: a ROUTER may hold on to the pipe of an old one.
  void Connect() {
    socket = std::make_unique<zmq::socket_t>(context, zmq::socket_type::dealer);
    const uint64_t id = RandomId();
    socket->set(zmq::sockopt::routing_id, "T" + std::string(reinterpret_cast<const char*>(&id), sizeof(id)));
    socket->set(zmq::sockopt::linger, 0);
    socket->set(zmq::sockopt::immediate, 1);
    socket->set(zmq::sockopt::reconnect_ivl, 100);
    socket->set(zmq::sockopt::reconnect_ivl_max, 5000);
    socket->set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxFrameBytes));
    socket->set(zmq::sockopt::heartbeat_ivl, 1000);
    socket->set(zmq::sockopt::heartbeat_timeout, 5000);
    if (!options.keys.empty()) {
      socket->set(zmq::sockopt::curve_serverkey, options.keys.server_public);
      socket->set(zmq::sockopt::curve_publickey, options.keys.client_public);
      socket->set(zmq::sockopt::curve_secretkey, options.keys.client_secret);
    }
    socket->connect(options.endpoint);
    registered = false;
    epoch = 0;
    last_register = 0;
    tasks.clear();  // the server gives them out again
  }

  void Send(FrameKind kind, std::string body) {
    const std::string bytes = EncodeFrame({kind, options.run_id, epoch, ++sequence, std::move(body)});
    // Without a connection the message is dropped here; registration, heartbeats and results are all repeated.
    socket->send(zmq::buffer(bytes), zmq::send_flags::dontwait);
  }

  void SendRegister() {
    ByteWriter body;
    body.PutString(options.role);
    body.Put<int64_t>(options.capacity);
    body.PutString(HostName());
    Send(FrameKind::kRegister, body.Take());
    last_register = NowMillis();
  }

  void OnWelcome(const Frame& frame) {
    if (registered) return;
    registered = true;
    epoch = frame.epoch;
    welcomes.push_back(frame.body);
    // A restarted orchestrator may use the same task ids for other work: results of its predecessor's tasks are void.
    if (std::exchange(last_epoch, epoch) != epoch) results.clear();
    unsent.clear();
    for (const auto& [task, result] : results) unsent.push_back(task);  // again, under the new identity
  }

  void Handle(const Frame& frame) {
    last_heard = NowMillis();
    if (frame.kind == FrameKind::kWelcome) return OnWelcome(frame);
    if (!registered || frame.epoch != epoch) return;
    ByteReader body(frame.body);
    switch (frame.kind) {
      case FrameKind::kTask:
        while (!body.done()) {
          BusTask task;
          task.id = body.Get<TaskId>();
          task.payload = body.GetString();
          tasks.push_back(std::move(task));
        }
        return;
      case FrameKind::kAck:
        for (const TaskId task : body.GetVector<TaskId>()) results.erase(task);
        return;
      case FrameKind::kCancel:
        cancelled.push_back(body.Get<TaskId>());
        return;
      case FrameKind::kAnnounce:
        announcements.push_back(frame.body);
        return;
      case FrameKind::kWeightChunk:
        chunks.push_back(frame.body);
        return;
      case FrameKind::kDrain:
        draining = true;
        return;
      case FrameKind::kHeartbeat:
        return OnHeartbeatAnswer(body);
      default:
        return;
    }
  }

  bool ReceiveOne() {
    zmq::message_t bytes;
    if (!socket->recv(bytes, zmq::recv_flags::dontwait)) return false;
    std::string reason;
    const auto frame = DecodeFrame({bytes.data<char>(), bytes.size()}, &reason);
    if (!frame || frame->run_id != options.run_id) {
      TEMPER_LOG(Warn, "bus: refused a frame from the orchestrator (", frame ? "another run's" : reason, ")");
      return true;
    }
    try {
      Handle(*frame);
    } catch (const Error& error) {
      TEMPER_LOG(Warn, "bus: refused the body of a frame: ", error.what());
    }
    return true;
  }

  // The job may have started anew elsewhere, as another run of the bus. True when it has.
  bool Follow() {
    const auto contact = options.find_again ? options.find_again() : std::nullopt;
    if (!contact || contact->run_id == options.run_id) return false;
    options.endpoint = contact->endpoint;
    options.run_id = contact->run_id;
    options.keys = contact->keys;
    return true;
  }

  void Upkeep() {
    const Millis now = NowMillis();
    if (registered && now - last_heard > options.silence.count()) {
      TEMPER_LOG(Warn, "bus: orchestrator at ", options.endpoint, " silent for ", now - last_heard, " ms, registering anew");
      Follow();
      Connect();
      last_search = now;
    } else if (!registered && now - last_search > kSearchEvery) {
      last_search = now;
      if (Follow()) Connect();
    }
    if (!registered) {
      if (now - last_register >= kRegisterEvery) SendRegister();
      return;
    }
    Beat(false);
    SendUnsent();
    if (now - last_resend_scan < kResendScanEvery) return;
    last_resend_scan = now;
    for (const auto& [task, result] : results) {
      if (now - result.sent >= kResendAfter) unsent.push_back(task);
    }
    SendUnsent();
  }

  void Beat(bool at_once) {
    const Millis now = NowMillis();
    if (!registered || now - last_heartbeat < options.heartbeat.count() / (at_once ? 4 : 1)) return;
    last_heartbeat = now;
    ByteWriter body;
    body.Put(progress);
    body.PutString(reporter ? reporter() : "");
    body.Put(NowMicros());
    Send(FrameKind::kHeartbeat, body.Take());
  }

  // Of a heartbeat of ours; those that the orchestrator sends by itself are empty.
  void OnHeartbeatAnswer(ByteReader body) {
    if (body.done()) return;
    const auto sent = body.Get<int64_t>();
    const auto received = body.Get<int64_t>();
    const auto answered = body.Get<int64_t>();
    clock.Add(sent, received, answered, NowMicros());
  }

  // Everything that waits, several results a frame.
  void SendUnsent() {
    if (!registered || unsent.empty()) return;
    std::string body;
    for (const TaskId task : std::exchange(unsent, {})) {
      const auto found = results.find(task);
      if (found == results.end()) continue;  // acknowledged meanwhile
      body += found->second.body;
      found->second.sent = NowMillis();
      if (body.size() > kBatchBytes) Send(FrameKind::kResult, std::exchange(body, {}));
    }
    if (!body.empty()) Send(FrameKind::kResult, std::move(body));
  }
};

BusClient::BusClient(const Options& options) : state_(std::make_unique<State>(options)) { state_->Connect(); }

BusClient::~BusClient() = default;

std::string BusClient::Register(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  while (NowMillis() < end) {
    Poll(std::chrono::milliseconds(20));
    if (auto welcome = NextWelcome()) return *welcome;
  }
  TEMPER_FAIL("no answer from the orchestrator at ", state_->options.endpoint, " within ", deadline.count(), " ms (registering as ",
              state_->options.role, "): is it running, is the endpoint reachable from this host",
              state_->options.keys.empty() ? "?" : ", and are the keys those of its present start?");
}

void BusClient::Poll(std::chrono::milliseconds timeout) {
  // What arrived while the caller computed counts before the orchestrator is judged silent.
  while (state_->ReceiveOne()) {
  }
  state_->Upkeep();
  zmq::pollitem_t item{state_->socket->handle(), 0, ZMQ_POLLIN, 0};
  try {
    zmq::poll(&item, 1, timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw Error(__FILE__, __LINE__, Concat("bus poll: ", error.what()));
  }
  while (state_->ReceiveOne()) {
  }
}

std::optional<BusTask> BusClient::NextTask() { return PopFront(state_->tasks); }
std::optional<std::string> BusClient::NextAnnouncement() { return PopFront(state_->announcements); }
std::optional<TaskId> BusClient::NextCancelled() { return PopFront(state_->cancelled); }
std::optional<std::string> BusClient::NextWeightChunk() { return PopFront(state_->chunks); }
std::optional<std::string> BusClient::NextWelcome() { return PopFront(state_->welcomes); }

void BusClient::SendResult(TaskId task, const std::string& payload) {
  ByteWriter body;
  body.Put(task);
  body.PutString(payload);
  state_->results[task] = {body.Take(), NowMillis()};
  state_->unsent.push_back(task);
}

void BusClient::RequestWeights(std::string body) { state_->Send(FrameKind::kWeightRequest, std::move(body)); }
void BusClient::SetProgress(uint64_t progress) { state_->progress = progress; }
void BusClient::SetReporter(std::function<std::string()> reporter) { state_->reporter = std::move(reporter); }
void BusClient::Beat(bool now) { state_->Beat(now); }
const ClockOffset& BusClient::clock() const { return state_->clock; }
bool BusClient::draining() const { return state_->draining; }
std::chrono::milliseconds BusClient::silent_for() const { return std::chrono::milliseconds(NowMillis() - state_->last_heard); }

void BusClient::Leave(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  while (!state_->results.empty() && NowMillis() < end) Poll(std::chrono::milliseconds(10));
  state_->last_heartbeat = 0;
  state_->Beat(true);  // what the reporter has left to say
  state_->socket->set(zmq::sockopt::linger, 500);
  state_->Send(FrameKind::kBye, "");
  Poll(std::chrono::milliseconds(0));
}

}  // namespace temper
