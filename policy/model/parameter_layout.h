#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "policy/model/flat_layout.h"
#include "policy/model/transformer_config.h"

namespace temper {

// Where every parameter stands in the flat buffer. Matrices that the forward multiplies as one stand next to each other.
FlatLayout ParameterLayout(const TransformerConfig& config);

// Names and shapes of a model's parameters, in the order of Transformer::parameters().
std::vector<std::pair<std::string, std::vector<int64_t>>> ParameterShapes(const TransformerConfig& config);

}  // namespace temper
