#include "cli/commands.h"

namespace temper {

void AddExamples(CLI::App* command, const std::vector<CommandExample>& examples) {
  std::string text = "Examples:";
  for (const CommandExample& example : examples) text += "\n  " + example.line + "\n      " + example.meaning;
  command->footer(text);
}

}  // namespace temper
