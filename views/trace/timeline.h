#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/base/enum_names.h"
#include "record/spans.h"
#include "views/trace/summary.h"

namespace temper {

// What a process does at a time, as a time line colours it.
enum class Activity : uint8_t {
  kRollout,  // draws completions
  kReward,   // grades
  kUpdate,   // computes the update
  kSync,     // weights: publishes, fetches, loads them
  kOther,    // data, checkpoints, files, evaluation
  kWait,     // for another process
};

template <>
struct EnumNames<Activity> {
  static constexpr std::string_view kWhat = "activity";
  static constexpr EnumTable<Activity, 6> kTable{{{Activity::kRollout, "rollout"},
                                                  {Activity::kReward, "reward"},
                                                  {Activity::kUpdate, "update"},
                                                  {Activity::kSync, "sync"},
                                                  {Activity::kOther, "other"},
                                                  {Activity::kWait, "wait"}}};
};
inline constexpr int kNumActivities = EnumNames<Activity>::kTable.size();

Activity ActivityOf(const std::string& phase);

// A run's spans reduced to what a page can draw, however long the run. Times are seconds since the first span.
struct TraceTimeline {
  // One phase, or several of one activity that follow each other too closely to be told apart.
  struct Piece {
    double begin_s = 0, end_s = 0;
    Activity activity = Activity::kWait;
    std::string phase;  // of the longest
    int64_t step = -1;
  };
  struct Row {
    std::string name;  // of the process
    std::string role;
    std::vector<Piece> window;                             // within [window_begin_s, window_end_s]
    std::vector<std::array<double, kNumActivities>> bins;  // seconds by activity in each of kTimelineBins equal parts of the run
  };
  struct Stage {
    double begin_s = 0, end_s = 0;
    std::string name;   // sft | rl | eval
    int64_t index = 0;  // rl: which one; the arms have theirs one after the other
  };

  int64_t attempt = 0;   // the one shown: that with the most RL
  int64_t attempts = 0;  // in the spans
  double seconds = 0;    // from the first span to the end of the last; 0 = there are no spans
  std::vector<Stage> stages;
  double window_begin_s = 0, window_end_s = 0;  // consecutive RL steps of median length; both 0 where there is none
  int64_t window_first_step = -1, window_last_step = -1;
  std::vector<Row> rows;
  int64_t rows_left_out = 0;  // of a role with more than kTimelineRows processes the most and the least busy are shown
  TraceSummary summary;       // of the attempt shown
};

inline constexpr size_t kTimelineBins = 160;
inline constexpr size_t kTimelineRows = 12;  // of one role
inline constexpr size_t kWindowSteps = 4;

// A pure function of the spans. Without any: an empty time line.
TraceTimeline BuildTimeline(const TraceData& data);

// Reads the run's spans (traces/spans.jsonl) and reduces them to a time line; an empty one where there are none.
TraceTimeline ReadTimeline(const std::string& run_folder);

// The same for a view that goes without it: nothing, with a warning in the log, where the spans cannot be read.
TraceTimeline TimelineIfAny(const std::string& run_folder);

}  // namespace temper
