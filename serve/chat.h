#pragma once

#include "serve/text_generation.h"

namespace temper {

// The chat of `temper generate` on a terminal: answers appear as they are sampled, Ctrl-C cuts one short, /reset and /system begin the
// conversation again. Returns the process's exit code when the input ends. Throws ConfigError for a model that cannot be used.
int ChatOnTerminal(const GenerateArguments& arguments);

}  // namespace temper
