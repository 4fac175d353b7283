#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/qualify/comparison.h"
#include "reward/grade/measured.h"

namespace temper {

// What temper qualify measured of a grader, a file of one JSON object:
//   {"check", "qualification": 2, "grader": {"name", "type", "id", "trained_on": [source, ...]}, "question", "threshold", "unseen_by",
//    "data": {"hash", "files": [name, ...], "rows", "unlabelled", "failed", "trained_on"}, "date", "temper",
//    "all": SLICE, "unseen": SLICE | null, "seen": SLICE | null, "by_source": [SLICE], "by_category": [SLICE], "by_length": [SLICE]}
//   SLICE: {"name", "rows", "groups", "figures": {name: {"value", "low": number | null, "high": number | null}}, "confusion": [[int]],
//     "notes": [text]}
// `check` is the hash of all the rest as compact JSON: it tells a record that was changed by mistake. It is no proof: whoever can write the
// record can write another check, or another grader.
struct Qualification {
  std::string grader;                   // its name in reward.graders
  std::string type;                     // of GraderTypes()
  std::string grader_id;                // Grader::id(): the record is of this version alone
  std::vector<std::string> trained_on;  // sources of the rows it was trained on
  double threshold = 0.5;
  std::string unseen_by;  // in words: why a source counts as one that the grader has not seen
  std::string data_hash;
  std::vector<std::string> data_files;  // names without folders
  int64_t rows = 0, unlabelled = 0, failed = 0;
  int64_t trained_on_rows = 0;  // of the rows: the grader was trained on them, so they count as seen
  std::string date;             // UTC, as UtcNow
  std::string temper;           // version of the program
  Agreement agreement;
};

inline constexpr int kQualificationVersion = 2;

std::string QualificationToJson(const Qualification& qualification);
// Throws ConfigError naming what is wrong: another version, a missing or wrong field, a figure
// outside [-1, 1], a check that does not hold. Counts, accuracy and F1 must be those of the
// confusion.
Qualification QualificationFromJson(const std::string& text);

void WriteQualification(const std::string& path, const Qualification& qualification);
// Throws ConfigError naming the file: unreadable, over 16 MiB, not a record.
Qualification ReadQualification(const std::string& path);

// The share of rows without a grade: of all rows, or of those that the gate looks at where that is larger.
double FailedShare(const Qualification& qualification);

// The slice that a requirement looks at: the mean over the sources that the grader has not seen; null where there is none.
const AgreementSlice* SliceOfGate(const Qualification& qualification);

// For reports: the figures of the sources that it has not seen, or of all rows where it has seen all.
GraderMeasurement MeasurementOf(const Qualification& qualification);

}  // namespace temper
