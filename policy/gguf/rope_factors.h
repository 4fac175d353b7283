#pragma once

#include <cstdint>
#include <string>

#include "policy/gguf/container.h"
#include "policy/model/rope.h"

namespace temper {

// The tensor of what each pair's frequency is divided by. It is no parameter of the model.
inline constexpr char kRopeFactors[] = "rope_freqs.weight";

// The settings that the factors were made of: those of Llama 3.1 and later, whose factor is the largest of them; "default" where all are 1.
// ConfigError, with `path` in front, where these settings do not give the factors back: other factors have no name in a config.json.
RopeScaling ScalingOfRopeFactors(const std::string& path, const GgufTensor& factors, int64_t head_dim, double theta);

}  // namespace temper
