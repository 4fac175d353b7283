#include "cluster/bus/observer.h"

#include <array>
#include <cstring>

#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/random_id.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/routing_id.h"
#include "cluster/bus/task_table.h"

namespace temper {
namespace {

constexpr char kEvents[] = "inproc://observer-events";
constexpr Millis kAskAgain = 500;  // a request may be lost with a connection
constexpr Millis kLookAgain = 20;  // whether there is a connection

}  // namespace

struct BusObserver::State {
  explicit State(const BusContact& c) : contact(c), socket(context, zmq::socket_type::dealer), events(context, zmq::socket_type::pair) {
    socket.set(zmq::sockopt::routing_id, RoutingId(RandomId()));
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::immediate, 1);
    socket.set(zmq::sockopt::reconnect_ivl, 100);
    socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxFrameBytes));
    if (!contact.keys.empty()) {
      socket.set(zmq::sockopt::curve_serverkey, contact.keys.server_public);
      socket.set(zmq::sockopt::curve_publickey, contact.keys.client_public);
      socket.set(zmq::sockopt::curve_secretkey, contact.keys.client_secret);
    }
    constexpr int kOfInterest = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED;
    TEMPER_CHECK(zmq_socket_monitor(socket.handle(), kEvents, kOfInterest) == 0, "bus: ", zmq_strerror(zmq_errno()));
    events.set(zmq::sockopt::linger, 0);
    events.connect(kEvents);
    try {
      socket.connect(contact.endpoint);
    } catch (const zmq::error_t& error) {
      throw ConfigError(Concat("--connect: cannot use the endpoint ", contact.endpoint, ": ", error.what()));
    }
  }
  ~State() { zmq_socket_monitor(socket.handle(), nullptr, 0); }

  BusContact contact;
  zmq::context_t context{1};
  zmq::socket_t socket;
  zmq::socket_t events;
  uint64_t sequence = 0;
  bool reached = false;   // somebody accepted the connection
  bool let_in = false;    // the handshake is done
  bool hung_up = false;   // the connection ended during the handshake
  std::string strange{};  // why the last answer was none

  void SeeEvents() {
    zmq::message_t event, address;
    while (events.recv(event, zmq::recv_flags::dontwait)) {
      if (event.more()) (void)events.recv(address, zmq::recv_flags::none);
      uint16_t kind = 0;
      if (event.size() < sizeof(kind)) continue;
      std::memcpy(&kind, event.data(), sizeof(kind));
      if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
        throw ConfigError(Concat("the job at ", contact.endpoint,
                                 " turned this key away: it belongs to another job, or to an earlier start of this one; take the keys of "
                                 "its present rendezvous.json"));
      }
      if (kind == ZMQ_EVENT_CONNECTED) reached = true;
      if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) let_in = true;
      if (kind != ZMQ_EVENT_CONNECTED && kind != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        hung_up = hung_up || !let_in;
        let_in = false;
      }
    }
  }

  bool Send() {
    const std::string bytes = EncodeFrame({FrameKind::kStatusRequest, 0, 0, ++sequence, ""});
    return socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait).has_value();
  }

  // The answer, when one has come.
  std::optional<std::string> Receive() {
    zmq::message_t bytes;
    if (!socket.recv(bytes, zmq::recv_flags::dontwait)) return std::nullopt;
    auto frame = DecodeFrame({bytes.data<char>(), bytes.size()}, &strange);
    if (!frame) return std::nullopt;
    if (contact.run_id != 0 && frame->run_id != contact.run_id) {
      strange = "another run answers";
      return std::nullopt;
    }
    if (frame->kind != FrameKind::kStatus) return std::nullopt;
    return std::move(frame->body);
  }

  std::string Problem(Millis waited) const {
    const std::string who = Concat("no answer from ", contact.endpoint, " within ", waited, " ms: ");
    if (!strange.empty()) return who + strange;
    if (let_in) return who + "the job is busy, with its data or a checkpoint perhaps";
    if (hung_up || reached) {
      return who + (contact.keys.empty() ? Concat("it is encrypted and needs keys (name the run folder or its rendezvous.json, or set ",
                                                  kBusKeysVariable, "), or it is no job of temper")
                                         : "the keys are those of another job or of another start of it, or it is no job of temper");
    }
    return who + "is the job running, and is its port open to this host?";
  }
};

BusObserver::BusObserver(const BusContact& contact) : state_(std::make_unique<State>(contact)) {}
BusObserver::~BusObserver() = default;

std::optional<std::string> BusObserver::Ask(std::chrono::milliseconds deadline, std::string* problem) {
  State& s = *state_;
  while (s.Receive()) {
  }  // answers that came too late the last time
  s.strange.clear();
  const Millis begin = NowMillis();
  Millis ask_at = begin;
  std::array<zmq::pollitem_t, 2> items = {{{s.socket.handle(), 0, ZMQ_POLLIN, 0}, {s.events.handle(), 0, ZMQ_POLLIN, 0}}};
  for (Millis now = begin; now - begin < deadline.count(); now = NowMillis()) {
    s.SeeEvents();
    if (now >= ask_at) ask_at = now + (s.Send() ? kAskAgain : kLookAgain);
    try {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(kLookAgain));
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw Error(__FILE__, __LINE__, Concat("bus poll: ", error.what()));
      break;  // a signal: the caller may want to leave
    }
    if (auto answer = s.Receive()) return answer;
  }
  *problem = s.Problem(NowMillis() - begin);
  return std::nullopt;
}

}  // namespace temper
