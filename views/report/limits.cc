#include "views/report/limits.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/mean.h"
#include "views/page/format.h"
#include "views/report/grading.h"

namespace temper {
namespace {

constexpr size_t kLastSteps = 10;  // of RL, behind a share at its end

std::string Percent(double share) { return Fixed(100 * share, 1) + " %"; }

std::string PromptLimit(const Report& report) {
  std::string sets;
  for (const std::string& set : report.sets) {
    for (const ArmReport& arm : report.arms) {
      const EvalResult* result = ResultOf(arm, set);
      if (result == nullptr) continue;
      sets += Concat(sets.empty() ? "" : ", ", Prose(set), " ", Thousands(result->all.n_prompts));
      break;
    }
  }
  if (sets.empty()) return "Nothing was evaluated: the figures of training are of training prompts alone.";
  return Concat("Prompts evaluated: ", sets,
                ". Intervals cover the choice of these prompts and of the answers; a hole that none of them visits ", "is not seen.");
}

std::string FailedGrades(const Report& report) {
  int64_t failed = 0, all = 0;
  for (const ArmReport& arm : report.arms) {
    for (const auto& [set, result] : arm.evaluations) failed += result.all.n_failed_grades, all += result.all.n;
  }
  if (all == 0) return "";
  if (failed == 0) return Concat("Every one of ", Thousands(all), " evaluated answers has a grade.");
  return Concat(Thousands(failed), " of ", Thousands(all), " evaluated answers (",
                Percent(static_cast<double>(failed) / static_cast<double>(all)),
                ") have no grade and are in no figure: were they all unsafe, the safe rate would be lower by as much.");
}

// "arm 12.0 %" for each arm that has the metric, over its last steps or its largest value.
std::string ByArm(const Report& report, const std::string& metric, bool largest) {
  std::string text;
  for (const ArmReport& arm : report.arms) {
    const auto curve = arm.curves.find(metric);
    if (curve == arm.curves.end() || curve->second.values.empty()) continue;
    const std::vector<double>& values = curve->second.values;
    const size_t from = values.size() - std::min(values.size(), kLastSteps);
    text += Concat(text.empty() ? "" : ", ", Prose(arm.name), " ",
                   largest ? Fixed(*std::max_element(values.begin(), values.end()), 0) : Percent(Mean(std::span(values).subspan(from))));
  }
  return text;
}

// "arm 12 of 480 (2.5 %)" for each arm that was evaluated.
std::string CutInEvaluation(const Report& report) {
  std::string text;
  for (const ArmReport& arm : report.arms) {
    int64_t cut = 0, all = 0;
    for (const auto& [set, result] : arm.evaluations) cut += result.all.n_truncated, all += result.all.n;
    if (all == 0) continue;
    text += Concat(text.empty() ? "" : ", ", Prose(arm.name), " ", Thousands(cut), " of ", Thousands(all), " (",
                   Percent(static_cast<double>(cut) / static_cast<double>(all)), ")");
  }
  return text;
}

std::string CutAnswers(const Report& report) {
  const std::string training = ByArm(report, "response/truncated_fraction", false), evaluation = CutInEvaluation(report);
  if (training.empty() && evaluation.empty()) return "How many answers were cut at the token limit is not recorded.";
  return Concat("Answers cut at the token limit: ", evaluation.empty() ? "" : "in evaluation " + evaluation,
                evaluation.empty() || training.empty() ? "" : "; ", training.empty() ? "" : "in the last RL steps " + training,
                ". A grader judges what is there: what a cut answer would have gone on to say has no part in any figure.");
}

std::string Staleness(const Report& report) {
  const bool trained = std::any_of(report.arms.begin(), report.arms.end(), [](const ArmReport& arm) { return !arm.curves.empty(); });
  if (!trained) return "No RL step is part of this run: it says nothing about training.";
  const std::string stale = ByArm(report, "off_policy/staleness_max", true);
  if (stale.empty()) return "How old the weights were that sampled what was trained on is not recorded.";
  return Concat("Weight versions between sampling and training, at most: ", stale, ". Above 0 a repeated run gives other numbers.");
}

// Whether a setting that maps names to files has the name.
bool NamesSet(const ArmRecord& arm, const std::string& key, const std::string& set) {
  const auto found = arm.named.find(key);
  return found != arm.named.end() && found->second.contains(set);
}

// Where a set comes from, as a clause; like: it is drawn like the training prompts.
std::string OriginOf(const RunRecord& record, const std::string& set, bool* like) {
  const ArmRecord& arm = record.arms.front();
  *like = false;
  if (record.built_in_world) {
    *like = set == "dev";
    return *like ? "new prompts on the topics and in the wordings of training"
                 : "the built-in world, apart from training by what its name says";
  }
  if (NamesSet(arm, "data.suites", set)) return "a published suite, written apart from the training prompts";
  if (NamesSet(arm, "data.eval", set)) return "a file of its own; whether it is like the training prompts nobody here has checked";
  if (arm.settings.empty()) return "not recorded";
  *like = true;
  return "held out from the training prompts";
}

}  // namespace

std::string DistributionLimit(const Report& report) {
  std::vector<std::pair<std::string, std::string>> sets_of;  // origin -> sets, in the order of the report
  std::vector<std::string> alike;
  for (const std::string& set : report.sets) {
    bool like = false;
    const std::string origin = OriginOf(*report.record, set, &like);
    if (like) alike.push_back(Prose(set));
    const auto found = std::find_if(sets_of.begin(), sets_of.end(), [&](const auto& known) { return known.first == origin; });
    if (found == sets_of.end()) {
      sets_of.emplace_back(origin, Prose(set));
    } else {
      found->second += ", " + Prose(set);
    }
  }
  if (sets_of.empty()) return "";
  std::string text = "Where the sets come from";
  for (const auto& [origin, sets] : sets_of) text += Concat(&origin == &sets_of.front().first ? ": " : "; ", sets, ": ", origin);
  if (alike.empty()) return text + ".";
  std::string names;
  for (const std::string& set : alike) names += (names.empty() ? "" : ", ") + set;
  return Concat(text, ". In-distribution: ", names, "; figures there say little about requests of another kind.");
}

std::vector<std::string> DataLimits(const RunRecord& record) {
  if (record.built_in_world) return BuiltInWorldLimits();
  bool intents = false, categories = false;
  for (const ArmRecord& arm : record.arms) {
    for (const auto& [set, samples] : arm.evaluations) {
      for (const EvalSample& sample : samples) intents |= !sample.intent.empty(), categories |= !sample.category.empty();
    }
  }
  std::string text = "The prompts are from files of the user's own: what they leave out, the figures leave out";
  if (intents || categories)
    text += Concat(", and ", intents ? "intents" : "", intents && categories ? " and " : "", categories ? "categories" : "",
                   " are as the files name them");
  return {text + "."};
}

std::vector<std::string> LimitsOf(const Report& report) {
  const RunRecord& record = *report.record;
  std::vector<std::string> limits = {GradingLimit(record.grader, record.built_in_world),
                                     Concat("One run of one seed (", record.seed,
                                            "): the intervals cover the choice of evaluation prompts, not the luck of a training run. "
                                            "Compare several seeds before trusting a small difference."),
                                     PromptLimit(report),
                                     DistributionLimit(report),
                                     FailedGrades(report),
                                     CutAnswers(report),
                                     Staleness(report)};
  std::erase(limits, "");
  for (const std::string& limit : DataLimits(record)) limits.push_back(limit);
  for (const std::string& what : record.left_out) limits.push_back("Of the data: " + what + ".");
  return limits;
}

}  // namespace temper
