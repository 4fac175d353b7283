#pragma once

#include <string>

#include "cli/help/command_tree.h"

namespace temper {

// The manual page of the program, section 1, in the roff of man(7): every command with its arguments, options and examples.
std::string ManPage(const CommandHelp& program, const std::string& version);

}  // namespace temper
