#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace temper {

// What the rows of a reinforcement fine-tuning file have that cannot be carried over, and which columns.
struct RowFindings {
  bool developer = false, joined = false, tools = false;
  std::set<std::string> columns;  // of the rows beside messages and tools
  std::set<std::string> texts;    // of these, those that hold a text in some row
};

// Rows of {messages, ...} as Temper reads them, JSONL. The column messages is a list of {role,
// content} or, without `chat` (no chat template), one text. Each further column is a text; a value
// that was not a text stands there as JSON. Counts the rows. Throws ConfigError with file:line.
std::string PromptsOf(const std::string& data, const std::string& path, bool chat, int64_t* rows, RowFindings* found);

}  // namespace temper
