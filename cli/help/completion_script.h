#pragma once

#include <string>

#include "cli/help/command_tree.h"

namespace temper {

enum class Shell { kBash, kZsh, kFish };

// A script of `shell` that completes the program's commands, options and choices, and file names elsewhere.
std::string CompletionScript(const CommandHelp& program, Shell shell);

}  // namespace temper
