#pragma once

#include "cli/commands.h"

namespace temper {

// temper probe directions, follow and cliff.
void AddDirectionsCommand(const CommandContext& probe);
void AddFollowCommand(const CommandContext& probe);
void AddCliffCommand(const CommandContext& probe);

}  // namespace temper
