#pragma once

#include <cstdint>

namespace temper {

struct DriftOptions {
  double base_error = 0;      // share of the probes that the grader gets wrong while it is as it was, below 0.5
  double flip_rate = 0.3;     // what the test is tuned to find: so many of its verdicts turned into the other one
  double false_alarm = 0.01;  // at most so likely is any alarm in all of `looks` while nothing has changed
  int64_t looks = 1;          // times that Add will be called
};

// A one-sided test of whether a grader's errors on probes have become more, Page's CUSUM (1954). It
// sums the log-likelihood ratio of a share of errors e1 = e0 + flip_rate (1 - 2 e0) against e0 =
// base_error. From every look on, the likelihood ratio of what follows is a martingale of mean 1,
// or a supermartingale where errors are rarer than e0. It exceeds looks / false_alarm with
// probability at most false_alarm / looks (Ville). Over all beginnings the sum is false_alarm.
// Probes are drawn again, with replacement, at each look.
class DriftTest {
 public:
  explicit DriftTest(const DriftOptions& options);
  // The probes of one look: `wrong` of `probes`.
  void Add(int64_t wrong, int64_t probes);
  // The statistic as a share of what raises the alarm: 1 or more = alarm. It falls back to 0, never below.
  double level() const { return sum_ / limit_; }
  bool alarm() const { return sum_ >= limit_; }

 private:
  double when_wrong_, when_right_;  // log-likelihood ratios of one probe
  double limit_;
  double sum_ = 0;
};

}  // namespace temper
