// NCCL on one GPU: sums of one rank, which are the numbers themselves, in device memory and in host memory, and a training step over it.
#include <chrono>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "cluster/collectives/communicator_nccl.h"
#include "tests/learner/learner_fixture.h"
#include "tests/support/test_device.h"

namespace temper {
namespace {

std::unique_ptr<Communicator> OneRank() {
  const auto bootstrap = MakeSingleCommunicator();
  return MakeNcclCommunicator(bootstrap.get(), TestDevice().index(), std::chrono::seconds(30));
}

TEST(NcclCommunicator, LeavesTheNumbersOfOneRank) {
  const auto nccl = OneRank();
  ASSERT_TRUE(nccl->TakesDeviceMemory());
  for (const at::Device device : {TestDevice(), at::Device(at::kCPU)}) {
    at::Tensor x = at::randn({100003}).to(device);
    const at::Tensor before = x.clone();
    const auto count = static_cast<size_t>(x.numel());
    nccl->AllReduceSum(x.mutable_data_ptr<float>(), count, "test");
    nccl->ReduceScatterSum(x.mutable_data_ptr<float>(), count, "test");
    nccl->AllGather(x.mutable_data_ptr<float>(), count, "test");
    nccl->Broadcast(x.mutable_data_ptr(), count * sizeof(float), 0, "test");
    EXPECT_TRUE(x.equal(before)) << device.str();
  }
  nccl->Barrier("test");
}

TEST(NcclCommunicator, TrainsAsWithoutIt) {
  std::vector<at::Tensor> trained;
  for (const bool over_nccl : {false, true}) {
    Transformer model = TinyModel();
    UseTestDevice(&model);
    const auto communicator = over_nccl ? OneRank() : MakeSingleCommunicator();
    Learner learner(&model, {}, communicator.get());
    learner.BeginStage({.warmup_steps = 1}, 10);
    learner.SftUpdate(RandomExamples(4));
    trained.push_back(model.flat().cpu());
  }
  EXPECT_LT(RelativeDistance(trained[1], trained[0]), 1e-6);  // atomic additions come in any order
}

}  // namespace
}  // namespace temper
