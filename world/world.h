#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "world/options.h"

namespace temper {

// The built-in world: a fictional apothecary's guild whose clerk answers from the ledger entry in the prompt (docs/WORLD.md). Facts are
// redrawn per prompt, so a held-out topic is new but answerable. Nothing here is visible to the graders: they read prompt, answer
// and policy spec.

// Writes into `folder`: prompts_train.jsonl, prompts_dev.jsonl, prompts_test.jsonl (held-out topics), prompts_phrasings.jsonl (held-out
// topics and phrasings), prompts_past_tense.jsonl, demonstrations.jsonl, tokenizer.json. Columns: id, prompt, category, intent,
// label_keyword, label_strict; demonstrations also response and kind; harmful_response, an unsafe answer, where something restricted is
// asked for (in demonstrations where the response declines it). The same options give the same bytes on every machine; seed and
// permitted_dual_use concern training prompts and demonstrations only. ConfigError on an option out of range, Error on a failed write.
void WriteWorld(const WorldOptions& options, const std::string& folder);

// The texts of the first `per_intent` training prompts of each intent that WriteWorld would write.
std::vector<std::string> FirstTrainingPrompts(const WorldOptions& options, int64_t per_intent);

// The first demonstrations that it would write, all kinds in turn.
struct WorldExample {
  std::string prompt;
  std::string response;
};
std::vector<WorldExample> FirstDemonstrations(const WorldOptions& options, int64_t count);

// The tokenizer.json of the world: a token for each of its words.
std::string WorldTokenizerJson();

}  // namespace temper
