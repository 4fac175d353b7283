// Peers that mean harm, or are broken, over real sockets: what they ask for they do not get, and the job goes on.
#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.hpp>

#include "cluster/base/bytes.h"
#include "cluster/base/clock.h"
#include "cluster/bus/bodies.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "orchestrator/flow/job_bus.h"
#include "tests/support/temp_folder.h"
#include "workers/wire.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr uint64_t kRunId = 7;
constexpr uint64_t kEpoch = 1;

// A peer that sends what it likes and sees all answers. `keys` may be empty.
class Hostile {
 public:
  Hostile(const std::string& endpoint, const BusKeys& keys, PeerId id) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::routing_id, "T" + std::string(reinterpret_cast<const char*>(&id), sizeof(id)));
    socket_.set(zmq::sockopt::linger, 0);
    if (!keys.empty()) {
      socket_.set(zmq::sockopt::curve_serverkey, keys.server_public);
      socket_.set(zmq::sockopt::curve_publickey, keys.client_public);
      socket_.set(zmq::sockopt::curve_secretkey, keys.client_secret);
    }
    socket_.connect(endpoint);
  }
  void Send(FrameKind kind, std::string body) {
    socket_.send(zmq::buffer(EncodeFrame({kind, kRunId, kEpoch, ++sequence_, std::move(body)})), zmq::send_flags::dontwait);
  }
  // Kinds of the answers that have come, and the bodies of weight chunks.
  void Receive() {
    zmq::message_t bytes;
    while (socket_.recv(bytes, zmq::recv_flags::dontwait)) {
      const auto frame = DecodeFrame({bytes.data<char>(), bytes.size()}, nullptr);
      ASSERT_TRUE(frame);
      kinds.push_back(frame->kind);
      if (frame->kind == FrameKind::kWeightChunk) chunks.push_back(frame->body);
    }
  }
  bool Got(FrameKind kind) const { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); }

  std::vector<FrameKind> kinds;
  std::vector<std::string> chunks;

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
  uint64_t sequence_ = 0;
};

// As a request was before: of a file that whoever asks names.
std::string RequestOfAFile(const std::string& path) {
  ByteWriter out;
  out.PutString(WeightRef{1, std::string(32, 'a'), 64, path, "host"}.Encode());
  out.Put(uint64_t{0});
  return out.Take();
}

class HostilePeerTest : public testing::Test {
 protected:
  HostilePeerTest() {
    config_.weight_folder = folder_.path();
    BusOptions options = BusOptionsOf(config_, keys_, kRunId, kEpoch);
    options.heartbeat = milliseconds(50);
    options.rules = {.lease = 60'000, .peer_timeout = 60'000, .max_attempts = 20};
    server_ = std::make_unique<ZmqServer>("tcp://127.0.0.1:*", options);
    bus_ = std::make_unique<JobBus>(config_, server_.get(), &monitor_, 1);
    learner_ = Connect({Role::kLearner, 0});
  }

  std::unique_ptr<ZmqClient> Connect(const PeerRole& role) {
    auto client = std::make_unique<ZmqClient>(ZmqClient::Options{.endpoint = server_->endpoint(),
                                                                 .role = role,
                                                                 .capacity = 4,
                                                                 .run_id = kRunId,
                                                                 .heartbeat = milliseconds(50),
                                                                 .keys = keys_.ForClients()});
    EXPECT_TRUE(Until([&] {
      client->Poll(milliseconds(1));
      return client->NextWelcome().has_value();
    }));
    return client;
  }
  bool Until(const std::function<bool()>& done, Millis limit = 20'000) {
    for (const Millis end = NowMillis() + limit; !done();) {
      if (NowMillis() >= end) return false;
      for (GradedGroup& group : bus_->Poll(milliseconds(1))) complete_.push_back(std::move(group));
      if (learner_ != nullptr) learner_->Poll(milliseconds(0));
    }
    return true;
  }
  // The job's learner publishes a version, as with every step.
  WeightRef Publish(int64_t version, const std::string& bytes) {
    const WeightRef ref = publisher_.Publish(version, bytes.data(), bytes.size());
    bus_->Order({{PublishOrder{.version = version}}});
    EXPECT_TRUE(Until([&] {
      while (const auto order = learner_->NextTask()) {
        LearnerResult result;
        result.published = ref;
        learner_->SendResult(order->id, result.Encode());
      }
      return bus_->LearnersDone();
    }));
    EXPECT_EQ(bus_->TakeLearnerResult().published, ref);
    return ref;
  }
  // The peer asks, and one more frame is refused.
  testing::AssertionResult IsRefused(Hostile* peer, const std::string& question) {
    const int64_t before = bus_->frames_refused();
    peer->Send(FrameKind::kWeightRequest, question);
    const bool refused = Until([&] {
      peer->Receive();
      return bus_->frames_refused() > before;
    });
    if (!refused) return testing::AssertionFailure() << "nothing was refused";
    peer->Receive();
    if (!peer->chunks.empty()) return testing::AssertionFailure() << "it was given " << peer->chunks[0];
    return testing::AssertionSuccess();
  }

  TempFolder folder_;
  ClusterConfig config_;
  const BusKeys keys_ = MakeBusKeys();
  ClusterMonitor monitor_;
  std::unique_ptr<ZmqServer> server_;
  std::unique_ptr<JobBus> bus_;
  std::unique_ptr<ZmqClient> learner_;
  WeightPublisher publisher_{folder_ / Concat("temper-1-", getpid()), 2};
  std::vector<GradedGroup> complete_;
};

TEST_F(HostilePeerTest, NobodyReadsAFileThroughTheBus) {
  const WeightRef ref = Publish(1, "published");
  const std::string pipe = folder_ / "pipe", link = folder_ / "link";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("/etc/passwd", link);
  const std::string good = WeightChunkRequest{ref.version, ref.hash, 0}.Encode();

  Hostile unregistered(server_->endpoint(), keys_.ForClients(), 11);
  for (const std::string& question : {RequestOfAFile("/etc/passwd"), RequestOfAFile(pipe), RequestOfAFile(link), good}) {
    EXPECT_TRUE(IsRefused(&unregistered, question));
  }
  EXPECT_TRUE(unregistered.Got(FrameKind::kRegisterAgain));

  Hostile registered(server_->endpoint(), keys_.ForClients(), 12);
  ASSERT_TRUE(Until([&] {
    registered.Send(FrameKind::kRegister, EncodeFields(RegisterBody{"rollout", 1, "here"}));
    registered.Receive();
    return registered.Got(FrameKind::kWelcome);
  }));
  for (const std::string& question :
       {RequestOfAFile("/etc/passwd"), RequestOfAFile(pipe), RequestOfAFile(link), std::string(),
        WeightChunkRequest{2, ref.hash, 0}.Encode(), WeightChunkRequest{1, std::string(32, '0'), 0}.Encode(),
        WeightChunkRequest{1, "../../../etc/passwd", 0}.Encode(), WeightChunkRequest{1, ref.hash, 1 << 20}.Encode()}) {
    EXPECT_TRUE(IsRefused(&registered, question));
  }
  // What the job has announced it may have, as every worker.
  ASSERT_TRUE(Until([&] {
    registered.Send(FrameKind::kWeightRequest, good);
    registered.Receive();
    return !registered.chunks.empty();
  }));
  EXPECT_THAT(registered.chunks[0], HasSubstr("published"));
  Publish(2, "the job goes on");
}

TEST_F(HostilePeerTest, WithoutTheKeysNobodyIsHeardOnLoopback) {
  const WeightRef ref = Publish(1, "published");
  Hostile plain(server_->endpoint(), {}, 11);
  const Millis end = NowMillis() + 1000;
  Until([&] {
    plain.Send(FrameKind::kRegister, EncodeFields(RegisterBody{"rollout", 1, "here"}));
    plain.Send(FrameKind::kWeightRequest, WeightChunkRequest{1, ref.hash, 0}.Encode());
    plain.Receive();
    return NowMillis() > end;
  });
  EXPECT_TRUE(plain.kinds.empty());
  EXPECT_EQ(server_->table().NumPeers(Role::kRollout), 0);
}

TEST_F(HostilePeerTest, AWorkerDoesNotAnswerForALearner) {
  bus_->Order({{PublishOrder{.version = 1}}});
  std::optional<BusTask> order;
  ASSERT_TRUE(Until([&] { return (order = learner_->NextTask()).has_value(); }));
  const auto worker = Connect(Role::kRollout);
  LearnerResult forged;
  forged.published = {1, std::string(32, 'a'), 64, "/etc/passwd", "host"};
  worker->SendResult(order->id, forged.Encode());
  const int64_t before = bus_->frames_refused();
  ASSERT_TRUE(Until([&] {
    worker->Poll(milliseconds(1));
    return bus_->frames_refused() > before;
  }));
  EXPECT_FALSE(bus_->LearnersDone());
  learner_->SendResult(order->id, LearnerResult().Encode());
  ASSERT_TRUE(Until([&] { return bus_->LearnersDone(); }));
  EXPECT_EQ(bus_->TakeLearnerResult().published.path, "");
}

// A rollout worker whose results are none, beside one whose results are good. No group fails.
TEST_F(HostilePeerTest, ALyingWorkersTasksGoToAnotherAndItIsSentAway) {
  const Prompt prompt{"p1", "text", "", "", "", ""};
  bus_->BeginPhase(nullptr);
  const auto liar = Connect(Role::kRollout), honest = Connect(Role::kRollout), grader = Connect(Role::kReward);
  int64_t lies = 0;
  const auto lie = [&](const BusTask& task) -> std::string {
    const auto id = RolloutTask::Decode(task.payload).request.group_id;
    RolloutResult of_another;
    of_another.group.group_id = id + 1;
    const std::array<std::string, 3> kLies = {"no result at all", of_another.Encode(), std::string(100, '\xff')};
    return kLies[static_cast<size_t>(lies++) % kLies.size()];
  };
  for (uint64_t id = 1; id <= 12; ++id) {
    GroupSpec spec;
    spec.prompt = &prompt;
    spec.task.request.group_id = id;
    spec.task.request.num_samples = 0;
    spec.task.exact = false;
    bus_->Issue(spec, nullptr);
  }
  ASSERT_TRUE(Until([&] {
    for (ZmqClient* client : {liar.get(), honest.get(), grader.get()}) client->Poll(milliseconds(1));
    while (const auto task = liar->NextTask()) liar->SendResult(task->id, lie(*task));
    while (const auto task = honest->NextTask()) {
      RolloutResult result;
      result.group.group_id = RolloutTask::Decode(task->payload).request.group_id;
      honest->SendResult(task->id, result.Encode());
    }
    while (const auto task = grader->NextTask()) grader->SendResult(task->id, RewardResult().Encode());
    return complete_.size() == 12 && liar->draining();
  })) << complete_.size()
      << " groups";
  for (const GradedGroup& group : complete_) EXPECT_EQ(group.refused, "");
  EXPECT_GE(bus_->results_refused(), kMaxBadResults);
  EXPECT_LE(bus_->results_refused(), kMaxBadResults + 3) << "three, and what it had sent before it was told";
  EXPECT_EQ(bus_->workers_lost(), 1);
  EXPECT_EQ(bus_->groups_in_flight(), 0);
  liar->SendResult(99, "once more");
  ASSERT_TRUE(Until([&] {
    liar->Poll(milliseconds(1));
    return bus_->frames_refused() > 0;
  }));
  EXPECT_EQ(server_->table().NumPeers(Role::kRollout), 1) << "it is not let in again";
}

TEST_F(HostilePeerTest, ALoneLiarEndsTheJobByItsTasksAttempts) {
  const Prompt prompt{"p1", "text", "", "", "", ""};
  bus_->BeginPhase(nullptr);
  server_->SetRules(Role::kRollout, {.lease = 60'000, .peer_timeout = 60'000, .max_attempts = 2});
  const auto liar = Connect(Role::kRollout);
  GroupSpec spec;
  spec.prompt = &prompt;
  spec.task.request.group_id = 1;
  bus_->Issue(spec, nullptr);
  try {
    Until([&] {
      liar->Poll(milliseconds(1));
      while (const auto task = liar->NextTask()) liar->SendResult(task->id, "nothing");
      return false;
    });
    ADD_FAILURE() << "the job waits for ever";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("group 1, sampling"));
    EXPECT_THAT(error.what(), HasSubstr("given out too often"));
  }
}

}  // namespace
}  // namespace temper
