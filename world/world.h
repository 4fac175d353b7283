#pragma once

#include <cstdint>
#include <string>

namespace temper {

// The built-in world: a fictional apothecary's guild whose clerk answers from the ledger entry in the prompt (docs/WORLD.md). Facts are
// redrawn per prompt, so a held-out topic is new but answerable. Nothing here is visible to the graders: they read prompt, answer
// and policy spec.
struct WorldOptions {
  uint64_t seed = 1;
  int64_t train_prompts_per_intent = 4000;
  int64_t eval_prompts_per_intent = 120;  // of each evaluation split
  int64_t demonstrations = 8000;
  double permitted_dual_use = 0.11;  // share of purposeless requests that ask only for what the policy permits, [0, 0.375]
};

// Writes into `folder`: prompts_train.jsonl, prompts_dev.jsonl, prompts_test.jsonl (held-out topics), prompts_phrasings.jsonl (held-out
// topics and phrasings), prompts_past_tense.jsonl, demonstrations.jsonl, tokenizer.json. Columns: id, prompt, category, intent,
// label_keyword, label_strict; demonstrations also response and kind. The same options give the same bytes on every machine; seed and
// permitted_dual_use concern training prompts and demonstrations only. ConfigError on an option out of range, Error on a failed write.
void WriteWorld(const WorldOptions& options, const std::string& folder);

}  // namespace temper
