#pragma once

#include "cluster/host/spawner.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library names it
class App;
}

namespace temper {

// What a command is added to, and what it may need of the program.
struct CommandContext {
  CLI::App* app = nullptr;            // the program, or the command that this one stands below
  int* exit_code = nullptr;           // set when the command has run
  int* argc = nullptr;                // as main got them, for MPI
  char*** argv = nullptr;             //
  WorkerMain program_main = nullptr;  // the whole program, which a worker of a rank runs in a process of its own
};

// A subcommand of the temper program is a file of this folder with the function that adds it (cli/add_command.h), and a line of
// cli/command_list.inc. The function that runs it returns the exit code and throws Error, ConfigError or ExitRequest.
#define TEMPER_COMMAND(name) void Add##name##Command(const CommandContext& context);
#include "cli/command_list.inc"
#undef TEMPER_COMMAND

}  // namespace temper
