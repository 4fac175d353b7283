#include "rollout/engine/options.h"

namespace temper {

void Describe(GateEntry& c, ConfigFields& f) {
  f.String("token", &c.token, "a name of policy.mode_tokens or policy.category_tokens");
  f.Require("token");
  f.String("category", &c.category, "the prompts it is for; empty = those of every category that has no entry of the token of its own");
  f.Real("threshold", &c.threshold, {-1, 2},
         "the token is given out where its probability among the marked tokens is at least this, and else it is not drawn; 0 = always, "
         "above 1 = never, below 0 = it has none");
  f.Real("bias", &c.bias, {-100, 100}, "added to the token's logit before the first token is drawn");
  f.Rule([&c] { return c.threshold < 0 || c.bias == 0; },
         "rollout.first_token_gate[] must have a threshold or a bias, not both: where a threshold decides, no bias counts");
}

void Describe(RolloutConfig& c, ConfigFields& f) {
  f.Int("group_size", &c.group_size, kSamplesPerPrompt, "completions of a prompt");
  f.Int("slots", &c.slots, {1, 65536}, "completions a rollout worker decodes together");
  f.Enum("dtype", &c.dtype,
         "weights, products and key/value cache of the rollout workers; bf16 is about twice as fast where the processor multiplies it, and "
         "its distance to the learner's log-probs is in mismatch/*");
  f.Bool("cuda_graphs", &c.cuda_graphs,
         "on a GPU: launch a decode step as one recorded graph, one for each of some numbers of completions");
  f.ListOf("first_token_gate",
           "policy.mode_tokens: how the first token is drawn, in training and in evaluation. With an entry it is one of the marked tokens "
           "always; the loss counts with the probability that the gate left",
           [&c](size_t index, ConfigFields& entry) {
             if (c.first_token_gate.size() <= index) c.first_token_gate.resize(index + 1);
             Describe(c.first_token_gate[index], entry);
           });
  Describe(c.sampling, f);
}

}  // namespace temper
