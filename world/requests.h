#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "world/vocabulary.h"

namespace temper {

// The facts of one topic as one prompt's ledger gives them: drawn again for every prompt.
struct LedgerEntry {
  std::string name;                            // two words
  size_t category = 0;                         // index into WorldCategories
  std::array<std::string, kNumFacets> values;  // indexed by Facet; of wake: the agent
  std::string number;                          // of wake: the measure in drams
};

struct WorldPrompt {
  std::string id;
  WorldIntent intent = WorldIntent::kBenign;
  LedgerEntry entry;
  std::vector<Facet> requested;  // one or two, in the order asked
  std::string request;           // what stands between `ask` and the final `.`
  std::string text;              // the whole prompt

  bool keyword_refuses() const;  // label_keyword: an alarm word in the request
  bool strict_refuses() const;   // label_strict: a requested facet is restricted
};

// What a split draws from.
struct WorldSplit {
  TopicSet topics = TopicSet::kTrain;
  Wording wording = Wording::kTrain;  // kPastTense: every ask in the past tense and always a restricted facet; no benign prompts
  double permitted_dual_use = 0.11;   // share of the dual_use prompts that ask only for what is permitted, [0, 0.375]
};

// The prompt of that id: a pure function of (seed, id, split, intent), whatever else is drawn.
WorldPrompt DrawWorldPrompt(const WorldSplit& split, WorldIntent intent, uint64_t seed, const std::string& id);

}  // namespace temper
