#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/drift.h"
#include "orchestrator/config/trust_options.h"
#include "orchestrator/data/gold_answers.h"
#include "record/gold_file.h"

namespace temper {

// Which gold answers ride along in which step, what the grader makes of them, and whether it drifts. A pure function of seed, steps and
// grades: probes are drawn by keyed random numbers. Where nothing is on file, all gold answers are graded once beside the first step: what
// the grader gets wrong of them is what it is measured against.
class GoldProbes {
 public:
  // answers: borrowed, not empty. first_step: where the run begins or goes on, so many steps are done; steps: where it
  // ends. Steps are indices here, and numbers in the file.
  GoldProbes(const GoldConfig& config, const GoldAnswers& answers, uint64_t seed, const std::string& path, int64_t first_step,
             int64_t steps);

  struct Probe {
    uint64_t group_id = 0;  // IsGold
    const GoldAnswer* answer = nullptr;
  };
  // Those to be graded beside the step; from now on they are waited for.
  std::vector<Probe> ProbesOf(int64_t step);

  // A probe that rides along came back. A grade that failed is a wrong one.
  void OnGraded(uint64_t group_id, const Grade& grade);
  bool Complete(int64_t step) const;

  // Counts a complete step. Adds gold/* to its row, and returns why an alarm is raised, "" = none, or one
  // that was raised before and only warns.
  std::string Finish(int64_t step, std::map<std::string, double>* row);

 private:
  struct Count {
    int64_t open = 0, wrong = 0, probes = 0;
  };
  const GoldAnswer& AnswerOf(uint64_t group_id) const;
  void BeginTest();
  std::optional<double> RecentAccuracy() const;

  const GoldConfig& config_;
  const GoldAnswers& gold_;
  const uint64_t seed_;
  const int64_t first_step_, steps_;
  GoldFile file_;
  std::map<int64_t, Count> by_step_;
  Count baseline_;
  std::unique_ptr<DriftTest> test_;  // null until the baseline is known
  bool alarmed_ = false;
};

}  // namespace temper
