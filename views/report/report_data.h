#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures.h"
#include "record/run_record.h"
#include "views/trace/timeline.h"

namespace temper {

// One metric over the steps of a stage, in step order.
struct Series {
  std::vector<double> steps;
  std::vector<double> values;
};

// Rise of an arm's reward under its own composer: means of the first and the last `window` steps of RL.
struct RewardRise {
  int64_t window = 0;  // steps in each of the two windows: 10, or half of the run where it is shorter
  double first = 0;
  double last = 0;
  Estimate rise;           // last - first (RiseOfSeries)
  bool from_start = true;  // the first window begins with the run's first step; else rows before it are not there

  // "first 10 steps", "first step", "first 10 recorded steps"; "last 10", "last".
  std::string FirstWords() const;
  std::string LastWords() const;
};

// Mean seconds of each stage of an RL step, and rates.
struct Throughput {
  std::map<std::string, double> seconds;  // rollout, reward, update, publish, step
  std::map<std::string, double> rates;    // rollout_tokens_per_s, train_tokens_per_s, samples_per_s, and idle_frac_learner, a share
};

struct ArmReport {
  std::string name;
  std::map<std::string, EvalResult> evaluations;  // set -> figures after training
  std::map<std::string, EvalResult> start;        // set -> figures before RL
  std::map<std::string, Series> curves;           // metric -> RL steps
  RewardRise reward_rise;
  Throughput throughput;
};

// Arm `a` minus arm `b`, set by set.
struct PairReport {
  size_t a = 0;
  size_t b = 0;
  std::map<std::string, EvalComparison> sets;
};

// One transcript the report shows. The pointer looks into the RunRecord the report was made of.
struct Transcript {
  size_t arm = 0;
  std::string set;
  const EvalSample* sample = nullptr;
  std::optional<double> reward;
  bool worst = false;  // among the worst of its arm; false = one of the prompts shown for every arm
};

// Everything the report says, computed once; text, JSON and HTML only render it.
struct Report {
  const RunRecord* record = nullptr;  // borrowed; outlives the report
  std::vector<std::string> sets;      // in the order shown
  std::vector<ArmReport> arms;
  std::vector<PairReport> pairs;  // the first arm minus each other one
  std::vector<Transcript> transcripts;
  TraceTimeline timeline;               // empty where the run has no spans
  std::vector<std::string> findings;    // plain sentences, from the numbers
  std::vector<std::string> weaknesses;  // likewise: what is worse, or cannot be told
};

Report BuildReport(const RunRecord& record, TraceTimeline timeline = {});

// The figures before RL of a set: those of the first arm that has them, null if none.
const EvalResult* StartOf(const Report& report, const std::string& set);

// A cell of a result by intent, "all" being the whole set; null where there is none.
const EvalCell* CellOf(const EvalResult* result, const std::string& intent);
const EvalDifference* DifferenceOf(const EvalComparison& comparison, const std::string& intent);

// Result of an arm on a set, null where the arm was not evaluated on it.
const EvalResult* ResultOf(const ArmReport& arm, const std::string& set);

// Intents of a set over all arms: benign, dual_use, malicious, then others by name.
std::vector<std::string> IntentsOf(const Report& report, const std::string& set);

// Transcripts (transcripts.cc): per arm up to ten. Six prompts spread over the intents of the first
// set, picked by a hash of the prompt id and shown for every arm. Then the arm's worst answers of
// any set (severity, then low safety, over-refusal, low help).
std::vector<Transcript> ChooseTranscripts(const RunRecord& record, const std::vector<std::string>& sets);

// Sentences drawn from the numbers by fixed rules (findings.cc).
void AddFindings(Report& report);

// What monitors say of an arm's answers: of a gain in reward, and where they see another share of harm (monitor_findings.cc).
void AddMonitorFindings(Report& report, const ArmReport& arm);

// Where graders watch: the share of answers that each grader calls unsafe, a line for each set and arm (monitor_findings.cc).
std::vector<std::string> MonitorRows(const Report& report);

// What a run in the built-in world cannot show; one sentence each.
std::vector<std::string> BuiltInWorldLimits();

}  // namespace temper
