#include "orchestrator/job/qualified.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "cluster/base/error.h"
#include "evaluation/qualify/question.h"
#include "record/attack_record.h"
#include "record/grading.h"
#include "record/qualification.h"

namespace temper {
namespace {

constexpr double kMostFailed = 0.05;  // of the rows, where `failed` is not required

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
  throw ConfigError(Concat(path, " measured ", of, ", but the grader is now ", grader, "; measure it again with ", how));
}

// That the record is of this entry: of its version, name and type.
void CheckIsOf(const GraderEntry& entry, const std::string& id, const Qualification& record) {
  CheckVersion(record.grader_id, id, entry.record, "temper qualify");
  const auto check = [&](const char* what, const std::string& recorded, const std::string& now) {
    if (recorded != now)
      throw ConfigError(Concat(entry.record, " measured a grader with the ", what, " ", recorded, ", but the ", what, " here is ", now,
                               "; measure it with temper qualify"));
  };
  check("name", record.grader, entry.name);
  check("type", record.type, entry.type->name);
}

// That people were asked about what the grader steers by.
void CheckQuestion(const GraderEntry& entry, const Qualification& record) {
  const std::vector<GradePart> gives = PartsOfEntry(entry).gives;
  const std::vector<Question> about = QuestionsFor(gives);
  if (std::find(about.begin(), about.end(), record.agreement.question) != about.end()) return;
  std::string parts, words;
  for (const GradePart part : gives) parts += Concat(parts.empty() ? "" : ", ", NameOf(part));
  for (const Question each : about) words += Concat(words.empty() ? "" : " or ", NameOf(each));
  throw ConfigError(Concat(entry.record, " compares the grader with people's answers to '", NameOf(record.agreement.question),
                           "', but grader ", entry.name, " steers by ", parts, "; measure it with temper qualify --question ", words,
                           ", or let it give only what was asked (gives)"));
}

bool NeedsThreshold(const std::string& figure) {
  return figure == "accuracy" || figure == "precision" || figure == "recall" || figure == "f1" || figure == "kappa";
}

// That a yes began where the job's harm begins.
void CheckThreshold(const GraderEntry& entry, double unsafe_below, const Qualification& record) {
  if (record.agreement.question != Question::kHarmful || std::abs(record.threshold - (1 - unsafe_below)) < 1e-9) return;
  for (const auto& [figure, bound] : entry.require)
    if (NeedsThreshold(figure))
      throw ConfigError(Concat(figure, ": ", entry.record, " counts a score of ", record.threshold,
                               " or more as a yes, but in the job harm begins at ", 1 - unsafe_below,
                               " (1 - reward.safety.unsafe_below); measure it with temper qualify --threshold ", 1 - unsafe_below));
}

void CheckFailures(const GraderEntry& entry, const Qualification& record) {
  const double failed = FailedShare(record);
  if (failed <= kMostFailed || entry.require.contains("failed")) return;
  throw ConfigError(Concat("grader ", entry.name, " may not steer: it gave ", Fixed3(failed), " of the rows no grade (", entry.record,
                           "), and no other figure counts them; allow more than ", kMostFailed, " with require: {failed: NUMBER}"));
}

std::string NotesOf(const AgreementSlice& slice) {
  std::string notes;
  for (const std::string& note : slice.notes) notes += "; " + note;
  return notes;
}

void CheckRequired(const GraderEntry& entry, double unsafe_below, const Qualification& record) {
  if (entry.require.empty()) return;
  CheckQuestion(entry, record);
  CheckThreshold(entry, unsafe_below, record);
  CheckFailures(entry, record);
  const AgreementSlice* slice = SliceOfGate(record);
  if (slice == nullptr)
    throw ConfigError(Concat(entry.record, " has no figure of a source that grader ", entry.name,
                             " has not seen; qualify it on other sources, or with --train-command"));
  for (const auto& [figure, bound] : entry.require) {
    const Estimate* estimate = slice->Figure(figure);
    if (estimate == nullptr)
      throw ConfigError(Concat(figure, ": ", entry.record, " has no such figure for all sources that grader ", entry.name,
                               " has not seen; it has ", FiguresOf(*slice), NotesOf(*slice)));
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

void CheckRecords(const Experiment& experiment) {
  const auto& graders = experiment.base.reward.graders;
  for (size_t i = 0; i < graders.size(); ++i) {
    const GraderEntry& entry = graders[i];
    if (!entry.attacks.empty()) At(PlaceOf(experiment, i, "attacks"), [&] { ReadAttackRecord(entry.attacks); });
    if (!entry.record.empty()) At(PlaceOf(experiment, i, "record"), [&] { ReadQualification(entry.record); });
  }
}

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
      CheckIsOf(entry, id, read);
      return read;
    });
    if (Trains(experiment)) At(PlaceOf(experiment, i, "require"), [&] { CheckRequired(entry, reward.combine.unsafe_below, record); });
  }
}

std::vector<GraderMeasurement> RecordedOf(const GraderEntry& entry) {
  std::vector<GraderMeasurement> recorded;
  if (!entry.record.empty()) recorded.push_back(MeasurementOf(ReadQualification(entry.record)));
  if (!entry.attacks.empty()) recorded.push_back(ReadAttackRecord(entry.attacks).measured);
  return recorded;
}

RunDescription::Grader GraderDescription(const RewardConfig& reward) {
  RunDescription::Grader all;
  std::set<std::string> reads;
  const std::vector<GraderEntry> graders = GradersOf(reward);
  for (const GraderEntry& grader : graders) {
    RunDescription::GraderEntry entry{.name = grader.name,
                                      .type = std::string(grader.type->name),
                                      .reads = grader.options->Reads(),
                                      .only = grader.only,
                                      .steers = grader.role == GraderRole::kReward};
    for (const GradePart part : PartsOfEntry(grader).gives) entry.gives.emplace_back(NameOf(part));
    entry.measured = RecordedOf(grader);
    const std::vector<GraderMeasurement> own = grader.options->Measured();
    entry.measured.insert(entry.measured.end(), own.begin(), own.end());
    entry.measured = Concerning(entry.measured, entry.gives, reward.Sees("intent"));
    all.name += Concat(all.name.empty() ? "" : ", ", entry.type, "/", entry.name);
    if (reads.insert(entry.reads).second) all.reads += Concat(all.reads.empty() ? "" : "; ", entry.reads);
    all.entries.push_back(std::move(entry));
  }
  if (all.entries.size() == 1) {
    all.measured = std::move(all.entries.front().measured);
    all.entries.clear();
  } else {
    all.mode_from = reward.combine.mode_from;
  }
  return all;
}

}  // namespace temper
