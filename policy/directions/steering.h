#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/directions/directions.h"
#include "policy/model/residual_edit.h"
#include "policy/model/transformer.h"

namespace temper {

// Adds coeff * v_layer to the residual stream of every token behind one layer. `layer` from 0 (the embeddings) to the last one.
std::unique_ptr<const ResidualEdit> SteerAlong(const Direction& direction, double coeff, int64_t layer, const Transformer& model);

// Directional ablation (arXiv 2406.11717): x <- x - r (r . x) with r = v / |v|, for every token, behind the attention and behind the whole
// of every layer, and of the embeddings. layer >= 0: r is that of this layer everywhere, as in the paper; -1: each layer's own. Where v has
// no length nothing is changed. On the CPU products are in double.
std::unique_ptr<const ResidualEdit> AblateDirection(const Direction& direction, int64_t layer, const Transformer& model);

// What a command line asks for; each text begins with FILE:NAME, a file of directions and one of its names.
struct EditRequest {
  std::vector<std::string> steer;   // FILE:NAME=COEFF[:LAYER], COEFF a number, times the difference of means; LAYER: the best one
  std::vector<std::string> ablate;  // FILE:NAME[:LAYER]
  bool empty() const { return steer.empty() && ablate.empty(); }
};

// All of them, one after the other: steering first. Null where nothing is asked for. Throws ConfigError with the text that is wrong, where
// a file is of another shape than the model, and where `model_hash` (HashOfHfFolder) is not that of a file. A direction means something in
// the model it was made of alone. model_hash "" = not compared.
std::shared_ptr<const ResidualEdit> MakeEdit(const EditRequest& request, const Transformer& model, const std::string& model_hash);

}  // namespace temper
