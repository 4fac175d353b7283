// The step whose figure is best, and the early end: a job that is killed in between comes to the same end to the bit.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

// Evaluations after every step; three in a row that are not better end the training, which is so after four steps at the earliest.
std::vector<std::string> Overrides() {
  return {"sft.steps=300",    "rl.steps=40",          "checkpoint.every=2",
          "eval.every=1",     "eval.every_prompts=2", "eval.best.figure=during/dev/utility",
          "eval.stop_after=3"};
}

std::string BestPolicy(const TinyJob& job) {
  const auto best = nlohmann::json::parse(ReadText(job.folder() + "/main/best.json"));
  return ReadText(job.folder() + "/main/best/step_" + best.at("step").dump() + "/model.safetensors");
}

TEST(BestStepJob, EndsAtTheSameStepWithTheSameBitsAfterAKill) {
  TinyJob undisturbed("best", Overrides());
  ASSERT_EQ(undisturbed.Run(4), 0) << undisturbed.output();
  const auto best = nlohmann::json::parse(ReadText(undisturbed.folder() + "/main/best.json"));
  const int64_t steps = best.at("stopped_at");
  ASSERT_GE(steps, 4);
  ASSERT_LT(steps, 40) << "it never had three evaluations in a row that were not better";
  EXPECT_EQ(best.at("step").get<int64_t>(), steps - 3);
  ExpectComplete(undisturbed, steps, 4);
  EXPECT_GE(CountOf("training ended early, after step " + std::to_string(steps), undisturbed.output()), 1) << undisturbed.output();

  TinyJob job("best", Overrides());
  {
    const auto process = job.StartMpirun(4);
    ASSERT_TRUE(job.HoldAtRlStep(2)) << process->Output();
    KillAllWith(job.dir());
  }
  ASSERT_LT(job.RlRows().size(), static_cast<size_t>(steps));
  ASSERT_EQ(job.Run(4), 0) << job.output();
  EXPECT_EQ(CountOf("resumed from", job.Log("orchestrator")), 1);
  ExpectComplete(job, steps, 4);
  EXPECT_EQ(ReadText(job.folder() + "/main/best.json"), ReadText(undisturbed.folder() + "/main/best.json"));
  EXPECT_TRUE(job.Weights() == undisturbed.Weights());
  EXPECT_TRUE(BestPolicy(job) == BestPolicy(undisturbed));
  EXPECT_TRUE(BestPolicy(job) != job.Weights()) << "the best policy is not the last one";
}

}  // namespace
}  // namespace temper::testing
