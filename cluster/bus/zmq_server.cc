#include <cstring>
#include <iterator>
#include <set>
#include <thread>
#include <utility>

#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/bytes.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/bus/bus.h"
#include "cluster/bus/gate.h"

namespace temper {
namespace {

constexpr int kHighWaterMark = 100'000;  // a memory guard: credits bound what is in flight long before
constexpr int kMaxFramesPerPoll = 4096;  // then leases and heartbeats get their turn
constexpr Millis kTickEvery = 50;
constexpr auto kBindAgainEvery = std::chrono::milliseconds(100);

// Routing ids must not start with a zero byte: a letter, then the peer id.
std::string RoutingId(PeerId peer) { return "T" + std::string(reinterpret_cast<const char*>(&peer), sizeof(peer)); }

std::optional<PeerId> PeerOf(const zmq::message_t& routing_id) {
  if (routing_id.size() != 1 + sizeof(PeerId) || *routing_id.data<char>() != 'T') return std::nullopt;
  PeerId peer;
  std::memcpy(&peer, routing_id.data<char>() + 1, sizeof(peer));
  return peer;
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

struct BusServer::State {
  explicit State(const BusOptions& o) : options(o), socket(context, zmq::socket_type::router), table(o.rules) {}

  BusOptions options;
  zmq::context_t context{1};
  std::unique_ptr<BusGate> gate;  // of an encrypted bus
  zmq::socket_t socket;
  std::string endpoint;
  TaskTable table;
  std::map<TaskId, std::string> payloads;  // of open tasks
  std::map<std::string, std::string> welcomes;
  std::map<PeerId, std::vector<TaskId>> acks;  // collected during one Poll
  std::vector<BusEvent> events;
  uint64_t sequence = 0;
  int64_t refused = 0;
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

  void Lose(PeerId peer, const std::string& why) {
    if (!table.HasPeer(peer)) return;
    const std::string role = table.RoleOf(peer);
    table.RemovePeer(peer);
    events.push_back({BusEvent::Kind::kPeerLost, peer, role, 0, why});
  }

  const std::string& WelcomeFor(const std::string& role) {
    const auto exact = welcomes.find(role);
    return exact != welcomes.end() ? exact->second : welcomes[role.substr(0, role.find('/'))];
  }

  void OnRegister(PeerId peer, ByteReader body) {
    const std::string role = body.GetString();
    const auto capacity = body.Get<int64_t>();
    const std::string host = body.GetString();
    TEMPER_CHECK(capacity > 0 && capacity <= 1'000'000, "capacity ", capacity);
    if (table.HasPeer(peer)) {  // asked again before the first Welcome reached it: its tasks must not be given out twice
      Send(peer, FrameKind::kWelcome, WelcomeFor(role));
      return;
    }
    table.AddPeer(peer, role, capacity, NowMillis());
    if (!Send(peer, FrameKind::kWelcome, WelcomeFor(role))) {
      table.RemovePeer(peer);
      return;
    }
    events.push_back({BusEvent::Kind::kPeerJoined, peer, role, 0, host});
  }

  // A frame carries as many results as the peer had ready.
  void OnResults(PeerId peer, ByteReader body) {
    TEMPER_CHECK(!body.done(), "a result frame without a result");
    while (!body.done()) OnResult(peer, &body);
  }

  void OnResult(PeerId peer, ByteReader* body) {
    const auto task = body->Get<TaskId>();
    std::string payload = body->GetString();
    acks[peer].push_back(task);
    if (table.OnResult(peer, task, NowMillis()) == TaskTable::Verdict::kDuplicate) return;
    payloads.erase(task);
    const std::string role = table.HasPeer(peer) ? table.RoleOf(peer) : "";
    events.push_back({BusEvent::Kind::kResult, peer, role, task, std::move(payload)});
  }

  // Answered at once, with the times of both ways: that is how a peer learns this clock.
  void OnHeartbeat(PeerId peer, ByteReader body) {
    const int64_t received = NowMicros();
    table.OnProgress(peer, body.Get<uint64_t>(), NowMillis());
    std::string report = body.GetString();
    const auto sent = body.Get<int64_t>();
    if (!table.HasPeer(peer)) return;
    ByteWriter answer;
    answer.Put(sent);
    answer.Put(received);
    answer.Put(NowMicros());
    Send(peer, FrameKind::kHeartbeat, answer.Take());
    if (!report.empty()) events.push_back({BusEvent::Kind::kReport, peer, table.RoleOf(peer), 0, std::move(report)});
  }

  void Handle(PeerId peer, const Frame& frame) {
    table.OnTraffic(peer, NowMillis());
    switch (frame.kind) {
      case FrameKind::kRegister:
        return OnRegister(peer, ByteReader(frame.body));
      case FrameKind::kResult:
        return OnResults(peer, ByteReader(frame.body));
      case FrameKind::kHeartbeat:
        return OnHeartbeat(peer, ByteReader(frame.body));
      case FrameKind::kBye:
        return Lose(peer, "left");
      case FrameKind::kWeightRequest: {
        events.push_back({BusEvent::Kind::kWeightRequest, peer, table.HasPeer(peer) ? table.RoleOf(peer) : "", 0, frame.body});
        return;
      }
      case FrameKind::kStatusRequest: {
        events.push_back({BusEvent::Kind::kStatusRequest, peer, "", 0, ""});
        return;
      }
      default:
        ++refused;
    }
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
    const auto peer = PeerOf(id);
    std::string reason = "not one message part";
    std::optional<Frame> frame;
    if (peer && parts == 2) frame = DecodeFrame({bytes.data<char>(), bytes.size()}, &reason);
    // Who only asks for the status need not know the run.
    const bool any_run = frame && frame->kind == FrameKind::kStatusRequest && frame->run_id == 0;
    if (frame && frame->run_id != options.run_id && !any_run) {
      reason = "another run's";
      frame.reset();
    }
    // A result of an earlier incarnation of the job is welcome only through the journal, never from a peer that missed the restart.
    if (frame && frame->epoch != 0 && frame->epoch != options.epoch) {
      reason = Concat("epoch ", frame->epoch, " instead of ", options.epoch);
      frame.reset();
    }
    if (!frame) {
      ++refused;
      TEMPER_LOG(Warn, "bus: refused a frame (", reason, ")");
      return true;
    }
    try {
      Handle(*peer, *frame);
    } catch (const Error& error) {
      ++refused;
      TEMPER_LOG(Warn, "bus: refused the body of a frame of kind ", static_cast<int>(frame->kind), ": ", error.what());
    }
    return true;
  }

  void FlushAcks() {
    for (const auto& [peer, tasks] : acks) {
      ByteWriter body;
      body.PutVector(tasks);
      Send(peer, FrameKind::kAck, body.Take());
    }
    acks.clear();
  }

  void Tick() {
    const Millis now = NowMillis();
    if (now - last_tick < kTickEvery) return;
    last_tick = now;
    std::map<PeerId, std::string> roles;
    for (const PeerId peer : table.Peers("")) roles[peer] = table.RoleOf(peer);
    const TaskTable::Expired expired = table.Tick(now);
    for (const PeerId peer : expired.peers) {
      events.push_back({BusEvent::Kind::kPeerLost, peer, roles[peer], 0, "not heard of within the peer timeout"});
    }
    for (const TaskId task : expired.leases) TEMPER_LOG(Warn, "bus: lease of task ", task, " expired, given to another worker");
    for (const TaskId task : expired.exhausted) {
      payloads.erase(task);
      events.push_back({BusEvent::Kind::kTaskFailed, 0, "", task, "given out too often without a result"});
    }
    if (now - last_heartbeat >= options.heartbeat.count()) {
      last_heartbeat = now;
      for (const PeerId peer : table.Peers("")) {
        // A peer whose death ends the job otherwise has no timeout, and is not given up here either.
        if (!Send(peer, FrameKind::kHeartbeat, "") && table.RulesOf(table.RoleOf(peer)).peer_timeout > 0) Lose(peer, "connection lost");
      }
    }
  }

  // One frame a peer, or a few when the payloads are large.
  void Dispatch() {
    std::map<PeerId, ByteWriter> bodies;
    const auto flush = [&](PeerId peer, ByteWriter* body) {
      if (!body->bytes().empty() && !Send(peer, FrameKind::kTask, body->Take())) Lose(peer, "connection lost");
      *body = ByteWriter();
    };
    for (const auto& [task, peer, attempt] : table.Assign(NowMillis())) {
      ByteWriter& body = bodies[peer];
      body.Put(task);
      body.PutString(payloads.at(task));
      if (body.bytes().size() > kBatchBytes) flush(peer, &body);
    }
    for (auto& [peer, body] : bodies) flush(peer, &body);
  }
};

BusServer::BusServer(const std::string& endpoint, const BusOptions& options) : state_(std::make_unique<State>(options)) {
  zmq::socket_t& socket = state_->socket;
  socket.set(zmq::sockopt::router_mandatory, 1);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndhwm, kHighWaterMark);
  socket.set(zmq::sockopt::rcvhwm, kHighWaterMark);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxFrameBytes));
  socket.set(zmq::sockopt::handshake_ivl, 5000);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
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

BusServer::~BusServer() = default;

const std::string& BusServer::endpoint() const { return state_->endpoint; }
void BusServer::SetWelcome(const std::string& role, std::string body) { state_->welcomes[role] = std::move(body); }
void BusServer::SetRules(const std::string& role, TaskRules rules) { state_->table.SetRules(role, rules); }
const TaskTable& BusServer::table() const { return state_->table; }
int64_t BusServer::frames_refused() const { return state_->refused; }
uint64_t BusServer::epoch() const { return state_->options.epoch; }

void BusServer::Submit(const std::string& role, TaskId task, std::string payload) {
  state_->table.Submit(task, role, NowMillis());
  state_->payloads[task] = std::move(payload);
}

void BusServer::Cancel(TaskId task) {
  state_->table.Cancel(task);
  state_->payloads.erase(task);
  ByteWriter body;
  body.Put(task);
  for (const PeerId peer : state_->table.Peers("")) state_->Send(peer, FrameKind::kCancel, body.bytes());
}

void BusServer::Announce(const std::string& role, const std::string& body) {
  for (const PeerId peer : state_->table.Peers(role)) state_->Send(peer, FrameKind::kAnnounce, body);
}

void BusServer::SendWeightChunk(PeerId peer, std::string body) { state_->Send(peer, FrameKind::kWeightChunk, std::move(body)); }
void BusServer::SendStatus(PeerId observer, std::string body) { state_->Send(observer, FrameKind::kStatus, std::move(body)); }

std::vector<BusEvent> BusServer::Poll(std::chrono::milliseconds timeout) {
  State& s = *state_;
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
  return std::exchange(s.events, {});
}

std::vector<BusEvent> BusServer::Drain(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  std::set<PeerId> asked;  // a peer may register while the others leave
  std::vector<BusEvent> all;
  do {
    for (const PeerId peer : state_->table.Peers("")) {
      if (asked.insert(peer).second) state_->Send(peer, FrameKind::kDrain, "");
    }
    auto events = Poll(std::chrono::milliseconds(20));
    all.insert(all.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  } while (NowMillis() < end && !state_->table.Peers("").empty());
  return all;
}

}  // namespace temper
