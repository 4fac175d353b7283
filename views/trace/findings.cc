#include "views/trace/findings.h"

#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/role.h"

namespace temper {
namespace {

using Findings = std::vector<std::string>;

constexpr double kMuchWaiting = 0.20;    // share of the time from which waiting is worth a sentence
constexpr double kLittleWaiting = 0.05;  // and up to which it is none
constexpr double kMostlyIdle = 0.80;
constexpr double kStraggling = 0.20;  // slower than the median by more

std::string Percent(double share) { return Concat(std::lround(share * 100), " %"); }

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// The processes of one role, taken together.
struct Side {
  int64_t count = 0;
  double idle = 0;  // mean share
};

Side SideOf(const TraceSummary& summary, const std::string& role) {
  Side side;
  for (const TraceSummary::Row& row : summary.rows) {
    if (row.role != role) continue;
    side.idle += row.idle;
    ++side.count;
  }
  if (side.count > 0) side.idle /= static_cast<double>(side.count);
  return side;
}

double Waited(const TraceSummary& summary, const char* what) {
  const auto found = summary.learner_waits.find(what);
  return found == summary.learner_waits.end() ? 0 : found->second;
}

void AddStragglers(const TraceSummary& summary, const std::string& role, const char* does, Findings* findings) {
  std::vector<double> rates;
  for (const TraceSummary::Row& row : summary.rows) {
    if (row.role == role && row.units_per_s > 0) rates.push_back(row.units_per_s);
  }
  if (rates.size() < 2) return;
  const double median = Median(rates);
  for (const TraceSummary::Row& row : summary.rows) {
    if (row.role != role || row.units_per_s <= 0 || row.units_per_s >= (1 - kStraggling) * median) continue;
    findings->push_back(Concat(row.name, " ", does, " ", Percent(1 - row.units_per_s / median),
                               " slower than the median: look at what else runs on its host"));
  }
}

// Learners share each step's work equally and wait for each other in the reduction: the time of their own part tells who is slow.
void AddSlowLearners(const TraceSummary& summary, Findings* findings) {
  std::vector<double> seconds;
  for (const TraceSummary::Row& row : summary.rows) {
    if (row.role == NameOf(Role::kLearner) && row.passes_s > 0) seconds.push_back(row.passes_s);
  }
  if (seconds.size() < 2) return;
  const double median = Median(seconds);
  for (const TraceSummary::Row& row : summary.rows) {
    if (row.role != NameOf(Role::kLearner) || row.passes_s <= (1 + kStraggling) * median) continue;
    findings->push_back(Concat(row.name, " takes ", Percent(row.passes_s / median - 1),
                               " longer than the median for its share of a step; the others wait for it"));
  }
}

// On-policy: drawing, grading and learning follow each other, and the longest turn is what a step cannot be shorter than.
void AddTurns(const TraceSummary& summary, Findings* findings) {
  const double rollouts = Waited(summary, "rollouts");
  const double grades = Waited(summary, "grades");
  const double update = 1 - SideOf(summary, ToString(Role::kLearner)).idle;
  const double longest = std::max({rollouts, grades, update});
  // Without a number in the settings threads are as many as cores: more threads alone would be no help, and the trace does not say.
  const char* more = longest == update     ? "learners, or cores for them,"
                     : longest == rollouts ? "rollout workers, or cores for them,"
                                           : "reward workers";
  const double saved = 1 - longest;
  const std::string overlap = "rl.max_staleness of 1 or more, with run.deterministic: false, lets them overlap";
  const std::string turns = Concat("on-policy (rl.max_staleness: 0) the stages take turns, and each waits for the others: rollouts ",
                                   Percent(rollouts), ", grades ", Percent(grades), ", updates ", Percent(update), " of the time; ");
  findings->push_back(saved >= kMuchWaiting
                          ? Concat(turns, overlap, " and saves up to ", Percent(saved), "; more ", more, " only shorten the longest turn")
                          : Concat(turns, "more ", more, " shorten the longest turn; ", overlap, " but saves at most ", Percent(saved)));
}

// Side by side: of learners and rollout workers one is short, or neither, and then the window is what holds both.
void AddSlowerSide(const TraceSummary& summary, Findings* findings) {
  const Side rollout = SideOf(summary, ToString(Role::kRollout));
  const double rollouts = Waited(summary, "rollouts");
  const double grades = Waited(summary, "grades");
  const std::string window = Concat("raise rl.max_staleness (", *summary.max_staleness.begin(), ")");
  if (rollouts >= kMuchWaiting && rollout.idle < kMuchWaiting) {
    findings->push_back(Concat("learner waited ", Percent(rollouts), " for rollouts, whose workers were busy ", Percent(1 - rollout.idle),
                               ": add rollout workers"));
  } else if (rollouts >= kMuchWaiting) {
    findings->push_back(Concat("learner waited ", Percent(rollouts), " for rollouts while their workers were idle ", Percent(rollout.idle),
                               ": a few long completions or steps of uneven length hold up both: ", window));
  } else if (grades < kMuchWaiting && rollout.count > 0 && rollout.idle >= 0.5) {
    findings->push_back(Concat("rollout workers idle ", Percent(rollout.idle),
                               ", learner busy: the learner is the slower side: add learners, or take fewer rollout workers"));
  }
  if (grades < kMuchWaiting) return;
  const Side reward = SideOf(summary, ToString(Role::kReward));
  const bool short_of_graders = reward.count == 0 || reward.idle < 0.5;
  findings->push_back(short_of_graders ? Concat("learner waited ", Percent(grades), " for grades: add reward workers")
                                       : Concat("learner waited ", Percent(grades), " for grades while reward workers were idle ",
                                                Percent(reward.idle), ": single answers take long to grade: ", window));
}

// Arms that differ in this way ran one after the other: shares over all of them say little about either.
void AddMixed(const TraceSummary& summary, Findings* findings) {
  const double rollouts = Waited(summary, "rollouts");
  const double grades = Waited(summary, "grades");
  if (rollouts + grades < kMuchWaiting) return;
  findings->push_back(Concat("learner waited ", Percent(rollouts), " for rollouts and ", Percent(grades), " for grades",
                             summary.max_staleness.empty() ? "" : ", over arms of different rl.max_staleness",
                             ": what each step waited for is in timing_s/* of metrics.jsonl"));
}

}  // namespace

std::vector<std::string> FindingsOf(const TraceSummary& summary) {
  Findings findings;
  AddStragglers(summary, ToString(Role::kRollout), "draws", &findings);
  AddStragglers(summary, ToString(Role::kReward), "grades", &findings);
  AddSlowLearners(summary, &findings);
  const auto& limits = summary.max_staleness;
  const bool both = SideOf(summary, ToString(Role::kLearner)).count > 0 && SideOf(summary, ToString(Role::kRollout)).count > 0;
  if (limits.empty() || (limits.contains(0) && limits.size() > 1)) {
    AddMixed(summary, &findings);
  } else if (!limits.contains(0)) {
    AddSlowerSide(summary, &findings);
  } else if (both) {
    AddTurns(summary, &findings);
  }
  const double other = Waited(summary, "other");
  if (other >= kMuchWaiting) {
    findings.push_back(
        Concat("learner waited ", Percent(other),
               " for the orchestrator (batches, checkpoints, files): raise checkpoint.every, or put run.dir on a faster disk"));
  }
  const Side reward = SideOf(summary, ToString(Role::kReward));
  if (reward.count > 1 && reward.idle >= kMostlyIdle && Waited(summary, "grades") < kLittleWaiting)
    findings.push_back(Concat("reward workers idle ", Percent(reward.idle), ": fewer would do"));
  return findings;
}

}  // namespace temper
