#pragma once

#include <string>
#include <vector>

namespace temper {

// The tokenizer.json with these special tokens behind those that it has, in the given order. Each
// is one token wherever it stands in a text, is left out of decoded text, and takes no white space
// with it. Their ids are what the `tokenizers` library counts: the model's tokens, then the added
// ones. A token that the file has as a special added token stays as it is; the text comes back
// unchanged where all are such. ConfigError where a token is empty, given twice, not valid UTF-8,
// or there as an ordinary one: then texts would hold it by chance.
std::string WithSpecialTokens(const std::string& tokenizer_json, const std::vector<std::string>& tokens);

}  // namespace temper
