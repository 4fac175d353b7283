// temper world: the built-in world as files.
#include "world/world.h"

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"

namespace temper {

void AddWorldCommand(CLI::App* app, int* exit_code) {
  struct Arguments {
    WorldOptions world;
    std::string folder;
  };
  const auto arguments = std::make_shared<Arguments>();
  auto* command = app->add_subcommand("world", "writes the built-in world as JSONL and tokenizer.json");
  command->add_option("folder", arguments->folder, "where to")->required();
  WorldOptions& world = arguments->world;
  command->add_option("--seed", world.seed, "keys the random numbers");
  command->add_option("--train-prompts", world.train_prompts_per_intent, "RL prompts of each intent");
  command->add_option("--eval-prompts", world.eval_prompts_per_intent, "prompts of each intent in each evaluation set");
  command->add_option("--demonstrations", world.demonstrations, "SFT demonstrations");
  command->add_option("--permitted-dual-use", world.permitted_dual_use, "share of purposeless requests the policy spec permits");
  command->callback([arguments, exit_code] {
    WriteWorld(arguments->world, arguments->folder);
    std::cout << "wrote the built-in world into " << arguments->folder << "\n";
    *exit_code = kExitDone;
  });
}

}  // namespace temper
