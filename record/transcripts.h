#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/run_paths.h"
#include "reward/grade/grade.h"

namespace temper {

// <arm>/traces/step_<N>.jsonl: prompts of a step with all their graded completions, to be read by people.
//   {"step", "prompt_id", "intent", "prompt", "samples": [{"response", "truncated", "reward", "grade": see GradeToJson}, ...]}
struct TranscriptGroup {
  struct Sample {
    std::string response;
    double reward = 0;
    Grade grade;
    bool truncated = false;  // cut at the token limit
  };
  int64_t step = 0;  // from 1
  std::string prompt_id, intent, prompt;
  std::vector<Sample> samples;
};

// One line of the file, with its end. Bytes that are not UTF-8 are written as U+FFFD.
std::string ToJsonLine(const TranscriptGroup& group);

// One completion as it is read. Texts are "" and numbers absent where the file does not have them, as in a grade that failed.
struct TranscriptRow {
  std::string prompt_id, intent, prompt, response;
  std::string outcome, clause, severity, mode;  // words of the grade
  std::optional<double> reward, safety, helpfulness;
  bool truncated = false;
  std::vector<std::string> verdicts;  // what each grader said, a line each; empty where there was one
};

// The completions of a step, in the file's order; none where there is no such file. Adds to *damaged the lines, and samples in them, that
// are none.
std::vector<TranscriptRow> ReadTranscripts(const StagePaths& stage, int64_t step, int64_t* damaged);

// Steps of which there are transcripts, ascending.
std::vector<int64_t> TranscriptSteps(const StagePaths& stage);

}  // namespace temper
