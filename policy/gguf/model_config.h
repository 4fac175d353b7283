#pragma once

#include "policy/gguf/container.h"
#include "policy/model/transformer_config.h"

namespace temper {

// The configuration that the settings and the tensors' shapes of a GGUF file describe, as a config.json has it. ConfigError names the file
// and what is missing, out of range or not supported: experts, a sliding window, positions on a part of a head, another rope type. The
// factors of Llama 3's rope, which files hold as a tensor (rope_freqs.weight), become the settings that they were made of.
TransformerConfig ConfigOfGguf(const GgufContainer& file);

}  // namespace temper
