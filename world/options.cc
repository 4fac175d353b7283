#include "world/options.h"

namespace temper {
namespace {

constexpr IntRange kRows{1, 10'000'000};  // a slip of the keyboard should not fill the disk

}  // namespace

void Describe(WorldOptions& c, ConfigFields& f) {
  f.Int("train_prompts_per_intent", &c.train_prompts_per_intent, kRows, "RL prompts of each intent");
  f.Int("eval_prompts_per_intent", &c.eval_prompts_per_intent, kRows, "prompts of each intent in each evaluation set");
  f.Int("demonstrations", &c.demonstrations, kRows, "SFT demonstrations, of mixed quality");
  f.Real("permitted_dual_use", &c.permitted_dual_use, {0, 0.375},
         "share of purposeless requests that ask only for what the policy spec permits");
}

}  // namespace temper
