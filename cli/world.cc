// temper world: the built-in world as files.
#include "world/world.h"

#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

struct WorldArguments {
  WorldOptions world;
  std::string folder;
};

void BindWorld(CLI::App* command, WorldArguments* arguments) {
  command->add_option("folder", arguments->folder, "where to")->required();
  WorldOptions& world = arguments->world;
  command->add_option("--seed", world.seed, "keys the random numbers");
  command->add_option("--train-prompts", world.train_prompts_per_intent, "RL prompts of each intent");
  command->add_option("--eval-prompts", world.eval_prompts_per_intent, "prompts of each intent in each evaluation set");
  command->add_option("--demonstrations", world.demonstrations, "SFT demonstrations");
  command->add_option("--permitted-dual-use", world.permitted_dual_use, "share of purposeless requests the policy spec permits");
  AddExamples(command, {{"temper world world --seed 7", "writes the world of another seed into the folder world"}});
}

int WorldCommand(const WorldArguments& arguments) {
  WriteWorld(arguments.world, arguments.folder);
  std::cout << "wrote the built-in world into " << arguments.folder << "\n";
  return kExitDone;
}

}  // namespace

void AddWorldCommand(const CommandContext& context) {
  AddCommand<WorldArguments>(context, "world", "writes the built-in world as JSONL and tokenizer.json", BindWorld, WorldCommand);
}

}  // namespace temper
