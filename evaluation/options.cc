#include "evaluation/options.h"

#include <set>

namespace temper {
namespace {

void Describe(BestConfig& c, ConfigFields& f) {
  f.String("figure", &c.figure,
           "a figure of the evaluations during training, as metrics.jsonl calls it: during/dev/utility, or the bound of its interval "
           "during/dev/utility_low. The policy of the step where it was best is kept in the arm's folder best; empty = none");
  f.Enum("better", &c.better, "which of two values is the better one");
}

}  // namespace

void Describe(EvalConfig& c, ConfigFields& f) {
  f.StringList("sets", &c.sets,
               "sets to evaluate; empty = all, but of the built-in world not dev. The world has dev, held_out_topics, held_out_phrasings, "
               "past_tense");
  f.Int("samples_per_prompt", &c.samples_per_prompt, {1, 4096}, "completions of a prompt");
  f.Int("prompts_per_set", &c.prompts_per_set, {0, 1'000'000'000}, "prompts of each intent in a set, the first ones; 0 = all");
  f.Real("temperature", &c.temperature, {0, 1000}, "0 = greedy");
  f.Bool(
      "gate_sweep", &c.gate_sweep,
      "policy.mode_tokens: also answer every prompt from each mode token and work out what every threshold of the first token would give "
      "(temper eval --gate-sweep)");
  f.Bool("at_start", &c.at_start, "also evaluate the policy RL starts from");
  f.Int("every", &c.every, {0, 1'000'000'000}, "RL steps after which the policy is evaluated while it trains (during/*); 0 = never");
  f.Int("every_prompts", &c.every_prompts, {1, 1'000'000'000}, "eval.every: prompts of each intent in a set, the first ones");
  f.StringList("every_sets", &c.every_sets, "eval.every: sets, of those that are evaluated; empty = the first");
  f.Section("best", "eval.every: the step that was best", [&c](ConfigFields& s) { Describe(c.best, s); });
  f.Int("stop_after", &c.stop_after, {0, 1'000'000'000},
        "eval.every: so many evaluations in a row without a better eval.best.figure end the training of an arm; 0 = never");
  f.Rule([&c] { return c.best.figure.empty() || c.every > 0; },
         "eval.best.figure needs eval.every: the figure is one of the evaluations during training");
  f.Rule([&c] { return c.stop_after == 0 || !c.best.figure.empty(); },
         "eval.stop_after needs eval.best.figure: the figure that must become better");
  f.Rule([&c] { return std::set<std::string>(c.sets.begin(), c.sets.end()).size() == c.sets.size(); },
         "eval.sets must not name a set twice: it would be evaluated twice");
}

}  // namespace temper
