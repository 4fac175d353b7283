// temper completion: a script that completes this program's command lines in a shell.
#include <iostream>

#include "cli/commands.h"
#include "cli/help/completion_script.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

void BindCompletion(CLI::App* command, std::string* shell) {
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  AddExamples(command, {{"temper completion bash > ~/.local/share/bash-completion/completions/temper", "for bash, from the next shell on"},
                        {"source <(temper completion zsh)", "for this zsh"},
                        {"temper completion fish > ~/.config/fish/completions/temper.fish", "for fish"}});
}

}  // namespace

void AddCompletionCommand(const CommandContext& context) {
  AddCommand<std::string>(context, "completion", "prints a script that completes command lines of temper in a shell", BindCompletion,
                          [app = context.app](const std::string& shell) {
                            const Shell which = shell == "bash" ? Shell::kBash : shell == "zsh" ? Shell::kZsh : Shell::kFish;
                            std::cout << CompletionScript(ReadCommandTree(*app, "temper"), which);
                            return kExitDone;
                          });
}

}  // namespace temper
