// Who gets onto an encrypted bus, and who does not.
#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <zmq.hpp>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/gate.h"
#include "cluster/bus/routing_id.h"
#include "cluster/bus/slot_report.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "cluster/host/host_address.h"
#include "tests/cluster/bus/bus_fixture.h"

namespace temper {
namespace {

using testing::HasSubstr;
using testing::Not;

BusOptions WithKeys(const BusKeys& keys) {
  BusOptions options = ServerOptions();
  options.keys = keys;
  return options;
}

ZmqClient::Options WithKeys(const std::string& endpoint, const BusKeys& keys) {
  ZmqClient::Options options = ClientOptions(endpoint);
  options.keys = keys;
  return options;
}

std::string ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(BusSecurity, WhoHasTheJobsKeysGetsInAndWorks) {
  const BusKeys keys = MakeBusKeys();
  ZmqServer server(kAnyPort, WithKeys(keys));
  Loop loop(&server);
  ZmqClient client(WithKeys(server.endpoint(), keys.ForClients()));
  loop.Register(&client);
  server.Submit(Role::kRollout, 5, "work");
  std::string payload;
  ASSERT_TRUE(loop.Until([&] {
    for (const BusTask& task : TasksOf(client)) payload = task.payload;
    return !payload.empty();
  }));
  EXPECT_EQ(payload, "work");
  client.SendResult(5, std::string(3 << 20, 'x'));
  ASSERT_TRUE(loop.Until([&] { return !loop.Of(Kind::kResult).empty(); }));
  EXPECT_EQ(loop.Of(Kind::kResult)[0].body, std::string(3 << 20, 'x'));
}

// The strangers try for a second, beside a client that belongs here.
TEST(BusSecurity, NobodyElseGetsIn) {
  const BusKeys keys = MakeBusKeys();
  ZmqServer server(kAnyPort, WithKeys(keys));
  Loop loop(&server);
  BusKeys unknown = MakeBusKeys().ForClients();
  unknown.server_public = keys.server_public;
  BusKeys other_server = keys.ForClients();
  other_server.server_public = MakeBusKeys().server_public;
  ZmqClient unknown_key(WithKeys(server.endpoint(), unknown));
  ZmqClient deceived(WithKeys(server.endpoint(), other_server));
  ZmqClient plain(ClientOptions(server.endpoint()));
  for (ZmqClient* stranger : {&unknown_key, &deceived, &plain}) loop.Add(stranger);
  loop.For(seconds(1));
  for (ZmqClient* stranger : {&unknown_key, &deceived, &plain}) EXPECT_FALSE(stranger->NextWelcome().has_value());
  EXPECT_EQ(server.table().Peers().size(), 0u);
  EXPECT_TRUE(loop.events.empty());
  ZmqClient client(WithKeys(server.endpoint(), keys.ForClients()));
  loop.Register(&client);
  EXPECT_EQ(server.table().NumPeers(Role::kRollout), 1);
}

// A peer that speaks to the socket as it likes.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::routing_id, RoutingId(4711));
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
  }
  void Send(const std::string& bytes) { socket_.send(zmq::buffer(bytes), zmq::send_flags::none); }
  int64_t Received() {
    zmq::message_t bytes;
    int64_t count = 0;
    while (socket_.recv(bytes, zmq::recv_flags::dontwait)) ++count;
    return count;
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

TEST(BusSecurity, AFloodOfGarbageIsCountedAndNotWrittenDown) {
  ZmqServer server(kAnyPort, ServerOptions());
  RawPeer peer(server.endpoint());
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3000; ++i) peer.Send("garbage");
  Loop loop(&server);
  EXPECT_TRUE(loop.Until([&] { return server.frames_refused() == 3000; }));
  const std::string log = testing::internal::GetCapturedStderr();
  int lines = 0;
  for (size_t at = 0; (at = log.find("bus: refused", at)) != std::string::npos; ++at) ++lines;
  EXPECT_GE(lines, 10);
  EXPECT_LE(lines, 20);
}

TEST(BusSecurity, AFloodOfQuestionsIsAnsweredNowAndThen) {
  ZmqServer server(kAnyPort, ServerOptions());
  int64_t asked = 0;
  server.SetStatusAnswer([&asked](const std::string&) { return Concat("answer ", ++asked); });
  RawPeer peer(server.endpoint());
  const double begin = NowSeconds();
  for (uint64_t i = 1; i <= 3000; ++i) peer.Send(EncodeFrame({FrameKind::kStatusRequest, 0, 0, i, ""}));
  peer.Send("the end");
  Loop loop(&server);
  ASSERT_TRUE(loop.Until([&] { return server.frames_refused() == 1; }));
  EXPECT_GE(asked, 20);
  EXPECT_LE(asked, 21 + 10 * (NowSeconds() - begin));
}

// Whoever tells it repeats it until it is heard; the orchestrator takes it once.
TEST(BusSecurity, ASlotThatIsDownIsToldOnceThroughTheGate) {
  const BusKeys keys = MakeBusKeys();
  BusOptions options = ServerOptions();
  options.keys = keys;
  ZmqServer server(kAnyPort, options);
  const BusContact contact{server.endpoint(), kRunId, keys.ForClients()};
  Loop loop(&server);
  for (int i = 0; i < 2; ++i) {
    SlotReport report(contact, {"rollout", 3, "host-a", "five deaths"});
    EXPECT_TRUE(loop.Until([&] { return report.Deliver(); }));
  }
  SlotReport lie(contact, {"learner/0", 1, "host-a", "gone"});
  EXPECT_TRUE(loop.Until([&] {
    lie.Deliver();
    return server.frames_refused() > 0;
  }));
  const auto events = loop.Of(Kind::kSlotDown);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].role, PeerRole(Role::kRollout));
  EXPECT_EQ(events[0].body, "of rank 3 on host-a: five deaths");
  EXPECT_TRUE(server.table().Peers().empty()) << "who tells it is no peer";
}

TEST(BusSecurity, AnAddressThatOthersReachNeedsKeys) {
  EXPECT_EQ(ErrorOf([] { ZmqServer server("tcp://10.1.2.3:*", ServerOptions()); }),
            "cluster.endpoint: tcp://10.1.2.3:* can be reached from other hosts, and the bus has no keys to protect it");
}

// libzmq's own default: without somebody who answers for the keys, every client is let in.
TEST(BusSecurity, AServerThatLetsUnknownKeysInIsFoundOut) {
  const BusKeys keys = MakeBusKeys();
  zmq::context_t open_context;
  zmq::socket_t open_server(open_context, zmq::socket_type::router);
  open_server.set(zmq::sockopt::linger, 0);
  open_server.set(zmq::sockopt::curve_server, 1);
  open_server.set(zmq::sockopt::curve_secretkey, keys.server_secret);
  open_server.bind(kAnyPort);
  zmq::context_t context;
  BusGate gate(context.handle(), keys);
  EXPECT_THAT(ErrorOf([&] { gate.CheckItRefuses(open_server.get(zmq::sockopt::last_endpoint)); }),
              HasSubstr("did not turn an unknown key away (it let it in)"));
}

TEST(BusSecurity, AClientFollowsItsJobToANewStart) {
  const BusKeys first_keys = MakeBusKeys();
  auto server = std::make_unique<ZmqServer>(kAnyPort, WithKeys(first_keys));
  std::optional<BusContact> contact;  // nothing while the job is down
  ZmqClient::Options options = WithKeys(server->endpoint(), first_keys.ForClients());
  options.silence = milliseconds(300);
  options.find_again = [&] { return contact; };
  ZmqClient client(options);
  Loop(server.get()).Register(&client);
  server.reset();
  const Millis end = NowMillis() + 600;
  while (NowMillis() < end) client.Poll(milliseconds(10));
  const BusKeys second_keys = MakeBusKeys();
  BusOptions second = WithKeys(second_keys);
  second.run_id = kRunId + 1;
  second.epoch = 2;
  server = std::make_unique<ZmqServer>(kAnyPort, second);
  contact = BusContact{server->endpoint(), second.run_id, second_keys.ForClients()};
  Loop loop(server.get());
  loop.Register(&client);
  EXPECT_EQ(server->table().NumPeers(Role::kRollout), 1);
}

TEST(BusKeys, AClientsKeysAreOneLineAndComeBack) {
  const BusKeys keys = MakeBusKeys();
  const BusKeys back = BusKeys::Decode(keys.Encode(), "test");
  EXPECT_EQ(back.server_public, keys.server_public);
  EXPECT_EQ(back.client_public, keys.client_public);
  EXPECT_EQ(back.client_secret, keys.client_secret);
  EXPECT_EQ(back.server_secret, "");
  EXPECT_THAT(keys.Encode(), Not(HasSubstr(keys.server_secret)));
  EXPECT_TRUE(BusKeys::Decode("", "test").empty());
  EXPECT_EQ(BusKeys{}.Encode(), "");
  EXPECT_NE(MakeBusKeys().client_secret, keys.client_secret);
}

TEST(BusKeys, WhatIsNotThreeKeysIsRefusedWithoutBeingShown) {
  const std::string key = MakeBusKeys().server_public;
  const std::string bad_character = std::string(39, 'a') + "\"";
  for (const std::string& text : {key, key + " " + key, key + " " + key + " " + key + " " + key, key + " " + key + " " + key.substr(1),
                                  key + " " + key + " " + bad_character, std::string("no key at all")}) {
    EXPECT_EQ(ErrorOf([&] { BusKeys::Decode(text, "the file"); }), "the file: expected the three keys of a bus, 40 characters each")
        << text;
  }
}

TEST(IsLoopback, IsWhatOnlyThisHostReaches) {
  for (const char* local :
       {"ipc:///tmp/bus", "tcp://127.0.0.1:*", "tcp://127.0.1.1:5555", "tcp://localhost:1", "tcp://lo:*", "tcp://[::1]:7"}) {
    EXPECT_TRUE(IsLoopback(local)) << local;
  }
  for (const char* open :
       {"tcp://10.0.0.1:*", "tcp://eth0:*", "tcp://*:5555", "tcp://0.0.0.0:1", "tcp://lo.example.org:1", "tcp://128.0.0.1:1"}) {
    EXPECT_FALSE(IsLoopback(open)) << open;
  }
}

TEST(AddressTowards, RefusesNamesThatLeadNowhereOrToThisHostItself) {
  EXPECT_THAT(ErrorOf([] { AddressTowards({"no-such-host.invalid"}, "do this"); }),
              HasSubstr("the name of host no-such-host.invalid leads to no address ("));
  EXPECT_EQ(ErrorOf([] { AddressTowards({"localhost"}, "do this"); }),
            "the name of host localhost leads to a loopback address here: do this");
}

}  // namespace
}  // namespace temper
