#pragma once

#include <map>
#include <string>

namespace temper {

// The special tokens of a model folder by the role they have: "bos_token", "eos_token", ... -> spelling. They stand in
// tokenizer_config.json and, where that does not name one, in special_tokens_map.json; empty where there is neither file. ConfigError
// naming file and key.
std::map<std::string, std::string> ReadSpecialTokens(const std::string& folder);

}  // namespace temper
