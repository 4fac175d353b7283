#include "rollout/engine/options.h"

namespace temper {

void Describe(RolloutConfig& c, ConfigFields& f) {
  f.Int("group_size", &c.group_size, kSamplesPerPrompt, "completions of a prompt");
  f.Int("slots", &c.slots, {1, 65536}, "completions a rollout worker decodes together");
  f.Enum("dtype", &c.dtype,
         "weights, products and key/value cache of the rollout workers; bf16 is about twice as fast where the processor multiplies it, and "
         "its distance to the learner's log-probs is in mismatch/*");
  f.Bool("cuda_graphs", &c.cuda_graphs,
         "on a GPU: launch a decode step as one recorded graph, one for each of some numbers of completions");
  Describe(c.sampling, f);
}

}  // namespace temper
