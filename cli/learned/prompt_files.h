#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace temper {

// A prompt with what its files say of it. A prompt of several files is one row.
struct LabelledPrompt {
  std::string text;
  std::string source;           // name of the first file that has it, with its filter: "xstest_prompts label=safe"
  std::optional<bool> harmful;  // absent: it stands in no file of harmful or harmless prompts
  std::optional<bool> refused;  // absent: in none of refused or accepted ones
  bool held_out = false;
};

// Files of prompts by class, each FILE[:COLUMN[:KEY=VALUE]]: rows of .csv, .jsonl or .json (rollout/data/dataset_rows.h), the prompt in
// COLUMN (default prompt), only rows whose column KEY has the VALUE.
struct PromptFiles {
  std::vector<std::string> harmful, harmless;
  std::vector<std::string> refused;   // empty: the harmful ones, but for those that are accepted
  std::vector<std::string> accepted;  // empty: the harmless ones, but for those that are refused
  double held_out = 0.3;              // share of the prompts, by the hash of their text; 1 = all, none to learn from
  int64_t limit = 0;                  // of each file, those with the lowest hashes; 0 = all
};

// All prompts, in the order of the files, each text once. Throws ConfigError with file:line for what cannot be read, and where a text
// stands in files of both classes. The same where a class has no prompt to learn from, or none held out.
std::vector<LabelledPrompt> LoadPromptFiles(const PromptFiles& files);

}  // namespace temper
