// The bytes of event files, beside those that the tensorboard package's own classes write (golden/event_files_golden.py).
#include "cluster/metrics/event_encoding.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "cluster/metrics/crc32c.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

constexpr double kTime = 1800000000.25;

std::string Golden(const std::string& name) { return ReadBytes(TEMPER_SOURCE_DIR "/tests/cluster/metrics/golden/" + name + ".tfevents"); }

// Check values of RFC 3720, B.4.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(EventFiles, Scalars) {
  SummaryEvent event(kTime, 300);
  event.Scalar("actor/loss", 0.1);
  event.Scalar("reward/mean", -2.5);
  event.Scalar("perf/zero", 0);
  event.Scalar("actor/nonfinite", std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(TfRecord(FileVersionEvent(kTime)) + TfRecord(event.Encode()), Golden("scalars"));
}

TEST(EventFiles, ARestart) { EXPECT_EQ(TfRecord(RestartEvent(kTime, 7)), Golden("restart")); }

TEST(EventFiles, Histograms) {
  SummaryEvent event(kTime, 1);
  event.Histogram("reward/distribution", {4, 1, NAN, 1.25, 1.5, INFINITY, 2});
  event.Histogram("advantage/distribution", {2, 2});
  event.Histogram("response/length_distribution", {});
  EXPECT_EQ(TfRecord(event.Encode()), Golden("histogram"));
}

TEST(EventFiles, Texts) {
  SummaryEvent event(kTime, 2);
  event.Text("transcript/0", "**benign**\n\n    \u00fcn\u00ef");
  EXPECT_EQ(TfRecord(event.Encode()), Golden("text"));
}

TEST(EventFiles, Settings) {
  const HparamsSession session = {
      .values = {{"rl.optimizer.lr", "0.001"}, {"run.deterministic", "true"}, {"reward.composer", "safe_completion"}},
      .metrics = {"reward/mean"},
      .group = "main"};
  EXPECT_EQ(TfRecord(HparamsExperimentEvent(kTime, session)) + TfRecord(HparamsStartEvent(kTime, session)), Golden("settings"));
}

}  // namespace
}  // namespace temper
