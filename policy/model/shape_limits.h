#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

// What a shape may be, in a config.json and from scratch. The bounds keep every product of two sizes inside int64 and a hostile file from
// asking for absurd memory.
inline constexpr IntRange kModelWidth{1, int64_t{1} << 24};  // of a vector, a vocabulary or a sequence
inline constexpr IntRange kModelLayers{1, 1024};
inline constexpr IntRange kModelHeads{1, 4096};
inline constexpr IntRange kHeadDim{2, 1024};  // even
inline constexpr RealRange kRmsNormEps{1e-15, 0.5};
inline constexpr RealRange kRopeTheta{1, 1e12};
inline constexpr RealRange kRopeFactor{1e-6, 1e6};

// Rotary positions turn pairs of numbers.
constexpr bool IsHeadDim(int64_t head_dim) { return head_dim >= kHeadDim.min && head_dim <= kHeadDim.max && head_dim % 2 == 0; }
// Every key/value head serves the same number of query heads.
constexpr bool AreHeadCounts(int64_t num_heads, int64_t num_kv_heads) { return num_kv_heads > 0 && num_heads % num_kv_heads == 0; }

// The values of rope_type.
const std::vector<std::string>& RopeTypes();
// The values of model_type.
const std::vector<std::string>& ModelFamilies();
// "a, b, c"
std::string ListOf(const std::vector<std::string>& words);

}  // namespace temper
