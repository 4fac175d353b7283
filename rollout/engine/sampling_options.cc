#include "rollout/engine/sampling_options.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/config/check.h"
#include "policy/model/options.h"

namespace temper {

void Describe(SamplingOptions& c, ConfigFields& f) {
  f.Real("temperature", &c.temperature, {0, 1000}, "sampling temperature; the learner scores under the same; 0 = greedy");
  f.Int("top_k", &c.top_k, {0, kModelWidth.max}, "0 = off");
  f.Real("top_p", &c.top_p, {0.001, 1}, "1 = off");
  f.Int("max_new_tokens", &c.max_new_tokens, kModelWidth, "longest completion");
  f.Int("min_new_tokens", &c.min_new_tokens, {0, kModelWidth.max}, "no stop token before this many");
  f.StringList("stop", &c.stop_strings,
               "texts that end a completion, beside the model's stop tokens; the completion keeps the token that completed the text");
  f.Rule([&c] { return c.min_new_tokens <= c.max_new_tokens; }, "min_new_tokens must be at most max_new_tokens");
  f.Rule([&c] { return std::none_of(c.stop_strings.begin(), c.stop_strings.end(), [](const auto& s) { return s.empty(); }); },
         "stop must not hold an empty text: it would end every completion");
}

void CheckSamplingOptions(const SamplingOptions& options, int64_t vocab_size, const std::string& section) {
  CheckOptions(section, options);
  for (const int64_t id : options.stop_ids) {
    if (id < 0 || id >= vocab_size) throw ConfigError(Concat("stop id ", id, " is outside the vocabulary of ", vocab_size));
  }
  for (const GatedToken& token : options.gate.tokens) {
    if (token.id < 0 || token.id >= vocab_size)
      throw ConfigError(Concat("the gate's token ", token.id, " is outside the vocabulary of ", vocab_size));
  }
}

}  // namespace temper
