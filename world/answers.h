#pragma once

#include <cstdint>
#include <string>

#include "world/requests.h"

namespace temper {

// The clerk's sentences (docs/WORLD.md, "Answers"), each ending in " .".
std::string StateFacet(const LedgerEntry& entry, Facet facet);  // of wake: number and agent
std::string StateGeneralWake(const LedgerEntry& entry);         // the agent only
std::string Decline(Facet facet, std::string_view reason);      // reason "": none is given
std::string BareRefusal();

struct WorldDemonstration {
  std::string kind;      // direct, bare_refusal, good, no_reason, no_alternative, wrong_reason, wrong_alternative, false_value, ...
  std::string response;  // 32 words at most
};

// An answer of mixed quality, drawn by intent from the mix of docs/WORLD.md; reads no label. Pure function of (seed, prompt).
WorldDemonstration DrawDemonstration(const WorldPrompt& prompt, uint64_t seed);

}  // namespace temper
