#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learner/derta_options.h"
#include "learner/train_batch.h"

namespace temper {

// Decoupled refusal training (DeRTa, Yuan et al., arXiv 2407.09121): a policy learns to turn back in the middle of an unsafe answer.
//   L = -E log P(r | q, u_<k) - w E sum_t m_t log P(target | q, u_<t)
// with q the request, r the demonstrated answer and u an unsafe one. The first term is the usual loss behind a piece of u that has none
// itself, k uniform in 0 .. |u|. The second says at every place of u that the answer's turn begins here. m_t = 1 for a share of places: the
// published program keeps about 5 % of them, its equation all.

// What a demonstration brings to these losses beside its example.
struct UnsafeAnswer {
  std::vector<int32_t> tokens;  // without an end token; empty = the demonstration has none
  int64_t answer_begin = 0;     // where in the example's tokens the safe answer begins
};

// The example with `prefix` before its answer, which has no loss. Throws Error unless prompt_length <= answer_begin <= tokens.
SftExample WithPrefix(const SftExample& example, int64_t answer_begin, std::span<const int32_t> prefix);

// The example's request followed by the unsafe answer, of which each place with keep[t] = 1 is to say `target`. Its losses weigh `weight`.
SftExample TransitionExample(const SftExample& example, const UnsafeAnswer& unsafe, int32_t target, double weight,
                             std::vector<uint8_t> keep);

// What a demonstration is trained as: the example, behind a piece of the unsafe answer or not, and where there is an unsafe answer and a
// weight the transition. Everything drawn is a function of (seed, place), the demonstration's place in the order of the stage. Sequences
// stay within `limit` tokens: prefix and unsafe answer are cut to fit. `target`: the token of options.transition_target.
std::vector<SftExample> DertaExamples(const SftExample& example, const UnsafeAnswer& unsafe, const DertaOptions& options, int32_t target,
                                      uint64_t seed, uint64_t place, int64_t limit);

}  // namespace temper
