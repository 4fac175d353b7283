#include "cluster/collectives/choose.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(BackendChoice asked, const LearnerPlacement& placement) {
  try {
    ChooseBackend(asked, placement);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ChooseBackend, LeftOpenTakesTheFastestThatAllCanUse) {
  EXPECT_EQ(ChooseBackend(BackendChoice::kAuto, {.one_host = false, .ranks = 4, .without_gpu = 0}), CollectiveBackend::kNccl);
  EXPECT_EQ(ChooseBackend(BackendChoice::kAuto, {.one_host = true, .ranks = 4, .without_gpu = 1}), CollectiveBackend::kSharedMemory);
  EXPECT_EQ(ChooseBackend(BackendChoice::kAuto, {.one_host = false, .ranks = 4, .without_gpu = 4}), CollectiveBackend::kMpi);
  EXPECT_EQ(ChooseBackend(BackendChoice::kAuto, {.one_host = true, .ranks = 1, .without_gpu = 1}), CollectiveBackend::kMpi)
      << "nobody to share with";
}

TEST(ChooseBackend, WhatIsAskedForIsTakenOrRefused) {
  EXPECT_EQ(ChooseBackend(BackendChoice::kMpi, {.one_host = true, .ranks = 2, .without_gpu = 0}), CollectiveBackend::kMpi);
  EXPECT_EQ(ChooseBackend(BackendChoice::kShared, {.one_host = true, .ranks = 1, .without_gpu = 0}), CollectiveBackend::kSharedMemory);
  EXPECT_THAT(ErrorOf(BackendChoice::kShared, {.one_host = false, .ranks = 2, .without_gpu = 2}),
              HasSubstr("cluster.learner_backend is shared, but the learners are on several hosts"));
  EXPECT_EQ(ChooseBackend(BackendChoice::kNccl, {.one_host = false, .ranks = 2, .without_gpu = 0}), CollectiveBackend::kNccl);
  EXPECT_THAT(ErrorOf(BackendChoice::kNccl, {.one_host = true, .ranks = 3, .without_gpu = 2}),
              HasSubstr("cluster.learner_backend is nccl, but 2 of 3 learners compute on no GPU of their own"));
}

// One learner and no GPU: the communicator it came with, which is not touched when it is asked for.
TEST(MakeChosenCommunicator, GivesTheOneItWasMadeFromWhereThatIsTheChoice) {
  for (const BackendChoice asked : {BackendChoice::kAuto, BackendChoice::kMpi}) {
    auto single = MakeSingleCommunicator();
    const Communicator* before = single.get();
    EXPECT_EQ(MakeChosenCommunicator(asked, std::move(single), true, -1, std::chrono::seconds(1)).get(), before) << NameOf(asked);
  }
}

}  // namespace
}  // namespace temper
