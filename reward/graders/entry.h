#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "reward/graders/registry.h"

namespace temper {

enum class GraderRole : uint8_t { kReward, kMonitor };
template <>
struct EnumNames<GraderRole> {
  static constexpr std::string_view kWhat = "role of a grader";
  static constexpr EnumTable<GraderRole, 2> kTable{{{GraderRole::kReward, "reward"}, {GraderRole::kMonitor, "monitor"}}};
};

// An entry of reward.graders: {name, type, gives, role, only, timeout_s, ...keys of the type}.
struct GraderEntry {
  std::string name;
  const GraderType* type = &kRuleGrader;
  std::vector<std::string> gives;  // names of GraderParts; empty = all that the type can give
  GraderRole role = GraderRole::kReward;
  std::string only;      // ParseRowConditions reads it
  double timeout_s = 0;  // 0 = reward.grader_timeout_s
  // Files of temper qualify and temper attack-grader, "" = none; the least that the former must say of sources it has not seen.
  std::string record, attacks;
  std::map<std::string, double> require;  // figure -> at least so much, of an error at most
  std::shared_ptr<GraderOptions> options;
};

// Reads entry `index` of a list. The keys of its type follow from the key `type`; in a reference document `index` counts the types, so that
// each is shown.
void DescribeEntry(size_t index, GraderEntry* entry, ConfigFields& fields);

// The columns of a row that it needs beside prompt, answer and category: its type's, and that of `only`.
std::vector<std::string> ColumnsOf(const GraderEntry& entry);

// The rule over all of them: that names are unique.
bool AreNamesUnique(const std::deque<GraderEntry>& entries);

// Its name, what it gives and whether it steers; without what its type makes it from.
GraderConfig PartsOfEntry(const GraderEntry& entry);

// What reward workers make the grader from, with the content of its files. Throws ConfigError.
GraderConfig ConfigOf(const GraderEntry& entry, double default_timeout_s);

}  // namespace temper
