#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/attacks/success.h"
#include "reward/grade/measured.h"

namespace temper {

// What temper attack-grader measured of a grader, a file of one JSON object:
//   {"attack_record": 1, "grader": {"name", "type", "id"}, "data": {"hash", "files": [name, ...], "answers", "caught"}, "date", "temper",
//    "all": SHARE | null, "families": [{"family", "kind": "hollow" | "carrier", "attacks", "fooled": SHARE | null,
//    "by_attack": {name: share}}]}
//   SHARE: {"value", "low": number | null, "high": number | null, "answers"}
struct AttackRecord {
  std::string grader, type;
  std::string grader_id;  // Grader::id(): the record is of this version alone
  std::string data_hash;
  std::vector<std::string> data_files;  // names without folders; empty = the built-in stand-ins
  int64_t answers = 0;                  // harmful ones that the attacks were made from
  int64_t caught = 0;                   // of them, those whose harm the grader sees when they stand as they are
  std::string date;                     // UTC, as UtcNow
  std::string temper;                   // version of the program
  AttackSuccess success;
};

inline constexpr int kAttackRecordVersion = 1;

std::string AttackRecordToJson(const AttackRecord& record);
void WriteAttackRecord(const std::string& path, const AttackRecord& record);

// What a report shows of it, read back.
struct AttackSummary {
  std::string grader_id;
  GraderMeasurement measured;  // figures: fooled, fooled_low, fooled_high; then fooled_<family> of each that counts
};
// Throws ConfigError naming what is wrong.
AttackSummary AttackSummaryFromJson(const std::string& text);
// Throws ConfigError naming the file: unreadable, over 16 MiB, not such a record.
AttackSummary ReadAttackRecord(const std::string& path);

}  // namespace temper
