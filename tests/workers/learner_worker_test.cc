// Orders that come more than once, because their answers were lost.
#include "workers/learner_worker.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/bus/in_process.h"
#include "cluster/collectives/communicator.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

const PeerRole kLearner{Role::kLearner, 0};

class LearnerWorkerTest : public testing::Test {
 protected:
  LearnerWorkerTest() {
    client_->Register(milliseconds(0));
    LearnerWorkerOptions options;
    options.weight_folder = folder_ / "temper-1-1";
    worker_ = std::make_unique<LearnerWorker>(client_.get(), communicator_.get(), &telemetry_, &metrics_, options);
    TransformerConfig shape;
    shape.vocab_size = 20;
    shape.hidden_size = shape.intermediate_size = shape.head_dim = 8;
    shape.num_layers = shape.num_heads = shape.num_kv_heads = 1;
    shape.max_positions = 32;
    EXPECT_EQ(Do(1, {InitializeOrder{ToConfigJson(shape), 1}}).error, "");
    EXPECT_EQ(Do(2, {BeginStageOrder{.optimizer = {}, .total_steps = 1}}).error, "");
  }

  // The result of the order with this number.
  LearnerResult Do(TaskId id, const LearnerTask& order) {
    bus_.Submit(kLearner, id, order.Encode());
    for (int turn = 0; turn < 10; ++turn) {
      bus_.Poll(milliseconds(0));
      worker_->RunOnce();
      for (const BusEvent& event : bus_.Poll(milliseconds(0))) {
        if (event.kind == BusEvent::Kind::kResult && event.task == id) return LearnerResult::Decode(event.body);
      }
    }
    return Refusal<LearnerResult>("no answer", false);
  }

  TempFolder folder_;
  InProcessBus bus_{{.rules = {.lease = 0, .peer_timeout = 0}}};
  std::unique_ptr<BusClient> client_ = bus_.Connect(kLearner, 4);
  std::unique_ptr<Communicator> communicator_ = MakeSingleCommunicator();
  Telemetry telemetry_{-1, false};
  MetricsEndpoint metrics_{{}};
  std::unique_ptr<LearnerWorker> worker_;
};

// Workers repeat that they miss a version, and an update lets these words gather.
TEST_F(LearnerWorkerTest, WeightsThatAreMissedSeveralTimesAreWrittenAgainOnce) {
  const WeightRef published = Do(3, {PublishOrder{.version = 5}}).published;
  fs::remove(published.path);
  for (int i = 0; i < 3; ++i) bus_.Announce(Role::kLearner, WeightChunkRequest{5, published.hash, 0}.Encode());
  testing::internal::CaptureStderr();
  worker_->RunOnce();
  const std::string said = testing::internal::GetCapturedStderr();
  const std::string done = ": written again";
  EXPECT_NE(said.find(done), std::string::npos);
  EXPECT_EQ(said.find(done), said.rfind(done)) << said;
  EXPECT_TRUE(fs::exists(published.path));
}

TEST_F(LearnerWorkerTest, AnOrderIsCarriedOutOnceHoweverOftenItComes) {
  const WeightRef published = Do(3, {PublishOrder{.version = 5}}).published;
  ASSERT_TRUE(fs::exists(published.path));
  fs::remove(published.path);
  EXPECT_EQ(Do(3, {PublishOrder{.version = 5}}).published, published) << "the same answer";
  EXPECT_FALSE(fs::exists(published.path)) << "and no second publication";
  EXPECT_TRUE(fs::exists(Do(4, {PublishOrder{.version = 5}}).published.path)) << "another order is another";
}

TEST_F(LearnerWorkerTest, AFailedOrderFailsTheSameWayAgain) {
  const std::string missing = folder_ / "nowhere";
  const std::string error = Do(3, {LoadModelOrder{.folder = missing, .skip_tensors = {}}}).error;
  EXPECT_NE(error, "");
  fs::create_directory(missing);
  EXPECT_EQ(Do(3, {LoadModelOrder{.folder = missing, .skip_tensors = {}}}).error, error);
}

TEST_F(LearnerWorkerTest, AnOrderFromBeforeTheLastIsNoOrder) {
  Do(3, {PublishOrder{.version = 5}});
  EXPECT_EQ(Do(2, {PublishOrder{.version = 6}}).error, "no answer");
}

}  // namespace
}  // namespace temper
