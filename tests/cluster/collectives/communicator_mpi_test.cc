#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/keyed_random.h"
#include "cluster/collectives/process.h"

namespace temper {
namespace {

// Run by mpirun on TEMPER_TEST_RANKS ranks; every rank runs every test in the same order.
constexpr auto kDeadline = std::chrono::seconds(60);

Process* g_process = nullptr;

template <typename T>
std::vector<T> ValuesOf(int rank, size_t count) {
  KeyedStream random(1, "values", static_cast<uint64_t>(rank));
  std::vector<T> values(count);
  // Magnitudes far apart, so that another order of addition would give other bits.
  for (T& value : values) value = static_cast<T>(random.Normal() * (random.Below(2) == 0 ? 1e6 : 1e-3));
  return values;
}

// Rank by rank from 0 up, in the type of the data.
template <typename T>
std::vector<T> SumInRankOrder(int ranks, size_t count) {
  std::vector<T> sum = ValuesOf<T>(0, count);
  for (int rank = 1; rank < ranks; ++rank) {
    const std::vector<T> values = ValuesOf<T>(rank, count);
    for (size_t i = 0; i < count; ++i) sum[i] += values[i];
  }
  return sum;
}

template <typename T>
void ExpectSameBits(const std::vector<T>& actual, const std::vector<T>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  if (actual.empty()) return;
  EXPECT_EQ(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(T)), 0) << actual.size() << " values";
}

enum class Backend { kMpi, kShared };

class CommunicatorTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    communicator_ = g_process->Split(0, kDeadline);
    if (GetParam() == Backend::kShared) communicator_ = MakeSharedMemoryCommunicator(std::move(communicator_), kDeadline);
  }
  std::unique_ptr<Communicator> communicator_;
};
INSTANTIATE_TEST_SUITE_P(Backends, CommunicatorTest, testing::Values(Backend::kMpi, Backend::kShared),
                         [](const auto& p) { return std::string(p.param == Backend::kMpi ? "mpi" : "shared"); });

TEST_P(CommunicatorTest, KnowsItsWorld) {
  ASSERT_EQ(g_process->size(), TEMPER_TEST_RANKS);
  EXPECT_EQ(communicator_->size(), TEMPER_TEST_RANKS);
  EXPECT_EQ(communicator_->rank(), g_process->rank());
  EXPECT_EQ(static_cast<int>(g_process->hosts().size()), TEMPER_TEST_RANKS);
  EXPECT_EQ(RankFromEnvironment().rank, g_process->rank());
  EXPECT_EQ(RankFromEnvironment().size, TEMPER_TEST_RANKS);
}

TEST_P(CommunicatorTest, SumsHaveTheBitsOfTheSumInRankOrder) {
  for (const size_t count : {0, 1, 2, 3, 7, 1000, 1001, 1'000'003}) {
    auto floats = ValuesOf<float>(communicator_->rank(), count);
    communicator_->AllReduceSum(floats.data(), count, "floats");
    ExpectSameBits(floats, SumInRankOrder<float>(TEMPER_TEST_RANKS, count));
    auto doubles = ValuesOf<double>(communicator_->rank(), count);
    communicator_->AllReduceSum(doubles.data(), count, "doubles");
    ExpectSameBits(doubles, SumInRankOrder<double>(TEMPER_TEST_RANKS, count));
  }
}

TEST_P(CommunicatorTest, HalvesOfAnAllReduceKeepToTheShards) {
  for (const size_t count : {0, 1, 2, 7, 1001, 1'000'003}) {
    const auto expected = SumInRankOrder<float>(TEMPER_TEST_RANKS, count);
    auto data = ValuesOf<float>(communicator_->rank(), count);
    communicator_->ReduceScatterSum(data.data(), count, "scatter");
    const auto shard = communicator_->ShardOf(communicator_->rank(), count);
    ExpectSameBits(
        std::vector<float>(data.begin() + static_cast<std::ptrdiff_t>(shard.begin), data.begin() + static_cast<std::ptrdiff_t>(shard.end)),
        std::vector<float>(expected.begin() + static_cast<std::ptrdiff_t>(shard.begin),
                           expected.begin() + static_cast<std::ptrdiff_t>(shard.end)));
    for (size_t i = 0; i < count; ++i)
      if (i < shard.begin || i >= shard.end) data[i] = -1;
    communicator_->AllGather(data.data(), count, "gather");
    ExpectSameBits(data, expected);
  }
}

TEST_P(CommunicatorTest, BroadcastsFromEveryRoot) {
  for (int root = 0; root < TEMPER_TEST_RANKS; ++root) {
    for (const size_t bytes : {0, 1, 1023, 3'000'001}) {
      const auto expected = ValuesOf<float>(root, bytes / sizeof(float) + 1);
      std::vector<float> data = communicator_->rank() == root ? expected : std::vector<float>(expected.size());
      communicator_->Broadcast(data.data(), bytes, root, "broadcast");
      EXPECT_EQ(std::memcmp(data.data(), expected.data(), bytes), 0) << "root " << root << ", " << bytes << " bytes";
    }
  }
}

// The last to arrive sets the pace of all.
TEST_P(CommunicatorTest, BarrierWaitsForTheLast) {
  communicator_->Barrier("together");
  const double start = NowSeconds();
  if (communicator_->rank() == TEMPER_TEST_RANKS - 1) usleep(300'000);
  communicator_->Barrier("late rank");
  EXPECT_GE(NowSeconds() - start, 0.29);
}

TEST_P(CommunicatorTest, SplitLeavesOutRanksWithoutAColor) {
  const bool in = g_process->rank() != 0;
  const auto part = g_process->Split(in ? 5 : -1, kDeadline);
  ASSERT_EQ(part != nullptr, in);
  if (!in) return;
  EXPECT_EQ(part->size(), TEMPER_TEST_RANKS - 1);
  EXPECT_EQ(part->rank(), g_process->rank() - 1);
  double value = g_process->rank();
  part->AllReduceSum(&value, 1, "part");
  EXPECT_EQ(value, TEMPER_TEST_RANKS * (TEMPER_TEST_RANKS - 1) / 2);
}

TEST_P(CommunicatorTest, BroadcastTextReachesAll) {
  for (const std::string& text : {std::string(), std::string("a\0b", 3), std::string(100'000, 'x')}) {
    EXPECT_EQ(g_process->BroadcastText(g_process->rank() == 0 ? text : "unused", kDeadline), text);
  }
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  alarm(100);
  temper::Process process(&argc, &argv);
  temper::g_process = &process;
  return RUN_ALL_TESTS();
}
