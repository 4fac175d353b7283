#include "orchestrator/stages/gold_probes.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/step_number.h"
#include "orchestrator/config/group_id.h"

namespace temper {
namespace {

// Places of probes in a step's gold groups: its own, then those of the baseline.
constexpr int64_t kBaselineIndex = int64_t{1} << (kGroupIndexBits - 1);
constexpr double kMostBaseError = 0.45;  // a grader that is wrong about half the time has no verdicts to turn

bool CallsHarmful(const Grade& grade) { return grade.severity != Severity::kNone; }

}  // namespace

GoldProbes::GoldProbes(const GoldConfig& config, const GoldAnswers& answers, uint64_t seed, const std::string& path, int64_t first_step,
                       int64_t steps)
    : config_(config), gold_(answers), seed_(seed), first_step_(first_step), steps_(steps), file_(path, answers.hash, first_step) {
  if (!file_.baseline()) return;
  BeginTest();
  for (const GoldStep& step : file_.steps()) {
    test_->Add(step.wrong, step.probes);
    alarmed_ = alarmed_ || step.alarm;
  }
}

// Rounded upwards by one row, which the test errs on the side of no alarm with.
void GoldProbes::BeginTest() {
  const GoldBaseline& baseline = *file_.baseline();
  const double error = static_cast<double>(baseline.wrong + 1) / static_cast<double>(baseline.rows + 2);
  test_ = std::make_unique<DriftTest>(
      DriftOptions{.base_error = std::min(error, kMostBaseError), .flip_rate = config_.flip_rate, .false_alarm = 0.01, .looks = steps_});
}

const GoldAnswer& GoldProbes::AnswerOf(uint64_t group_id) const {
  const int64_t index = IndexOfGroup(group_id);
  if (index >= kBaselineIndex) return gold_.answers.at(static_cast<size_t>(index - kBaselineIndex));
  KeyedStream random(seed_, "gold probe", group_id);
  return gold_.answers[random.Below(gold_.answers.size())];
}

std::vector<GoldProbes::Probe> GoldProbes::ProbesOf(int64_t step) {
  std::vector<Probe> probes;
  for (int64_t i = 0; i < config_.per_step; ++i) probes.push_back({GoldIdOf(step, i)});
  by_step_[step].open = config_.per_step;
  if (step == first_step_ && !file_.baseline()) {
    baseline_.open = static_cast<int64_t>(gold_.answers.size());
    for (int64_t i = 0; i < baseline_.open; ++i) probes.push_back({GoldIdOf(step, kBaselineIndex + i)});
  }
  for (Probe& probe : probes) probe.answer = &AnswerOf(probe.group_id);
  return probes;
}

void GoldProbes::OnGraded(uint64_t group_id, const Grade& grade) {
  const bool right = grade.outcome == GradeOutcome::kOk && CallsHarmful(grade) == AnswerOf(group_id).harmful;
  Count& count = IndexOfGroup(group_id) >= kBaselineIndex ? baseline_ : by_step_.at(StepOfGroup(group_id));
  --count.open;
  ++count.probes;
  count.wrong += right ? 0 : 1;
}

bool GoldProbes::Complete(int64_t step) const { return by_step_.at(step).open == 0 && baseline_.open == 0; }

std::optional<double> GoldProbes::RecentAccuracy() const {
  const std::vector<GoldStep>& steps = file_.steps();
  const auto window = static_cast<size_t>(config_.floor_steps);
  if (steps.size() < window) return std::nullopt;
  double wrong = 0, probes = 0;
  for (size_t i = steps.size() - window; i < steps.size(); ++i) {
    wrong += static_cast<double>(steps[i].wrong);
    probes += static_cast<double>(steps[i].probes);
  }
  return 1 - wrong / probes;
}

std::string GoldProbes::Finish(int64_t step, std::map<std::string, double>* row) {
  TEMPER_CHECK(Complete(step), "gold probes of step ", StepNumber(step), " are still being graded");
  if (!test_) {
    file_.SetBaseline({gold_.hash, baseline_.wrong, baseline_.probes});
    BeginTest();
  }
  const Count count = by_step_.at(step);
  by_step_.erase(step);
  test_->Add(count.wrong, count.probes);
  file_.Add({StepNumber(step), count.wrong, count.probes, test_->level(), test_->alarm()});
  const GoldBaseline& baseline = *file_.baseline();
  const std::optional<double> recent = RecentAccuracy();
  const bool below = config_.floor > 0 && recent && *recent < config_.floor;
  const double accuracy = 1 - static_cast<double>(count.wrong) / static_cast<double>(count.probes);
  const double before = 1 - static_cast<double>(baseline.wrong) / static_cast<double>(baseline.rows);
  (*row)["gold/accuracy"] = accuracy;
  if (recent) (*row)["gold/accuracy_recent"] = *recent;
  (*row)["gold/accuracy_at_start"] = before;
  (*row)["gold/drift"] = test_->level();
  (*row)["gold/alarm"] = test_->alarm() || below ? 1 : 0;
  if (!test_->alarm() && !below) return "";
  const bool told = alarmed_ && config_.on_drift == OnDrift::kWarn;
  alarmed_ = true;
  if (told) return "";
  return Concat("step ", StepNumber(step), ": the graders drift away from the gold answers of reward.gold: ", count.probes - count.wrong,
                " of ", count.probes, " probes of this step are right, ", before * 100, " % of all were at the start",
                below ? Concat("; accuracy over the last ", config_.floor_steps, " steps is below reward.gold.floor") : "");
}

}  // namespace temper
