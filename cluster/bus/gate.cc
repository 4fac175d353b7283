#include "cluster/bus/gate.h"

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include <zmq.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/log_budget.h"

namespace temper {
namespace {

constexpr char kZapEndpoint[] = "inproc://zeromq.zap.01";
constexpr int kLookAroundMs = 50;  // how often the thread sees whether it is to end
constexpr int kSelfTestMs = 5000;

using Key = std::array<uint8_t, 32>;

Key Binary(const std::string& text) {
  Key key;
  TEMPER_CHECK(zmq_z85_decode(key.data(), text.c_str()) != nullptr, "bus: not a key");
  return key;
}

// All parts of one message; none when nothing came in time.
std::vector<std::string> ReceiveParts(void* socket) {
  std::vector<std::string> parts;
  for (int more = 1; more != 0;) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    int got = 0;
    do {
      got = zmq_msg_recv(&part, socket, 0);
    } while (got < 0 && zmq_errno() == EINTR);  // a stop signal is no answer
    if (got < 0) {
      zmq_msg_close(&part);
      return {};
    }
    parts.emplace_back(static_cast<const char*>(zmq_msg_data(&part)), zmq_msg_size(&part));
    more = zmq_msg_more(&part);
    zmq_msg_close(&part);
  }
  return parts;
}

// A request is version, id, domain, address, identity, mechanism, credentials; a CURVE client's credentials are its public key.
bool MayEnter(const std::vector<std::string>& request, const Key& allowed) {
  return request.size() == 7 && request[0] == "1.0" && request[5] == "CURVE" && request[6].size() == allowed.size() &&
         std::memcmp(request[6].data(), allowed.data(), allowed.size()) == 0;
}

void Reply(void* socket, const std::string& id, bool enter) {
  const std::array<std::string_view, 6> parts = {"1.0", id, enter ? "200" : "400", enter ? "OK" : "not a key of this job", "", ""};
  for (size_t i = 0; i < parts.size(); ++i) {
    zmq_send(socket, parts[i].data(), parts[i].size(), i + 1 < parts.size() ? ZMQ_SNDMORE : 0);
  }
}

}  // namespace

BusGate::BusGate(void* context, const BusKeys& keys) : context_(context), keys_(keys), socket_(zmq_socket(context, ZMQ_REP)) {
  TEMPER_CHECK(socket_ != nullptr, "bus: ", zmq_strerror(zmq_errno()));
  const int linger = 0;
  zmq_setsockopt(socket_, ZMQ_LINGER, &linger, sizeof(linger));
  zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &kLookAroundMs, sizeof(kLookAroundMs));
  if (zmq_bind(socket_, kZapEndpoint) != 0) {
    const std::string why = zmq_strerror(zmq_errno());
    zmq_close(socket_);
    TEMPER_FAIL("bus: cannot answer who may enter: ", why);
  }
  thread_ = std::thread([this] { Answer(); });
}

BusGate::~BusGate() {
  stop_ = true;
  thread_.join();
  zmq_close(socket_);
}

void BusGate::Answer() {
  const Key allowed = Binary(keys_.client_public);
  LogBudget lines;  // strangers decide how many there are
  while (!stop_) {
    const std::vector<std::string> request = ReceiveParts(socket_);
    if (const int64_t more = lines.TakeCounted(NowSeconds()); more > 0) TEMPER_LOG(Warn, "bus: turned away ", MoreOfThese(more));
    if (request.size() < 4) continue;
    const bool enter = MayEnter(request, allowed);
    if (!enter && !knocking_ && lines.Take(NowSeconds())) TEMPER_LOG(Warn, "bus: turned away ", request[3], ": not a key of this job");
    Reply(socket_, request[1], enter);
  }
}

namespace {

// What became of the handshake, as libzmq's event; 0 when nothing did in time.
int AwaitHandshake(void* monitor) {
  const std::vector<std::string> event = ReceiveParts(monitor);
  if (event.empty() || event[0].size() < sizeof(uint16_t)) return 0;
  uint16_t kind = 0;
  std::memcpy(&kind, event[0].data(), sizeof(kind));
  return kind;
}

}  // namespace

void BusGate::CheckItRefuses(const std::string& endpoint) {
  constexpr int kHandshakeEnds = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
  const BusKeys strange = MakeBusKeys();
  zmq::context_t context;
  zmq::socket_t knock(context, zmq::socket_type::dealer);
  knock.set(zmq::sockopt::linger, 0);
  knock.set(zmq::sockopt::curve_serverkey, keys_.server_public);
  knock.set(zmq::sockopt::curve_publickey, strange.client_public);
  knock.set(zmq::sockopt::curve_secretkey, strange.client_secret);
  constexpr char kMonitor[] = "inproc://gate-check";
  TEMPER_CHECK(zmq_socket_monitor(knock.handle(), kMonitor, kHandshakeEnds) == 0, "bus: ", zmq_strerror(zmq_errno()));
  zmq::socket_t monitor(context, zmq::socket_type::pair);
  monitor.set(zmq::sockopt::linger, 0);
  monitor.set(zmq::sockopt::rcvtimeo, kSelfTestMs);
  monitor.connect(kMonitor);
  knocking_ = true;
  knock.connect(endpoint);
  const int event = AwaitHandshake(monitor.handle());
  knocking_ = false;
  zmq_socket_monitor(knock.handle(), nullptr, 0);
  TEMPER_CHECK(event != 0, "bus: the bus's own socket at ", endpoint, " did not answer within ", kSelfTestMs, " ms");
  if (event != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
    throw ConfigError(Concat("cluster.endpoint: the bus at ", endpoint, " did not turn an unknown key away (",
                             event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? "it let it in" : "it hung up",
                             "): this libzmq does not protect it; keep the job on one host with tcp://127.0.0.1:*"));
  }
}

}  // namespace temper
