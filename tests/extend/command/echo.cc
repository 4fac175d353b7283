// temper echo: the command of the test. All that a command needs is in this file.
#include <cstdio>

#include "cli/commands.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

struct EchoArguments {
  std::string word;
  int times = 1;
};

void BindEcho(CLI::App* command, EchoArguments* arguments) {
  command->add_option("word", arguments->word, "what to say")->required();
  command->add_option("--times", arguments->times, "how often");
  AddExamples(command, {{"temper echo hello --times 2", "says it twice"}});
}

int EchoCommand(const EchoArguments& arguments) {
  if (arguments.times < 1) throw ConfigError(Concat("--times ", arguments.times, ": at least once"));
  for (int i = 0; i < arguments.times; ++i) std::printf("%s\n", arguments.word.c_str());
  return kExitDone;
}

}  // namespace

void AddEchoCommand(const CommandContext& context) { AddCommand<EchoArguments>(context, "echo", "says a word", BindEcho, EchoCommand); }

}  // namespace temper
