#include "orchestrator/stages/progress.h"

#include <cmath>

#include <gmock/gmock.h>

namespace temper {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Progress, PrintsALineThatGrepsWell) {
  Progress progress(ProgressStyle::kPlain, "arm a", 10);
  testing::internal::CaptureStdout();
  progress.Step(3,
                {{"reward/mean", 0.25}, {"reward/safety_mean", NAN}, {"perf/tokens_per_s", 12345.6}, {"unlisted", 1}, {"actor/loss", 2}});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "step:3/10 - arm a - reward:0.25 tok/s:12346\n");
  testing::internal::CaptureStdout();
  progress.Step(4, {{"actor/loss", 2.3456}});
  EXPECT_THAT(testing::internal::GetCapturedStdout(), StartsWith("step:4/10 - arm a - loss:2.35 left:0s\n"));
  testing::internal::CaptureStdout();
  for (const double job_left : {99.4, 100.0, 5999.0, 7200.0}) progress.Step(10, {}, job_left);
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "step:10/10 - arm a - left:0s/99s\nstep:10/10 - arm a - left:0s/2m\n"
            "step:10/10 - arm a - left:0s/100m\nstep:10/10 - arm a - left:0s/2h\n");
}

TEST(Progress, SaysWhatIsCountedAndWhatBegins) {
  Progress progress(ProgressStyle::kPlain, "eval dev", 360, "prompt");
  testing::internal::CaptureStdout();
  progress.Note("loading the policy from runs/a/sft");
  progress.Waiting(5, "sampling");  // nothing is said in the first ten seconds
  progress.Step(360, {});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "eval dev: loading the policy from runs/a/sft\nprompt:360/360 - eval dev\n");
}

TEST(Progress, ALineFitsIntoAHundredColumns) {
  Progress progress(ProgressStyle::kPlain, "rl refusal_strict_2", 100);
  const std::map<std::string, double> values = {{"reward/mean", -0.123456},
                                                {"reward/safety_mean", 0.987654},
                                                {"reward/helpfulness_mean", 0.123456},
                                                {"actor/loss", -1.2345e-7},
                                                {"perf/tokens_per_s", 123456}};
  testing::internal::CaptureStdout();
  for (const int64_t done : {99, 100}) progress.Step(done, values, 5999);
  const std::string lines = testing::internal::GetCapturedStdout();
  EXPECT_THAT(lines, HasSubstr("step:99/100 - rl refusal_strict_2 - reward:-0.123 s:0.988 h:0.123 tok/s:123k\n"));
  EXPECT_LE(lines.size() - lines.find('\n') - 2, 100U) << lines;  // the second, without its end
}

TEST(Progress, NoneIsSilent) {
  Progress progress(ProgressStyle::kNone, "a", 10);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  progress.Step(0, {{"reward/mean", 0.25}});
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace temper
