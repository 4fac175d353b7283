#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/base/clock_offset.h"
#include "cluster/telemetry/resource_use.h"
#include "cluster/telemetry/telemetry_report.h"

namespace temper {

// What one process does at any time: the phase it is in, what it has done, how much of its machine it uses. One thread only. Nothing here
// blocks, fails or grows without bound. Phases partition the time since Begin: entering one ends the one before.
class Telemetry {
 public:
  // rank: as in TelemetryReport. `on` false: keeps nothing and reports nothing, for a job that is
  // not watched.
  explicit Telemetry(int64_t rank = -1, bool on = true);

  bool on() const { return on_; }

  // The process now does `phase`; the words are in telemetry_phases.h. Entering the phase and step it is in already changes nothing.
  // A pause of less than kMergeGapUs between two stretches of one phase counts as that phase. A phase in which something was counted is no
  // pause, however short it is.
  void Enter(std::string_view phase, int64_t step = -1, int64_t version = -1);
  // A part of the present phase, over already (NowMicros).
  void AddPart(std::string_view name, int64_t begin_us, int64_t end_us);
  // Called whenever a part has ended: the chance to send a heartbeat out of a long phase.
  void SetAfterPart(std::function<void()> after_part) { after_part_ = std::move(after_part); }
  void Count(double units);  // done in the present phase
  void SetPolicyVersion(int64_t version) { policy_version_ = version; }
  void SetGauge(const std::string& name, double value) { gauges_[name] = value; }
  const std::string& phase() const { return open_.name; }

  // What is new since the last call. Spans are kept back while the clock's offset is not known: they would be of no use.
  TelemetryReport Report(const ClockOffset& clock);

  static constexpr int64_t kMergeGapUs = 500;
  static constexpr size_t kMaxSpans = 1024;  // kept for the next report

 private:
  void Close(int64_t now_us);
  void Keep(Span span);

  bool on_;
  int64_t rank_;
  std::string host_;
  Span open_;
  std::vector<Span> ended_;
  int64_t dropped_ = 0;
  int64_t policy_version_ = -1;
  int64_t state_since_us_ = 0;
  double counted_ = 0;  // since the last report
  int64_t reported_us_ = 0;
  std::map<std::string, double> gauges_;
  std::function<void()> after_part_;
  ResourceSampler resources_;
};

// A part of the telemetry's present phase, from its making to its end. `telemetry` may be null.
class ScopedPart {
 public:
  ScopedPart(Telemetry* telemetry, const char* name);
  ~ScopedPart();
  ScopedPart(const ScopedPart&) = delete;
  ScopedPart& operator=(const ScopedPart&) = delete;

 private:
  Telemetry* telemetry_;
  const char* name_;
  int64_t begin_us_;
};

}  // namespace temper
