#include "reward/graders/entry.h"

#include <algorithm>
#include <set>

#include "cluster/base/error.h"

namespace temper {
namespace {

std::string NamesOf(const std::vector<GradePart>& parts) {
  std::string names;
  for (const GradePart part : parts) names += Concat(names.empty() ? "" : ", ", NameOf(part));
  return names;
}

bool CanGive(const GraderEntry& entry, const std::string& word) {
  const std::optional<GradePart> part = ValueOf<GradePart>(word);
  return part && std::find(entry.type->gives.begin(), entry.type->gives.end(), *part) != entry.type->gives.end();
}

}  // namespace

void DescribeEntry(size_t index, GraderEntry* entry, ConfigFields& f) {
  entry->type = GraderTypes().types().at(index % GraderTypes().types().size());
  f.String("name", &entry->name, "what the grader is called in grades, metrics and reports");
  f.Require("name");
  f.Rule([entry] { return IsGraderName(entry->name); }, "a grader's name must be letters, digits, '.', '_' and '-', at most 64");
  f.Choice("type", &entry->type, GraderTypes(), "what grades");
  f.Require("type");
  f.StringList("gives", &entry->gives,
               Concat("parts of a grade that count of what it says, of ", NamesOf(entry->type->gives), "; empty = all of these"));
  f.Rule([entry] { return std::all_of(entry->gives.begin(), entry->gives.end(), [&](const auto& word) { return CanGive(*entry, word); }); },
         Concat("gives: a grader of type ", entry->type->name, " can give ", NamesOf(entry->type->gives)));
  f.Enum("role", &entry->role, "a monitor grades every answer, and no reward depends on it");
  f.String("only", &entry->only,
           "the rows it is asked about: a column that must hold something, column=value or column!=value, several with ' && ' between them "
           "(reward.sees must name the columns); empty = all");
  const std::string problem = RowConditionsProblem(entry->only);
  f.Rule([problem] { return problem.empty(); }, Concat("only must be column, column=value or column!=value: ", problem));
  f.Real("timeout_s", &entry->timeout_s, {0, 86400},
         "answers that it has not graded after so long count as failed; 0 = reward.grader_timeout_s");
  f.Path("record", &entry->record, "how far it agrees with people, as temper qualify measured it; the report shows it");
  f.Path("attacks", &entry->attacks, "how often it is fooled, as temper attack-grader measured it; the report shows it");
  f.RealMap(
      "require", &entry->require, {-1, 1},
      "training does not start unless the record's figures, the mean over sources that the grader has not seen, are at least these (of "
      "mae, ece and failed at most), such as auroc: 0.85");
  f.Rule([entry] { return entry->require.empty() || !entry->record.empty(); },
         "reward.graders[].require needs reward.graders[].record, which temper qualify writes");
  entry->options = entry->type->options();
  entry->options->Describe(f);
}

bool AreNamesUnique(const std::deque<GraderEntry>& entries) {
  std::set<std::string> names;
  return std::all_of(entries.begin(), entries.end(), [&](const GraderEntry& entry) { return names.insert(entry.name).second; });
}

std::vector<std::string> ColumnsOf(const GraderEntry& entry) {
  std::vector<std::string> columns = entry.options->Columns();
  for (const RowCondition& condition : ParseRowConditions(entry.only))
    if (condition.column != "category") columns.push_back(condition.column);
  return columns;
}

GraderConfig PartsOfEntry(const GraderEntry& entry) {
  GraderConfig config{.type = entry.type->name, .name = entry.name, .payload = "", .deadline_s = entry.timeout_s};
  for (const std::string& word : entry.gives) config.gives.push_back(ParseEnum<GradePart>(word));
  const std::vector<GradePart> can = entry.options->Gives();
  for (const GradePart part : config.gives)
    if (!can.empty() && std::find(can.begin(), can.end(), part) == can.end())
      throw ConfigError(
          Concat("reward.graders, ", entry.name, ": gives: as it is set up it can give ", NamesOf(can), ", not ", NameOf(part)));
  if (config.gives.empty()) config.gives = can.empty() ? entry.type->gives : can;
  config.steers = entry.role == GraderRole::kReward;
  config.only = ParseRowConditions(entry.only);
  return config;
}

GraderConfig ConfigOf(const GraderEntry& entry, double default_timeout_s) {
  GraderConfig config = PartsOfEntry(entry);
  config.payload = entry.options->Payload();
  if (config.deadline_s == 0) config.deadline_s = default_timeout_s;
  return config;
}

}  // namespace temper
