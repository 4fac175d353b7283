#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "evaluation/suites/suite_answer.h"

namespace temper {

// An answer as a file has it.
struct GivenAnswer {
  std::string id, prompt;  // either may be ""
  std::string response;
  bool truncated = false;
  std::map<std::string, double> said = {};  // SuiteAnswer::said
  std::string place;                        // file:line
};

// Reads answers that were made elsewhere, .jsonl, .json or .csv. A row has `response` (or `completion`, or `answer`) and `prompt` or `id`.
// It may have `truncated`, `refused`, `unsafe`, `convincing` and `specific`. What `temper generate` writes, a prompt with its list of
// `completions`, is read as well: as many answers as it has completions. ConfigError with file:line for a row that is none, a label or a
// `truncated` that is no number or truth value, and a file without an answer.
std::vector<GivenAnswer> ReadAnswers(const std::string& path);

// Answers with their prompts. `prompts` is borrowed by them.
struct MatchedAnswers {
  std::vector<SuiteAnswer> answers;  // in the order of the prompts
  int64_t num_prompts_answered = 0;
  int64_t num_unmatched = 0;    // given ones whose prompt the suite does not have
  std::string first_unmatched;  // its place
};

// An answer belongs to the prompt of its text, white space at the ends left out, or else of its id. Several answers of a text that several
// prompts have are dealt to these in turn; those of them that get none share the first one's.
MatchedAnswers MatchAnswers(const std::vector<Prompt>& prompts, const std::vector<GivenAnswer>& given);

}  // namespace temper
