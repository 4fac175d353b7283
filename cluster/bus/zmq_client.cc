#include "cluster/bus/zmq_client.h"

#include <map>
#include <random>
#include <utility>

#include <unistd.h>
#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/bus/bodies.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/inbox.h"

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

}  // namespace

struct ZmqClient::State {
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
  Millis last_heard = NowMillis();
  Millis last_heartbeat = 0;
  Millis last_register = 0;
  Millis last_search = NowMillis();
  Millis last_resend_scan = 0;
  std::map<TaskId, Unacked> results;  // until acknowledged
  std::vector<TaskId> unsent;         // of those, to be sent at the next Poll
  Inbox inbox;

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
    inbox.tasks.clear();  // the server gives them out again
  }

  void Send(FrameKind kind, std::string body) {
    const std::string bytes = EncodeFrame({kind, options.run_id, epoch, ++sequence, std::move(body)});
    // Without a connection the message is dropped here; registration, heartbeats and results are all repeated.
    socket->send(zmq::buffer(bytes), zmq::send_flags::dontwait);
  }

  void SendRegister() {
    Send(FrameKind::kRegister, EncodeFields(RegisterBody{ToString(options.role), options.capacity, HostName()}));
    last_register = NowMillis();
  }

  void OnWelcome(const Frame& frame) {
    if (registered) return;
    registered = true;
    epoch = frame.epoch;
    inbox.welcomes.push_back(frame.body);
    // A restarted orchestrator may use the same task ids for other work: results of its predecessor's tasks are void.
    if (std::exchange(last_epoch, epoch) != epoch) results.clear();
    unsent.clear();
    for (const auto& [task, result] : results) unsent.push_back(task);  // again, under the new identity
  }

  void Handle(const Frame& frame) {
    last_heard = NowMillis();
    if (frame.kind == FrameKind::kWelcome) return OnWelcome(frame);
    if (!registered || frame.epoch != epoch) return;
    switch (frame.kind) {
      case FrameKind::kTask:
        return OnTasks(FieldReader(frame.body));
      case FrameKind::kAck:
        for (const TaskId task : DecodeFields<AckBody>(frame.body).tasks) results.erase(task);
        return;
      case FrameKind::kAnnounce:
        inbox.announcements.push_back(frame.body);
        return;
      case FrameKind::kWeightChunk:
        inbox.chunks.push_back(frame.body);
        return;
      case FrameKind::kDrain:
        inbox.draining = true;
        return;
      case FrameKind::kHeartbeat:
        return OnHeartbeatAnswer(frame.body);
      default:
        return;
    }
  }

  void OnTasks(FieldReader body) {
    while (!body.done()) {
      BusTask task;
      body(task);
      inbox.tasks.push_back(std::move(task));
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

  // The job may have started again elsewhere, as another run of the bus. True when it has.
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
      TEMPER_LOG(Warn, "bus: orchestrator at ", options.endpoint, " silent for ", now - last_heard, " ms, registering again");
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
    const std::string report = reporter ? reporter() : "";
    Send(FrameKind::kHeartbeat, EncodeFields(HeartbeatBody{progress, report, NowMicros()}));
  }

  void OnHeartbeatAnswer(const std::string& body) {
    if (body.empty()) return;  // sent by itself
    const auto answer = DecodeFields<HeartbeatAnswer>(body);
    clock.Add(answer.sent_us, answer.received_us, answer.answered_us, NowMicros());
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

ZmqClient::ZmqClient(const Options& options) : state_(std::make_unique<State>(options)) { state_->Connect(); }

ZmqClient::~ZmqClient() = default;

std::string ZmqClient::Register(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  while (NowMillis() < end) {
    Poll(std::chrono::milliseconds(20));
    if (auto welcome = NextWelcome()) return *welcome;
  }
  TEMPER_FAIL("no answer from the orchestrator at ", state_->options.endpoint, " within ", deadline.count(), " ms (registering as ",
              ToString(state_->options.role), "): is it running, is the endpoint reachable from this host",
              state_->options.keys.empty() ? "?" : ", and are the keys those of its present start?");
}

void ZmqClient::Poll(std::chrono::milliseconds timeout) {
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

std::optional<BusTask> ZmqClient::NextTask() { return PopFront(&state_->inbox.tasks); }
std::optional<std::string> ZmqClient::NextAnnouncement() { return PopFront(&state_->inbox.announcements); }
std::optional<std::string> ZmqClient::NextWeightChunk() { return PopFront(&state_->inbox.chunks); }
std::optional<std::string> ZmqClient::NextWelcome() { return PopFront(&state_->inbox.welcomes); }

void ZmqClient::SendResult(TaskId task, const std::string& payload) {
  state_->results[task] = {EncodeFields(BusTask{task, payload}), NowMillis()};
  state_->unsent.push_back(task);
}

void ZmqClient::RequestWeights(const std::string& body) { state_->Send(FrameKind::kWeightRequest, body); }
void ZmqClient::SetProgress(uint64_t progress) { state_->progress = progress; }
void ZmqClient::SetReporter(std::function<std::string()> reporter) { state_->reporter = std::move(reporter); }
void ZmqClient::Beat(bool now) { state_->Beat(now); }
const ClockOffset& ZmqClient::clock() const { return state_->clock; }
bool ZmqClient::draining() const { return state_->inbox.draining; }
std::chrono::milliseconds ZmqClient::silent_for() const { return std::chrono::milliseconds(NowMillis() - state_->last_heard); }

void ZmqClient::Leave(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  while (!state_->results.empty() && NowMillis() < end) Poll(std::chrono::milliseconds(10));
  state_->last_heartbeat = 0;
  state_->Beat(true);  // what the reporter has left to say
  state_->socket->set(zmq::sockopt::linger, 500);
  state_->Send(FrameKind::kBye, "");
  Poll(std::chrono::milliseconds(0));
}

}  // namespace temper
