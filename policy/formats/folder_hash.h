#pragma once

#include <string>

namespace temper {

// What a Hugging Face folder says and computes, as one hash: the names and bytes of its config.json, its weights (*.safetensors and their
// index), its tokenizer and its chat templates. Other files, and where the folder lies, do not count. Throws ConfigError where it has no
// config.json or cannot be read.
std::string HashOfHfFolder(const std::string& folder);

}  // namespace temper
