#include "cluster/bus/zmq_server.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <thread>
#include <utility>

#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/log_budget.h"
#include "cluster/bus/asking_limits.h"
#include "cluster/bus/bodies.h"
#include "cluster/bus/contact.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/gate.h"
#include "cluster/bus/routing_id.h"
#include "cluster/bus/server_core.h"

namespace temper {
namespace {

constexpr int kHighWaterMark = 100'000;  // a memory guard: credits bound what is in flight long before
constexpr int kMaxFramesPerPoll = 4096;  // then leases and heartbeats get their turn
constexpr Millis kTickEvery = 50;
constexpr Millis kAwayAfter = 1000;  // without a tick: this process was stopped, or did something else
constexpr Millis kDrainAgain = 500;  // a word may be lost with its connection
constexpr size_t kMaxWhyBytes = 500;
constexpr auto kBindAgainEvery = std::chrono::milliseconds(100);

// It stands in logs and on terminals.
bool IsHostName(const std::string& name) {
  return name.size() <= 255 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isgraph(c) != 0 && c < 128; });
}

void Bind(const std::string& endpoint, std::chrono::milliseconds patience, zmq::socket_t* socket) {
  const Millis end = NowMillis() + patience.count();
  for (bool told = false;;) {
    try {
      return socket->bind(endpoint);
    } catch (const zmq::error_t& error) {
      if (error.num() == EADDRINUSE && NowMillis() < end) {
        if (!std::exchange(told, true)) TEMPER_LOG(Warn, "bus: ", endpoint, " is in use, waiting for it to become free");
        std::this_thread::sleep_for(kBindAgainEvery);
        continue;
      }
      throw ConfigError(Concat("cluster.endpoint: cannot listen on ", endpoint, ": ", error.what(),
                               error.num() == EADDRINUSE ? " by another program" : "", "; name a free one (tcp://127.0.0.1:* takes any)"));
    }
  }
}

}  // namespace

struct ZmqServer::State {
  explicit State(const BusOptions& o) : options(o), socket(context, zmq::socket_type::router), core(o.rules) {}

  BusOptions options;
  zmq::context_t context{1};
  std::unique_ptr<BusGate> gate;  // of an encrypted bus
  zmq::socket_t socket;
  std::string endpoint;
  ServerCore core;
  BusAnswer weight_answer, status_answer;
  std::function<void(const std::string&)> weights_missing;
  std::map<PeerId, std::vector<TaskId>> acks;  // collected during one Poll
  uint64_t sequence = 0;
  int64_t refused = 0;
  LogBudget refusals;  // lines about what was refused
  AskingLimits asking;
  Millis last_tick = 0;
  Millis last_heartbeat = 0;

  // False when the peer is not connected (any more).
  bool Send(PeerId peer, FrameKind kind, std::string body) {
    const std::string bytes = EncodeFrame({kind, options.run_id, options.epoch, ++sequence, std::move(body)});
    try {
      const std::string id = RoutingId(peer);
      if (!socket.send(zmq::buffer(id), zmq::send_flags::sndmore | zmq::send_flags::dontwait)) return false;
      return socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait).has_value();
    } catch (const zmq::error_t& error) {
      if (error.num() == EHOSTUNREACH) return false;
      throw Error(__FILE__, __LINE__, Concat("bus send to peer ", peer, ": ", error.what()));
    }
  }

  // Who sends it decides how many there are.
  void LogRefusal(const std::string& what) {
    ++refused;
    if (refusals.Take(NowSeconds())) TEMPER_LOG(Warn, "bus: refused ", what);
  }

  void OnRegister(PeerId peer, const RegisterBody& body) {
    const auto role = ParsePeerRole(body.role);
    TEMPER_CHECK(role, "role ", body.role);
    TEMPER_CHECK(IsHostName(body.host), "a host name of ", body.host.size(), " characters, or with strange ones");
    TEMPER_CHECK(body.capacity > 0 && body.capacity <= 1'000'000, "capacity ", body.capacity);
    if (!Send(peer, FrameKind::kWelcome, core.WelcomeOf(role->role))) return;
    // One that asked again before the first Welcome reached it is known: its tasks must not be given out twice.
    if (!core.table().HasPeer(peer)) core.Join(peer, *role, body.capacity, body.host, NowMillis());
  }

  // A frame carries as many results as the peer had ready.
  void OnResults(PeerId peer, FieldReader body) {
    TEMPER_CHECK(!body.done(), "a result frame without a result");
    while (!body.done()) {
      BusTask result;
      body(result);
      const TaskId task = result.id;
      acks[peer].push_back(task);
      if (core.OnResult(peer, std::move(result), NowMillis())) continue;
      LogRefusal(Concat("a result of task ", task, ", which is not ", ToString(core.table().RoleOf(peer)), "'s"));
    }
  }

  // The sender repeats it until it has the answer.
  void OnSlotDown(PeerId peer, const SlotDownBody& body) {
    const auto role = ParsePeerRole(body.role);
    TEMPER_CHECK(role && role->role != Role::kLearner && body.rank >= 0, "no worker's slot");
    TEMPER_CHECK(IsHostName(body.host), "a host name of ", body.host.size(), " characters, or with strange ones");
    core.OnSlotDown(*role, body.rank, Concat("of rank ", body.rank, " on ", body.host, ": ", body.why.substr(0, kMaxWhyBytes)));
    Send(peer, FrameKind::kAck, EncodeFields(AckBody{}));
  }

  // Answered at once, with the times of both ways: that is how a peer learns this clock.
  void OnHeartbeat(PeerId peer, HeartbeatBody body) {
    const int64_t received = NowMicros();
    core.OnHeartbeat(peer, body.progress, std::move(body.report), NowMillis());
    core.OnHeld(peer, body.seen, body.held);
    Send(peer, FrameKind::kHeartbeat, EncodeFields(HeartbeatAnswer{body.sent_us, received, NowMicros()}));
  }

  void Answer(PeerId peer, const BusAnswer& answer, FrameKind kind, const std::string& question) {
    auto body = answer ? answer(question) : std::nullopt;
    if (body) Send(peer, kind, std::move(*body));
  }

  // Whether the peer may say this. Who was forgotten registers again.
  bool MaySay(PeerId peer, FrameKind kind) {
    if (kind == FrameKind::kStatusRequest || kind == FrameKind::kSlotDown) return true;
    if (core.SentAway(peer)) {
      Send(peer, FrameKind::kDrain, Concat(kMaxBadResults, " of its results were none"));
      return kind == FrameKind::kBye;
    }
    if (kind == FrameKind::kRegister || kind == FrameKind::kBye || core.table().HasPeer(peer)) return true;
    Send(peer, FrameKind::kRegisterAgain, "");
    return false;
  }

  void Handle(PeerId peer, const Frame& frame) {
    if (!MaySay(peer, frame.kind)) {
      ++refused;
      return;
    }
    core.table().OnTraffic(peer, NowMillis());
    switch (frame.kind) {
      case FrameKind::kRegister:
        return OnRegister(peer, DecodeFields<RegisterBody>(frame.body));
      case FrameKind::kResult:
        return OnResults(peer, FieldReader(frame.body));
      case FrameKind::kHeartbeat:
        return OnHeartbeat(peer, DecodeFields<HeartbeatBody>(frame.body));
      case FrameKind::kBye:
        return core.Lose(peer, "left");
      case FrameKind::kWeightRequest:
        if (!asking.MayHaveChunk(peer)) return asking.Wait(peer, frame.body);
        return Answer(peer, weight_answer, FrameKind::kWeightChunk, frame.body);
      case FrameKind::kWeightsMissing:
        if (weights_missing) weights_missing(frame.body);
        return;
      case FrameKind::kSlotDown:
        return OnSlotDown(peer, DecodeFields<SlotDownBody>(frame.body));
      case FrameKind::kStatusRequest:
        if (asking.MayAsk(peer, NowMillis())) Answer(peer, status_answer, FrameKind::kStatus, "");
        return;
      default:
        ++refused;
    }
  }

  bool IsOfThisStart(const Frame& frame, std::string* reason) const {
    // A peer that only asks for the status need not know the run.
    const bool any_run = frame.kind == FrameKind::kStatusRequest && frame.run_id == 0;
    if (frame.run_id != options.run_id && !any_run) *reason = "another run's";
    // A result of an earlier incarnation of the job is welcome only through the journal, never from a peer that missed the restart.
    const bool other_epoch = frame.epoch != 0 && frame.epoch != options.epoch;
    if (other_epoch) *reason = Concat("epoch ", frame.epoch, " instead of ", options.epoch);
    return (frame.run_id == options.run_id || any_run) && !other_epoch;
  }

  // Receives one frame without waiting; false when there is none.
  bool ReceiveOne() {
    zmq::message_t id;
    if (!socket.recv(id, zmq::recv_flags::dontwait)) return false;
    zmq::message_t bytes;
    bool more = id.more();
    int parts = 1;
    while (more) {
      if (!socket.recv(bytes, zmq::recv_flags::none)) break;
      more = bytes.more();
      ++parts;
    }
    const auto peer = PeerOfRoutingId({id.data<char>(), id.size()});
    std::string reason = "not one message part";
    std::optional<Frame> frame;
    if (peer && parts == 2) frame = DecodeFrame({bytes.data<char>(), bytes.size()}, &reason);
    if (frame && !IsOfThisStart(*frame, &reason)) frame.reset();
    if (!frame) {
      LogRefusal(Concat("a frame (", reason, ")"));
      return true;
    }
    HandleOrRefuse(*peer, *frame);
    return true;
  }

  void HandleOrRefuse(PeerId peer, const Frame& frame) {
    try {
      Handle(peer, frame);
    } catch (const Error& error) {
      LogRefusal(Concat("the body of a frame of kind ", static_cast<int>(frame.kind), ": ", error.what()));
    }
  }

  // What was asked for in the turn before and not answered in it.
  void AnswerWhoWaited() {
    for (const auto& [peer, request] : asking.NextTurn())
      HandleOrRefuse(peer, {FrameKind::kWeightRequest, options.run_id, options.epoch, 0, request});
  }

  void FlushAcks() {
    for (const auto& [peer, tasks] : acks) Send(peer, FrameKind::kAck, EncodeFields(AckBody{tasks}));
    acks.clear();
  }

  void Tick() {
    const Millis now = NowMillis();
    if (now - last_tick < kTickEvery) return;
    // What the peers said meanwhile has been read; that they were not heard before is not their fault.
    if (last_tick != 0 && now - last_tick > kAwayAfter) core.table().Excuse(now - last_tick, now);
    last_tick = now;
    core.Tick(now);
    if (const int64_t more = refusals.TakeCounted(NowSeconds()); more > 0) TEMPER_LOG(Warn, "bus: refused ", MoreOfThese(more));
    if (now - last_heartbeat < options.heartbeat.count()) return;
    last_heartbeat = now;
    for (const PeerId peer : core.table().Peers()) {
      if (!Send(peer, FrameKind::kHeartbeat, "")) core.OnUnreachable(peer, now);
    }
  }

  // One frame a peer, or a few when the payloads are large.
  void Dispatch() {
    struct Batch {
      std::string body;
      std::vector<TaskId> tasks;
    };
    std::map<PeerId, Batch> batches;
    std::set<PeerId> unreachable;  // losing one queues its tasks again, whose payloads are in use below
    const auto flush = [&](PeerId peer, Batch* batch) {
      const auto [body, tasks] = std::exchange(*batch, {});
      if (tasks.empty()) return;
      if (!Send(peer, FrameKind::kTask, body)) {
        unreachable.insert(peer);
        return;
      }
      for (const TaskId task : tasks) core.table().OnSent(task, sequence);
    };
    for (const auto& [peer, task, payload] : core.Assign(NowMillis())) {
      Batch& batch = batches[peer];
      batch.body += EncodeFields(BusTask{task, *payload});
      batch.tasks.push_back(task);
      if (batch.body.size() > kBatchBytes) flush(peer, &batch);
    }
    for (auto& [peer, batch] : batches) flush(peer, &batch);
    for (const PeerId peer : unreachable) core.OnUnreachable(peer, NowMillis());
  }
};

ZmqServer::ZmqServer(const std::string& endpoint, const BusOptions& options) : state_(std::make_unique<State>(options)) {
  zmq::socket_t& socket = state_->socket;
  socket.set(zmq::sockopt::router_mandatory, 1);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndhwm, kHighWaterMark);
  socket.set(zmq::sockopt::rcvhwm, kHighWaterMark);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxFrameBytes));
  socket.set(zmq::sockopt::handshake_ivl, 5000);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::heartbeat_ivl, kLinkHeartbeatMs);
  socket.set(zmq::sockopt::heartbeat_timeout, kLinkTimeoutMs);
  if (!options.keys.empty()) {
    state_->gate = std::make_unique<BusGate>(state_->context.handle(), options.keys);
    socket.set(zmq::sockopt::curve_server, 1);
    socket.set(zmq::sockopt::curve_secretkey, options.keys.server_secret);
  } else if (!IsLoopback(endpoint)) {
    throw ConfigError(Concat("cluster.endpoint: ", endpoint, " can be reached from other hosts, and the bus has no keys to protect it"));
  }
  Bind(endpoint, options.bind_patience, &socket);
  state_->endpoint = socket.get(zmq::sockopt::last_endpoint);
  if (state_->gate) state_->gate->CheckItRefuses(state_->endpoint);
}

ZmqServer::~ZmqServer() = default;

const std::string& ZmqServer::endpoint() const { return state_->endpoint; }
void ZmqServer::SetWelcome(Role role, std::string body) { state_->core.SetWelcome(role, std::move(body)); }
void ZmqServer::SetRules(Role role, TaskRules rules) { state_->core.SetRules(role, rules); }
void ZmqServer::SetWeightAnswer(BusAnswer answer) { state_->weight_answer = std::move(answer); }
void ZmqServer::SetStatusAnswer(BusAnswer answer) { state_->status_answer = std::move(answer); }
void ZmqServer::SetWeightsMissing(std::function<void(const std::string&)> mend) { state_->weights_missing = std::move(mend); }
const TaskTable& ZmqServer::table() const { return state_->core.table(); }
int64_t ZmqServer::frames_refused() const { return state_->refused; }

void ZmqServer::Submit(const PeerRole& role, TaskId task, std::string payload) {
  state_->core.Submit(role, task, std::move(payload), NowMillis());
}

void ZmqServer::GiveAgain(const BusEvent& result, std::string payload) {
  if (!state_->core.GiveAgain(result, std::move(payload), NowMillis())) return;
  state_->Send(result.peer, FrameKind::kDrain, Concat(kMaxBadResults, " of its results were none"));
}

void ZmqServer::Announce(Role role, const std::string& body) {
  for (const PeerId peer : table().Peers(role)) state_->Send(peer, FrameKind::kAnnounce, body);
}

std::vector<BusEvent> ZmqServer::Poll(std::chrono::milliseconds timeout) {
  State& s = *state_;
  s.AnswerWhoWaited();
  s.Dispatch();
  zmq::pollitem_t item{s.socket.handle(), 0, ZMQ_POLLIN, 0};
  try {
    // The tick must come in time even when nobody speaks.
    zmq::poll(&item, 1, std::min(timeout, std::chrono::milliseconds(kTickEvery)));
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw Error(__FILE__, __LINE__, Concat("bus poll: ", error.what()));
  }
  for (int n = 0; n < kMaxFramesPerPoll && s.ReceiveOne(); ++n) {
  }
  s.FlushAcks();
  s.Tick();
  s.Dispatch();
  return s.core.TakeEvents();
}

std::vector<BusEvent> ZmqServer::Drain(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  std::map<PeerId, Millis> asked;  // a peer may register while the others leave
  std::vector<BusEvent> all;
  do {
    for (const PeerId peer : table().Peers()) {
      const auto [last, fresh] = asked.try_emplace(peer, NowMillis());
      if (!fresh && NowMillis() - last->second < kDrainAgain) continue;
      last->second = NowMillis();
      state_->Send(peer, FrameKind::kDrain, "");
    }
    auto events = Poll(std::chrono::milliseconds(20));
    all.insert(all.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  } while (NowMillis() < end && !table().Peers().empty());
  return all;
}

}  // namespace temper
