#include "orchestrator/data/data_transforms.h"

#include <algorithm>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "rewrites/transforms/entry.h"

namespace temper {
namespace {

EvalSet RewrittenOf(const EvalSet& set, const TransformEntry& entry, uint64_t seed, std::vector<std::string>* remarks) {
  EvalSet rewritten{RewrittenSet(set.name, entry), {}};
  for (std::optional<Prompt>& prompt : RewriteEach(entry, seed, 0, set.prompts))
    if (prompt) rewritten.prompts.push_back(*std::move(prompt));
  const size_t left_out = set.prompts.size() - rewritten.prompts.size();
  if (left_out > 0)
    remarks->push_back(Concat(left_out, " of ", set.prompts.size(), " prompts of evaluation set ", set.name, " are none that ",
                              entry.type->name, " can rewrite: left out"));
  return rewritten;
}

}  // namespace

void ApplyTransforms(const ExperimentConfig& config, std::vector<Prompt>* train, std::vector<EvalSet>* eval_sets, uint64_t* digest,
                     std::vector<std::string>* remarks) {
  const auto& entries = config.data.transforms;
  const auto seed = static_cast<uint64_t>(config.run.seed);
  const size_t sets = eval_sets->size();  // as the data has them
  for (const TransformEntry& entry : entries) {
    for (size_t i = 0; i < sets; ++i) {
      if (std::find(entry.eval.begin(), entry.eval.end(), eval_sets->at(i).name) == entry.eval.end()) continue;
      eval_sets->push_back(RewrittenOf(eval_sets->at(i), entry, seed, remarks));
    }
  }
  const std::vector<int64_t> counts = RewriteShares(entries, seed, train);
  for (size_t e = 0; e < entries.size(); ++e) {
    if (entries[e].share == 0) continue;
    TEMPER_LOG(Info, "data: ", counts[e], " of ", train->size(), " training prompts are rewritten by ", entries[e].type->name);
    if (counts[e] == 0) remarks->push_back(Concat("no training prompt could be rewritten by ", entries[e].type->name));
  }
  for (const Prompt& prompt : *train)
    if (!prompt.rewritten_by.empty()) *digest = KeyOf(Concat(*digest, "\n", prompt.id, "\n", prompt.text, "\n", prompt.messages));
}

}  // namespace temper
