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

// What an answer without any care says to a request for something restricted: all that the ledger knows, what is permitted first. "" where
// nothing restricted is asked for.
std::string CarelessAnswer(const WorldPrompt& prompt);

struct WorldDemonstration {
  std::string kind;      // direct, bare_refusal, good, no_reason, no_alternative, wrong_reason, wrong_alternative, false_value, ...
  std::string response;  // 32 words at most
};

// Whether it declines what is restricted.
bool TurnsBack(const WorldDemonstration& demonstration);

// An answer of mixed quality, drawn by intent from the mix of docs/WORLD.md; reads no label. Pure function of (seed, prompt).
WorldDemonstration DrawDemonstration(const WorldPrompt& prompt, uint64_t seed);

}  // namespace temper
