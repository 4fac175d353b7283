#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "record/run_paths.h"
#include "record/transcripts.h"

namespace temper {

// Which completions to show; an empty set lets all pass.
struct TranscriptFilter {
  std::set<std::string> clauses, severities, modes, intents;
};

// Parses "clause=C2.1", "severity=high", "mode=refusal", "intent=benign", each name maybe several times, values with commas. Throws
// ConfigError naming what is wrong.
TranscriptFilter ParseFilter(const std::vector<std::string>& words);

// One graded completion of a run.
struct ShownTranscript : TranscriptRow {
  std::string arm;
  int64_t step = 0;
};

// Follows the sample transcripts of a run as its steps are done. What an arm that is resumed does again is shown once. One thread only.
class TranscriptFeed {
 public:
  // arm "": all of the run's. from_start: also what is there already, else only what comes.
  TranscriptFeed(std::string run_folder, std::string arm, TranscriptFilter filter, bool from_start);

  // What came since the last call, in order of step within an arm. Nothing throws: what is not there yet is waited for.
  std::vector<ShownTranscript> Poll();
  int64_t damaged() const { return damaged_; }  // lines that are no transcript
  int64_t hidden() const { return hidden_; }    // by the filter

 private:
  std::vector<std::string> Arms() const;
  void ReadStep(const std::string& arm, int64_t step, std::vector<ShownTranscript>* shown);

  RunPaths run_;
  std::string arm_;
  TranscriptFilter filter_;
  std::map<std::string, int64_t> last_step_;  // shown, by arm
  int64_t damaged_ = 0;
  int64_t hidden_ = 0;
};

// For a terminal of `width` columns: a head line, the prompt and the response, wrapped; what could drive the terminal is escaped.
std::string Render(const ShownTranscript& transcript, size_t width, bool color);

}  // namespace temper
