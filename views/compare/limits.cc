// What several runs side by side do not show, from their own facts.
#include "views/report/limits.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "views/compare/comparison.h"
#include "views/page/format.h"
#include "views/report/grading.h"

namespace temper {
namespace {

void AddOnce(const std::string& text, std::vector<std::string>* texts) {
  if (!text.empty() && std::find(texts->begin(), texts->end(), text) == texts->end()) texts->push_back(text);
}

std::string SeedLimit(const RunsComparison& comparison) {
  std::string seeds;
  size_t least = comparison.conditions.front().runs.size();
  for (const Condition& condition : comparison.conditions) {
    least = std::min(least, condition.runs.size());
    seeds += Concat(seeds.empty() ? "" : ", ", Prose(condition.name), " ", condition.runs.size());
  }
  return Concat("Runs of each condition: ", seeds, ". ",
                least == 1 ? "Of a single run the intervals do not cover the luck of training."
                           : "Intervals over so many runs cover the luck of training as far as these runs show it.");
}

}  // namespace

std::vector<std::string> GradingNotes(const RunsComparison& comparison) {
  std::vector<std::string> notes;
  for (const Report& report : comparison.reports) AddOnce(GradingNote(report.record->grader, report.record->built_in_world), &notes);
  return notes;
}

std::vector<std::string> LimitsOf(const RunsComparison& comparison) {
  std::vector<std::string> limits;
  for (const Report& report : comparison.reports) AddOnce(GradingLimit(report.record->grader, report.record->built_in_world), &limits);
  limits.push_back(SeedLimit(comparison));
  for (const Report& report : comparison.reports) AddOnce(DistributionLimit(report), &limits);
  for (const bool built_in : {true, false}) {
    for (const Report& report : comparison.reports) {
      if (report.record->built_in_world != built_in) continue;
      for (const std::string& limit : DataLimits(*report.record)) AddOnce(limit, &limits);
    }
  }
  limits.emplace_back("Grades that failed, answers that were cut and staleness are told by each run's own report.");
  return limits;
}

}  // namespace temper
