#include "cluster/bus/zmq_client.h"

#include <algorithm>
#include <utility>

#include <unistd.h>
#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/base/random_id.h"
#include "cluster/bus/bodies.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/inbox.h"
#include "cluster/bus/outbox.h"
#include "cluster/bus/routing_id.h"

namespace temper {
namespace {

constexpr Millis kResendAfter = 2000;
constexpr Millis kRegisterSoon = 50;    // what is sent before the connection stands is dropped
constexpr Millis kRegisterEvery = 500;  // at the latest; a busy orchestrator finds few of them when it looks again
constexpr Millis kSearchEvery = 1000;   // where the job is, once it is lost

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

}  // namespace

struct ZmqClient::State {
  explicit State(const Options& o) : options(o) {}

  Options options;
  zmq::context_t context{1};
  std::unique_ptr<zmq::socket_t> socket;
  uint64_t epoch = 0;
  uint64_t last_epoch = 0;  // of the newest registration
  uint64_t sequence = 0;
  uint64_t seen = 0;  // the highest sequence of the orchestrator's frames
  uint64_t progress = 0;
  std::function<std::string()> reporter;
  ClockOffset clock;
  bool registered = false;
  Millis last_heard = NowMillis();
  Millis last_heartbeat = 0;
  Millis last_register = 0;
  Millis register_wait = kRegisterSoon;
  Millis last_search = NowMillis();
  Outbox outbox;
  Inbox inbox;

  // A fresh identity each time: a ROUTER may hold on to the pipe of an old one.
  void Connect() {
    socket = std::make_unique<zmq::socket_t>(context, zmq::socket_type::dealer);
    socket->set(zmq::sockopt::routing_id, RoutingId(RandomId()));
    socket->set(zmq::sockopt::linger, 0);
    socket->set(zmq::sockopt::immediate, 1);
    socket->set(zmq::sockopt::reconnect_ivl, 100);
    socket->set(zmq::sockopt::reconnect_ivl_max, 2000);
    socket->set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxFrameBytes));
    socket->set(zmq::sockopt::heartbeat_ivl, kLinkHeartbeatMs);
    socket->set(zmq::sockopt::heartbeat_timeout, kLinkTimeoutMs);
    if (!options.keys.empty()) {
      socket->set(zmq::sockopt::curve_serverkey, options.keys.server_public);
      socket->set(zmq::sockopt::curve_publickey, options.keys.client_public);
      socket->set(zmq::sockopt::curve_secretkey, options.keys.client_secret);
    }
    socket->connect(options.endpoint);
    BeUnknown();
  }

  // To the orchestrator, who gives our tasks out again.
  void BeUnknown() {
    registered = false;
    epoch = 0;
    last_register = 0;
    register_wait = kRegisterSoon;
    inbox.tasks.clear();
    outbox.ForgetTasks();
  }

  void Send(FrameKind kind, std::string body) {
    const std::string bytes = EncodeFrame({kind, options.run_id, epoch, ++sequence, std::move(body)});
    // Without a connection the message is dropped here; registration, heartbeats and results are all repeated.
    socket->send(zmq::buffer(bytes), zmq::send_flags::dontwait);
  }

  void SendRegister() {
    Send(FrameKind::kRegister, EncodeFields(RegisterBody{ToString(options.role), options.capacity, HostName()}));
    last_register = NowMillis();
    register_wait = std::min(2 * register_wait, kRegisterEvery);
  }

  void OnWelcome(const Frame& frame) {
    if (registered) return;
    registered = true;
    epoch = frame.epoch;
    inbox.welcomes.push_back(frame.body);
    // A restarted orchestrator may use the same task ids for other work: results of its predecessor's tasks are void. It counts again.
    if (std::exchange(last_epoch, epoch) != epoch) {
      outbox.ForgetAll();
      seen = 0;
    }
    outbox.SendAllAgain();  // under the new identity
  }

  void Handle(const Frame& frame) {
    last_heard = NowMillis();
    if (frame.kind == FrameKind::kWelcome) return OnWelcome(frame);
    if (!registered || frame.epoch != epoch) return;
    seen = std::max(seen, frame.sequence);
    switch (frame.kind) {
      case FrameKind::kTask:
        return OnTasks(FieldReader(frame.body));
      case FrameKind::kAck:
        for (const TaskId task : DecodeFields<AckBody>(frame.body).tasks) outbox.OnAck(task);
        return;
      case FrameKind::kAnnounce:
        inbox.announcements.push_back(frame.body);
        return;
      case FrameKind::kWeightChunk:
        inbox.chunks.push_back(frame.body);
        return;
      case FrameKind::kDrain:
        if (!frame.body.empty()) TEMPER_LOG(Error, "the orchestrator sends this worker away: ", frame.body);
        inbox.draining = true;
        if (!frame.body.empty()) inbox.sent_away = frame.body;
        return;
      case FrameKind::kRegisterAgain:
        TEMPER_LOG(Warn, "bus: the orchestrator does not know this worker any more, registering again");
        return BeUnknown();
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
      outbox.OnTask(task.id);
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
      if (now - last_register >= register_wait) SendRegister();
      return;
    }
    Beat(false);
    SendResults();
  }

  void Beat(bool at_once) {
    if (options.alive) options.alive();
    const Millis now = NowMillis();
    if (!registered || now - last_heartbeat < options.heartbeat.count() / (at_once ? 4 : 1)) return;
    last_heartbeat = now;
    const std::string report = reporter ? reporter() : "";
    Send(FrameKind::kHeartbeat, EncodeFields(HeartbeatBody{progress, report, NowMicros(), seen, outbox.Held()}));
  }

  void OnHeartbeatAnswer(const std::string& body) {
    if (body.empty()) return;  // sent by itself
    const auto answer = DecodeFields<HeartbeatAnswer>(body);
    clock.Add(answer.sent_us, answer.received_us, answer.answered_us, NowMicros());
  }

  // Everything that is due, several results a frame.
  void SendResults() {
    std::string body;
    for (const std::string* result : outbox.Due(NowMillis(), kResendAfter)) {
      body += *result;
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
  if (state_->options.alive) state_->options.alive();
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

void ZmqClient::SendResult(TaskId task, const std::string& payload) { state_->outbox.Put(task, EncodeFields(BusTask{task, payload})); }

void ZmqClient::RequestWeights(const std::string& body) { state_->Send(FrameKind::kWeightRequest, body); }
bool ZmqClient::MissWeights(const std::string& body) {
  state_->Send(FrameKind::kWeightsMissing, body);
  return true;
}
void ZmqClient::SetProgress(uint64_t progress) { state_->progress = progress; }
void ZmqClient::SetReporter(std::function<std::string()> reporter) { state_->reporter = std::move(reporter); }
void ZmqClient::Beat(bool now) { state_->Beat(now); }
const ClockOffset& ZmqClient::clock() const { return state_->clock; }
bool ZmqClient::draining() const { return state_->inbox.draining; }
const std::string& ZmqClient::sent_away() const { return state_->inbox.sent_away; }
std::chrono::milliseconds ZmqClient::silent_for() const { return std::chrono::milliseconds(NowMillis() - state_->last_heard); }

void ZmqClient::Leave(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  while (!state_->outbox.delivered() && NowMillis() < end) Poll(std::chrono::milliseconds(10));
  state_->last_heartbeat = 0;
  state_->Beat(true);  // what the reporter has left to say
  state_->socket->set(zmq::sockopt::linger, 500);
  state_->Send(FrameKind::kBye, "");
  Poll(std::chrono::milliseconds(0));
}

}  // namespace temper
