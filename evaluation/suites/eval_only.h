#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "evaluation/suites/suite.h"

namespace temper {

// Suites that are for evaluation alone (Suite::eval_only), told among training data as far as that can be known.

// What a file to train on holds.
struct TrainingFile {
  std::string key, path;             // "data.path"
  std::vector<std::string> prompts;  // as they are asked
  std::set<std::string> columns;     // of its first row
};

// A suite that is evaluated beside it.
struct EvaluatedSuite {
  const Suite* suite = nullptr;  // borrowed
  std::vector<std::string> prompts;
};

// Why the file must not be trained on, a sentence; "" where nothing is known against it. Its columns are those of an eval_only suite
// (marks), or it has kSketchMatches of a suite's sketch, or a prompt of a suite that is evaluated. Case and white space make no difference.
// A suite whose file is not given and that has neither marks nor a sketch cannot be told.
std::string EvalOnlyProblem(const TrainingFile& file, const std::vector<EvaluatedSuite>& evaluated);
inline constexpr size_t kSketchMatches = 3;

// The kSketchSize smallest hashes of the prompts that are the suite's own, rising: a sample that every copy of the suite has, and that
// tells nothing of their words.
std::vector<uint64_t> SuiteSketch(const Suite& suite, const std::vector<Prompt>& prompts);
inline constexpr size_t kSketchSize = 24;

// The columns of the first row of a file, without reading all of it, but of a workbook; none where it is malformed.
std::set<std::string> FirstColumns(const std::string& path);

}  // namespace temper
