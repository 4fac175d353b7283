#include "policy/model/lora_options.h"

#include <set>

namespace temper {
namespace {

bool AreLoraTargets(const std::vector<std::string>& target_modules) {
  const std::vector<std::string> known = LoraOptions().target_modules;
  std::set<std::string> left(known.begin(), known.end());
  left.insert(LoraOptions::kOutputModule);
  for (const std::string& target : target_modules)
    if (left.erase(target) == 0) return false;
  return !target_modules.empty();
}

}  // namespace

void Describe(LoraOptions& c, ConfigFields& f) {
  f.Int("rank", &c.rank, {0, 65536}, "of an adapter; 0 = off, all weights are trained");
  f.Real("alpha", &c.alpha, {0, 1e6}, "an adapter's product counts alpha / rank");
  f.Bool("rslora", &c.rslora, "alpha / sqrt(rank) in place of alpha / rank, for high ranks");
  f.StringList("target_modules", &c.target_modules,
               "the projections of every layer that get one, and lm_head, the output projection, which parts from a tied embedding");
  f.Bool("write_merged", &c.write_merged,
         "writes the merged model beside the adapter, too: a whole model folder each time, where the adapter alone is some hundredth of "
         "it (temper convert --adapter merges one later). Without policy.path it always is, since nobody else has the base");
  f.Rule([&c] { return AreLoraTargets(c.target_modules); },
         "policy.lora.target_modules must be some of [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head], each once");
}

}  // namespace temper
