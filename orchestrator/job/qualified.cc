#include "orchestrator/job/qualified.h"

#include <algorithm>
#include <cstdio>

#include "cluster/base/error.h"
#include "record/attack_record.h"
#include "record/qualification.h"

namespace temper {
namespace {

// "job.yaml:12: reward.graders.0.require: ".
std::string PlaceOf(const Experiment& experiment, size_t index, const char* key) {
  const std::string name = Concat("reward.graders.", index, ".", key);
  for (const ResolvedValue& value : experiment.resolved.values)
    if (value.key == name) return Concat(value.source, ": ", name, ": ");
  return name + ": ";
}

// ConfigError of `check` with the place of the key before it.
template <typename Check>
auto At(const std::string& place, Check check) {
  try {
    return check();
  } catch (const ConfigError& error) {
    throw ConfigError(place + error.what());
  }
}

std::string Fixed3(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", value);
  return text;
}

std::string FigureText(const Estimate& estimate) {
  return estimate.has_interval() ? Concat(Fixed3(estimate.mean), " [", Fixed3(estimate.low), ", ", Fixed3(estimate.high), "]")
                                 : Fixed3(estimate.mean);
}

std::string FiguresOf(const AgreementSlice& slice) {
  std::string names;
  for (const auto& [name, estimate] : slice.figures) names += Concat(names.empty() ? "" : ", ", name);
  return names.empty() ? "none" : names;
}

void CheckVersion(const std::string& of, const std::string& grader, const std::string& path, const std::string& how) {
  if (of == grader) return;
  throw ConfigError(Concat(path, " is of ", of, ", and the grader is ", grader, " now: measure it again with ", how));
}

void CheckRequired(const GraderEntry& entry, const Qualification& record) {
  if (entry.require.empty()) return;
  const AgreementSlice* slice = SliceOfGate(record);
  if (slice == nullptr)
    throw ConfigError(Concat(entry.record, " has no figure of a source that grader ", entry.name,
                             " has not seen: qualify it on other sources, or with --train-command"));
  for (const auto& [figure, bound] : entry.require) {
    const Estimate* estimate = slice->Figure(figure);
    if (estimate == nullptr)
      throw ConfigError(Concat(figure, ": ", entry.record, " has no such figure for all sources that grader ", entry.name,
                               " has not seen; it has ", FiguresOf(*slice)));
    if (IsError(figure) ? estimate->mean <= bound : estimate->mean >= bound) continue;
    throw ConfigError(Concat("grader ", entry.name, " may not steer: ", figure, " is ", FigureText(*estimate),
                             " on sources that it has not seen (", slice->rows, " rows, ", entry.record, "), and ",
                             IsError(figure) ? "at most " : "at least ", bound, " is required"));
  }
}

bool Trains(const Experiment& experiment) {
  return std::any_of(experiment.arms.begin(), experiment.arms.end(), [](const Arm& arm) { return arm.config.HasStage("rl"); });
}

}  // namespace

void CheckQualified(const Experiment& experiment) {
  const RewardConfig& reward = experiment.base.reward;
  for (size_t i = 0; i < reward.graders.size(); ++i) {
    const GraderEntry& entry = reward.graders[i];
    if (entry.record.empty() && entry.attacks.empty()) continue;
    const std::string id = MakeGrader(ConfigOf(entry, reward.grader_timeout_s))->id();
    if (!entry.attacks.empty()) {
      At(PlaceOf(experiment, i, "attacks"),
         [&] { CheckVersion(ReadAttackRecord(entry.attacks).grader_id, id, entry.attacks, "temper attack-grader"); });
    }
    if (entry.record.empty()) continue;
    const Qualification record = At(PlaceOf(experiment, i, "record"), [&] {
      Qualification read = ReadQualification(entry.record);
      CheckVersion(read.grader_id, id, entry.record, "temper qualify");
      return read;
    });
    if (Trains(experiment)) At(PlaceOf(experiment, i, "require"), [&] { CheckRequired(entry, record); });
  }
}

std::vector<GraderMeasurement> RecordedOf(const GraderEntry& entry) {
  std::vector<GraderMeasurement> recorded;
  if (!entry.record.empty()) recorded.push_back(MeasurementOf(ReadQualification(entry.record)));
  if (!entry.attacks.empty()) recorded.push_back(ReadAttackRecord(entry.attacks).measured);
  return recorded;
}

}  // namespace temper
