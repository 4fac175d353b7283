#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

// Special tokens that an answer begins with and that say in what mode it is. There is one for each
// mode of answering, and one for each category whose refusals are told apart (Jain et al., "Refusal
// Tokens", arXiv 2412.06748). In the tokenizer the token NAME is spelled [NAME].
struct TokenOptions {
  std::vector<std::string> mode_tokens = {};              // names; empty = none, and the next three count for nothing
  std::vector<std::string> category_tokens = {};          // categories whose refusals begin with a token of their own
  std::map<std::string, std::string> mode_token_of = {};  // mode of answering -> name of its token, where that is not the mode's own name
  std::map<std::string, std::string> token_words = {};    // name -> words whose embeddings' mean it starts from

  bool any() const { return !mode_tokens.empty(); }
  // All names, those of modes first.
  std::vector<std::string> Names() const;
  // The words that the token of this name starts from: as token_words has it, else as is usual for the name, else the name's own words.
  std::string WordsOf(const std::string& name) const;
};

// What stands for the token in a text.
std::string TokenSpelling(const std::string& name);
std::vector<std::string> TokenSpellings(const TokenOptions& options);

void Describe(TokenOptions& options, ConfigFields& fields);

}  // namespace temper
