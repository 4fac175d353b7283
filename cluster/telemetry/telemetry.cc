#include "cluster/telemetry/telemetry.h"

#include <utility>

#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/host/host_name.h"
#include "cluster/telemetry/telemetry_phases.h"

namespace temper {
namespace {

constexpr int64_t kCutAfterUs = 2'000'000;  // a long phase is reported in pieces, so that a trace is whole while it lasts

}  // namespace

Telemetry::Telemetry(int64_t rank, bool on) : on_(on), rank_(rank) {
  if (!on_) return;
  host_ = LocalHostName();
  open_.name = phase::kStart;
  open_.begin_us = state_since_us_ = reported_us_ = NowMicros();
}

void Telemetry::Enter(std::string_view name, int64_t step, int64_t version) {
  if (!on_ || (open_.name == name && open_.step == step && open_.version == version)) return;
  const int64_t now = NowMicros();
  const bool pause = open_.count == 0 && now - open_.begin_us < kMergeGapUs;
  if (pause && !ended_.empty() && ended_.back().lane == Span::kPhase && ended_.back().name == name && ended_.back().step == step &&
      ended_.back().version == version) {
    open_ = ended_.back();  // back to what it did a moment ago
    ended_.pop_back();
  } else {
    Close(now);
    open_ = Span{std::string(name), Span::kPhase, now, 0, step, version, 0};
  }
  state_since_us_ = open_.begin_us;
}

void Telemetry::Close(int64_t now_us) {
  open_.duration_us = now_us - open_.begin_us;
  if (open_.duration_us > 0 || open_.count > 0) Keep(open_);
}

void Telemetry::Keep(Span span) {
  if (ended_.size() < kMaxSpans) {
    ended_.push_back(std::move(span));
  } else {
    ++dropped_;
  }
}

void Telemetry::AddPart(std::string_view name, int64_t begin_us, int64_t end_us) {
  if (on_ && end_us > begin_us) Keep({std::string(name), Span::kPart, begin_us, end_us - begin_us, open_.step, -1, 0});
  if (on_ && after_part_) after_part_();
}

void Telemetry::Count(double units) {
  open_.count += units;
  counted_ += units;
}

TelemetryReport Telemetry::Report(const ClockOffset& clock) {
  TelemetryReport report;
  if (!on_) return report;
  const int64_t now = NowMicros();
  report.host = host_;
  report.pid = getpid();
  report.rank = rank_;
  report.state = open_.name;
  report.state_age_us = now - state_since_us_;
  report.step = open_.step;
  report.policy_version = policy_version_;
  if (now > reported_us_) report.units_per_s = counted_ * 1e6 / static_cast<double>(now - reported_us_);
  counted_ = 0;
  reported_us_ = now;
  report.gauges = gauges_;
  resources_.Sample(now, &report);
  report.spans_dropped = dropped_;
  if (!clock.known()) return report;
  if (now - open_.begin_us >= kCutAfterUs) {
    Close(now);
    open_.begin_us = now;
    open_.count = 0;
  }
  report.clock_offset_us = clock.offset_us();
  report.clock_error_us = clock.error_us();
  report.spans = std::exchange(ended_, {});
  return report;
}

ScopedPart::ScopedPart(Telemetry* telemetry, const char* name) : telemetry_(telemetry), name_(name), begin_us_(NowMicros()) {}

ScopedPart::~ScopedPart() {
  if (telemetry_ != nullptr) telemetry_->AddPart(name_, begin_us_, NowMicros());
}

}  // namespace temper
