#include "reward/compose/composer_options.h"

namespace temper {
namespace {

constexpr RealRange kWeight{-100, 100};
constexpr RealRange kPrice{0, 100};
constexpr RealRange kMultiplier{1e-6, 1e6};

}  // namespace

void Describe(ComposerOptions& c, ConfigFields& f) {
  f.Choice("composer", &c.type, Composers(), "how grades become a reward");
  f.Real("weight_helpfulness", &c.weight_helpfulness, kWeight, "composer weighted");
  f.Real("weight_safety", &c.weight_safety, kWeight, "composer weighted");
  f.Real("alpha", &c.alpha, kPrice, "composer constructive: what satisfaction (h) is worth");
  f.Real("beta", &c.beta, kPrice, "composer constructive: what risk (1 - s) costs; Oyster-I sweeps it from 0.1 to 10");
  f.Real("gamma", &c.gamma, kPrice, "composer constructive: what the refusal of a permitted request costs");
  f.Enum("normalize", &c.normalize,
         "composer weighted: none adds h and s up before advantages are estimated; per_part gives each an advantage of its own, adds those "
         "up by "
         "the weights and normalises the sums over the batch (GDPO, arXiv 2601.05242), so that neither drowns the other");
  f.Enum("safety_control", &c.safety_control, "control experiments only: changes what s is rewarded as");
  f.Enum("helpfulness_control", &c.helpfulness_control, "control experiments only: h counted as 1");
  f.Int("overlong_buffer", &c.overlong_buffer, {0, 1 << 24},
        "RL: a completion that comes within so many tokens of rollout.max_new_tokens loses reward, more with every token (DAPO's soft "
        "overlong"
        " punishment); 0 = off");
  f.Real("overlong_penalty", &c.overlong_penalty, kWeight, "reward that a completion at the limit loses");
  f.RealMap("cost_limits", &c.cost_limits, {0, 1}, "composer lagrangian: cost (safety = 1 - s, over_refusal) -> limit of its mean");
  f.Real("lambda_init", &c.lambda_init, kMultiplier, "composer lagrangian: first multiplier");
  f.Real("lambda_lr", &c.lambda_lr, {0, 10}, "composer lagrangian: step of the log multiplier");
  f.Real("lambda_max", &c.lambda_max, kMultiplier, "composer lagrangian: clamp");
  f.Int("lambda_window", &c.lambda_window, {1, 1'000'000'000}, "composer lagrangian: episodes the mean cost is taken over");
  for (const ComposerType* type : Composers().types()) {
    for (const ComposerRule& rule : type->rules) f.Rule([&c, type, &rule] { return c.type != type || rule.holds(c); }, rule.message);
  }
}

}  // namespace temper
