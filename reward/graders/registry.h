#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/base/registry.h"
#include "cluster/config/fields.h"
#include "reward/grade/measured.h"
#include "reward/grade/training_rows.h"
#include "reward/graders/grader.h"
#include "reward/graders/row_condition.h"

namespace temper {

// What a grader is made from, where it grades: it has all it needs in memory and reads no file, but `http` its cache and `probe` its model.
// It travels to the reward workers.
struct GraderConfig {
  std::string type = {};     // of GraderTypes()
  std::string name = {};     // in reward.graders, for messages and verdicts
  std::string payload = {};  // what the type needs, as its GraderOptions wrote it
  double deadline_s = 0;     // requests without a grade after so long get GradeOutcome::kTimeout
  std::vector<GradePart> gives = {};
  bool steers = true;                   // false: a monitor
  std::vector<RowCondition> only = {};  // the rows it is asked about: those for which all hold
  bool Gives(GradePart part) const;
};

// The keys of one type in an entry of reward.graders, and the files they name. Lives where the config is read, at the orchestrator.
class GraderOptions {
 public:
  virtual ~GraderOptions() = default;
  virtual void Describe(ConfigFields& fields) = 0;
  // What GraderConfig::payload becomes, the content of files included. Throws ConfigError for a file that is missing or damaged.
  virtual std::string Payload() const = 0;
  // The parts that it gives as it is set up; empty = all that its type can give.
  virtual std::vector<GradePart> Gives() const { return {}; }
  // The files that Payload reads: a run that goes on must find them unchanged.
  virtual std::vector<std::string> Files() const { return {}; }
  // The columns of a row that it reads: reward.sees must name them.
  virtual std::vector<std::string> Columns() const { return {}; }
  // What it judges by, in words for a report: "words", "facts in the prompt".
  virtual std::string Reads() const = 0;
  // How well it is known to do; empty = nobody has measured it.
  virtual std::vector<GraderMeasurement> Measured() const { return {}; }
  // The labelled rows that it was trained on. Nothing = it was not, as far as is known; no hashes = it was, and its file does not say on
  // which.
  virtual std::optional<TrainingRows> TrainedOn() const { return std::nullopt; }
};

// A kind of grader: one file, and one line in graders.inc.
struct GraderType {
  const char* name;                                             // reward.graders[].type
  const char* help;                                             // what it grades by
  std::vector<GradePart> gives;                                 // what it can give; a grader gives all of it unless its entry names less
  std::unique_ptr<GraderOptions> (*options)();                  // with their defaults
  std::unique_ptr<Grader> (*make)(const GraderConfig& config);  // throws ConfigError for a payload that is none
};
const Registry<GraderType>& GraderTypes();
extern const GraderType kRuleGrader;

// What ends a grader's id, since another choice of parts is another judgement: ":safety+mode"; "" where it gives all that its type can.
std::string GivesOf(const GraderConfig& config);

// Throws ConfigError for an unknown type, with those that there are.
std::unique_ptr<Grader> MakeGrader(const GraderConfig& config);

}  // namespace temper
