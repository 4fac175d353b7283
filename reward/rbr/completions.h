#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reward/rbr/hinge_fit.h"

namespace temper {

// A completion with what people said of it.
struct RatedCompletion {
  std::string prompt;                          // the request: of a conversation its last message
  std::string response;                        // of a conversation its last message
  std::string type;                            // response type, "" = none is named
  std::string group;                           // completions of one group are compared; "" = those of one prompt
  double order = 0;                            // the higher, the better
  std::map<std::string, double> propositions;  // 0 to 1, by name; what people said, where they said it
  std::string place;                           // file:line
};

// Which key of a row is what.
struct CompletionKeys {
  std::string prompt = "prompt";
  std::string response = "response";
  std::string type = "response_type";
  std::string order = "score";
  std::string group = "";
  std::string propositions = "propositions";
  bool needs_order = false;         // a row without a number there is a mistake
  bool needs_propositions = false;  // a row without an object there is a mistake
};

// Rows of a JSONL file's text. prompt and response are texts, or lists of messages {role, content}.
// propositions is an object of names and truth values or numbers of [0, 1]. Throws ConfigError,
// `name`:line and the key.
std::vector<RatedCompletion> ParseCompletions(std::string_view jsonl, const std::string& name, const CompletionKeys& keys);

// The response types of the completions, each once; of completions without types the one type "". Throws ConfigError with the place of a
// row that has none where others have one: no weights would be found for it.
std::vector<std::string> ResponseTypesOf(const std::vector<RatedCompletion>& completions);

// Every two completions of one group of `type` of which people put one above the other, as differences of values over `propositions`.
// values: of each completion. A proposition that one has no value for counts 0.
std::vector<OrderedPair> PairsOf(const std::vector<RatedCompletion>& completions, const std::vector<std::map<std::string, double>>& values,
                                 const std::vector<bool>& taken, const std::string& type, const std::vector<std::string>& propositions);

// Whether a group is among those kept back: a share of all groups, drawn by a hash of its name and the seed.
bool IsKeptBack(const RatedCompletion& completion, double share, uint64_t seed);

}  // namespace temper
