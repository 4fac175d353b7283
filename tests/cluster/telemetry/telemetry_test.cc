// What a process tells of itself: phases that partition its time, a payload that is checked, clocks that are compared.
#include "cluster/telemetry/telemetry.h"

#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/telemetry/telemetry_phases.h"

namespace temper {
namespace {

void Sleep(int64_t microseconds) { std::this_thread::sleep_for(std::chrono::microseconds(microseconds)); }

ClockOffset NoOffset() {
  ClockOffset clock;
  clock.Add(0, 0, 0, 0);
  return clock;
}

TEST(ClockOffset, TakesTheSampleWithTheShortestRoundTrip) {
  ClockOffset clock;
  EXPECT_FALSE(clock.known());
  // The peer is 1000 ahead. There 10, back 30: the estimate is off by (10 - 30) / 2, and the error says at most 20.
  clock.Add(0, 1010, 1015, 45);
  EXPECT_EQ(clock.offset_us(), 990);
  EXPECT_EQ(clock.error_us(), 20);
  clock.Add(100, 1105, 1106, 111);  // there 5, back 5
  EXPECT_EQ(clock.offset_us(), 1000);
  EXPECT_EQ(clock.error_us(), 5);
  clock.Add(200, 1900, 1901, 1000);  // 700 there, 99 back
  EXPECT_EQ(clock.offset_us(), 1000);
}

TEST(ClockOffset, LeavesOutWhatNoOrderOfEventsAllows) {
  ClockOffset clock;
  clock.Add(10, 500, 500, 5);   // answered before it was asked
  clock.Add(10, 500, 400, 20);  // replied before it was received
  clock.Add(10, 500, 520, 15);  // the peer took longer than the whole way
  EXPECT_FALSE(clock.known());
}

TEST(ClockOffset, FollowsAClockThatDriftsThroughANoisyNetwork) {
  ClockOffset clock;
  std::mt19937 random(7);
  std::exponential_distribution<double> delay(1.0 / 2000);  // 2 ms on average, one way, on top of 100 us
  int64_t offset = 5'000'000;
  for (int64_t second = 0; second < 300; ++second) {
    offset = 5'000'000 + second * 20;  // 20 ppm
    const auto sent = second * 1'000'000;
    const auto received = sent + 100 + static_cast<int64_t>(delay(random)) + offset;
    const auto replied = received + 50;
    const auto got = replied - offset + 100 + static_cast<int64_t>(delay(random));
    clock.Add(sent, received, replied, got);
    // 64 samples of which the best is far better than the mean; the drift within them is below 1.3 ms.
    if (second <= 10) continue;
    EXPECT_NEAR(clock.offset_us(), offset, 2500) << second;
  }
}

TEST(Telemetry, PhasesPartitionTheTime) {
  Telemetry telemetry(3);
  Sleep(2000);
  telemetry.Enter(phase::kWaitTask);
  Sleep(2000);
  telemetry.Enter(phase::kRollout, 5);
  telemetry.Enter(phase::kRollout, 5);  // no change
  telemetry.Count(40);
  Sleep(2000);
  telemetry.Enter(phase::kSync, -1, 6);
  const TelemetryReport report = telemetry.Report(NoOffset());
  EXPECT_EQ(report.rank, 3);
  EXPECT_EQ(report.pid, getpid());
  EXPECT_EQ(report.state, "sync");
  EXPECT_GT(report.rss_bytes, 1 << 20);
  EXPECT_GT(report.units_per_s, 0);
  ASSERT_EQ(report.spans.size(), 3U);
  EXPECT_EQ(report.spans[0].name, "start");
  EXPECT_EQ(report.spans[1].name, "wait_task");
  EXPECT_EQ(report.spans[2].name, "rollout");
  EXPECT_EQ(report.spans[2].step, 5);
  EXPECT_EQ(report.spans[2].count, 40);
  for (size_t i = 0; i + 1 < report.spans.size(); ++i) {
    EXPECT_EQ(report.spans[i].begin_us + report.spans[i].duration_us, report.spans[i + 1].begin_us);
    EXPECT_GE(report.spans[i].duration_us, 2000);
  }
  EXPECT_TRUE(telemetry.Report(NoOffset()).spans.empty()) << "each span is told once";
}

TEST(Telemetry, APauseTooShortToMatterBelongsToThePhaseAroundIt) {
  Telemetry telemetry;
  for (int i = 0; i < 100; ++i) {
    telemetry.Enter(phase::kGrade);
    telemetry.Count(8);
    telemetry.Enter(phase::kWaitTask);
  }
  Sleep(2 * Telemetry::kMergeGapUs);
  telemetry.Enter(phase::kGrade);
  double graded = 0;
  const auto spans = telemetry.Report(NoOffset()).spans;
  for (const Span& span : spans) graded += span.count;
  EXPECT_LT(spans.size(), 20U) << "a hundred turns of some microseconds each";
  EXPECT_EQ(graded, 800);
}

TEST(Telemetry, WorkTooQuickToMeasureIsNoPause) {
  Telemetry telemetry;
  for (int i = 0; i < 3; ++i) {
    telemetry.Enter(phase::kWaitTask);
    Sleep(2 * Telemetry::kMergeGapUs);
    telemetry.Enter(phase::kGrade);
    telemetry.Count(8);
  }
  telemetry.Enter(phase::kWaitTask);
  int grades = 0;
  for (const Span& span : telemetry.Report(NoOffset()).spans) {
    EXPECT_EQ(span.count, span.name == phase::kGrade ? 8 : 0) << span.name;
    grades += span.name == phase::kGrade;
  }
  EXPECT_EQ(grades, 3);
}

TEST(Telemetry, KeepsSpansUntilTheClockIsKnownAndCountsWhatHasNoRoom) {
  Telemetry telemetry;
  for (size_t i = 0; i < Telemetry::kMaxSpans + 10; ++i) telemetry.AddPart("part", 10, 20);
  const TelemetryReport unknown = telemetry.Report(ClockOffset());
  EXPECT_TRUE(unknown.spans.empty());
  EXPECT_EQ(unknown.clock_error_us, -1);
  const TelemetryReport known = telemetry.Report(NoOffset());
  EXPECT_EQ(known.spans.size(), Telemetry::kMaxSpans);
  EXPECT_EQ(known.spans_dropped, 10);
}

TEST(Telemetry, SaysNothingWhenItIsOff) {
  Telemetry telemetry(1, /*on=*/false);
  telemetry.Enter(phase::kGrade);
  telemetry.AddPart("part", 1, 2);
  EXPECT_EQ(telemetry.phase(), "");
  EXPECT_TRUE(telemetry.Report(NoOffset()).spans.empty());
}

TelemetryReport Example() {
  TelemetryReport r;
  r.host = "n1";
  r.pid = 12;
  r.rank = 4;
  r.state = "rollout";
  r.state_age_us = 5;
  r.step = 7;
  r.policy_version = 8;
  r.units_per_s = 12.5;
  r.gauges = {{"groups_pending", 3}};
  r.cpu_percent = 99.5;
  r.rss_bytes = int64_t{3} << 30;
  r.gpus = {{1, 50, 10, 20}};
  r.clock_offset_us = -77;
  r.clock_error_us = 6;
  r.spans = {{"rollout", Span::kPhase, 100, 50, 7, -1, 31}, {"reduce", Span::kPart, 110, 5, 7, -1, 0}};
  r.spans_dropped = 2;
  return r;
}

TEST(TelemetryReport, ComesBackAsItWas) {
  const TelemetryReport got = TelemetryReport::Decode(Example().Encode());
  EXPECT_EQ(got.Encode(), Example().Encode());
  EXPECT_EQ(got.gauges, Example().gauges);
  EXPECT_EQ(got.spans[1].name, "reduce");
  EXPECT_EQ(got.spans[1].lane, Span::kPart);
  EXPECT_EQ(got.gpus[0].memory_total_bytes, 20);
  EXPECT_EQ(got.clock_offset_us, -77);
}

TEST(TelemetryReport, RefusesWhatIsCutShortTooLongOrOfAnotherLayout) {
  const std::string bytes = Example().Encode();
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_THROW(TelemetryReport::Decode(bytes.substr(0, size)), Error) << size;
  EXPECT_THROW(TelemetryReport::Decode(bytes + "x"), Error);
  std::string other = bytes;
  other[0] = 9;
  EXPECT_THROW(TelemetryReport::Decode(other), Error);
  TelemetryReport large = Example();
  large.state = std::string(1000, 'x');
  EXPECT_THROW(TelemetryReport::Decode(large.Encode()), Error);
  large = Example();
  large.spans.assign(5000, Span{"x", Span::kPhase, 0, 1, 0, 0, 0});
  EXPECT_THROW(TelemetryReport::Decode(large.Encode()), Error);
}

TEST(TelemetryReport, NoBytesMakeItCrash) {
  std::mt19937 random(3);
  const std::string bytes = Example().Encode();
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      TelemetryReport::Decode(damaged);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace temper
