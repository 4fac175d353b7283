#include "cluster/bus/slot_report.h"

#include <utility>

#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/random_id.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/routing_id.h"

namespace temper {
namespace {

constexpr Millis kSendAgain = 500;

}  // namespace

struct SlotReport::State {
  State(const BusContact& where, SlotDownBody what)
      : run_id(where.run_id), body(EncodeFields(what)), socket(context, zmq::socket_type::dealer) {
    socket.set(zmq::sockopt::routing_id, RoutingId(RandomId()));
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::immediate, 1);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxFrameBytes));
    if (!where.keys.empty()) {
      socket.set(zmq::sockopt::curve_serverkey, where.keys.server_public);
      socket.set(zmq::sockopt::curve_publickey, where.keys.client_public);
      socket.set(zmq::sockopt::curve_secretkey, where.keys.client_secret);
    }
    socket.connect(where.endpoint);
  }

  uint64_t run_id;
  std::string body;
  zmq::context_t context{1};
  zmq::socket_t socket;
  uint64_t sequence = 0;
  Millis send_at = 0;
  bool heard = false;
};

SlotReport::SlotReport(const BusContact& contact, SlotDownBody body) : state_(std::make_unique<State>(contact, std::move(body))) {}
SlotReport::~SlotReport() = default;
SlotReport::SlotReport(SlotReport&&) noexcept = default;

bool SlotReport::Deliver() {
  State& s = *state_;
  if (s.heard) return true;
  zmq::message_t bytes;
  while (s.socket.recv(bytes, zmq::recv_flags::dontwait)) {
    const auto frame = DecodeFrame({bytes.data<char>(), bytes.size()}, nullptr);
    s.heard = s.heard || (frame && frame->run_id == s.run_id && frame->kind == FrameKind::kAck);
  }
  if (!s.heard && NowMillis() >= s.send_at) {
    const std::string frame = EncodeFrame({FrameKind::kSlotDown, s.run_id, 0, s.sequence + 1, s.body});
    if (s.socket.send(zmq::buffer(frame), zmq::send_flags::dontwait)) {  // else there is no connection yet
      ++s.sequence;
      s.send_at = NowMillis() + kSendAgain;
    }
  }
  return s.heard;
}

}  // namespace temper
