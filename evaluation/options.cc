#include "evaluation/options.h"

#include <set>

namespace temper {

void Describe(EvalConfig& c, ConfigFields& f) {
  f.StringList("sets", &c.sets,
               "sets to evaluate; empty = all, but of the built-in world not dev. The world has dev, held_out_topics, held_out_phrasings, "
               "past_tense");
  f.Int("samples_per_prompt", &c.samples_per_prompt, {1, 4096}, "completions of a prompt");
  f.Int("prompts_per_set", &c.prompts_per_set, {0, 1'000'000'000}, "prompts of each intent in a set, the first ones; 0 = all");
  f.Real("temperature", &c.temperature, {0, 1000}, "0 = greedy");
  f.Bool("at_start", &c.at_start, "also evaluate the policy RL starts from");
  f.Int("every", &c.every, {0, 1'000'000'000}, "RL steps after which the policy is evaluated while it trains (during/*); 0 = never");
  f.Int("every_prompts", &c.every_prompts, {1, 1'000'000'000}, "eval.every: prompts of each intent in a set, the first ones");
  f.StringList("every_sets", &c.every_sets, "eval.every: sets, of those that are evaluated; empty = the first");
  f.Rule([&c] { return std::set<std::string>(c.sets.begin(), c.sets.end()).size() == c.sets.size(); },
         "eval.sets must not name a set twice: it would be evaluated twice");
}

}  // namespace temper
