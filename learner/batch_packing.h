#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "learner/train_batch.h"
#include "policy/model/transformer_config.h"

namespace temper {

// Packing of training sequences into one stream of tokens without padding, with the prompt of a group present once.
//
//   group:   P0 P1 P2 | R1: a b c | R2: d e       (completions of a prompt)
//   stream:  P0 P1 P2   a b         d             the last token of a completion is only ever a target, so it is not in the stream
//   position  0  1  2   3 4         3             rotary positions of each completion continue after the prompt
//   sees:    P causally; each R all of P and itself causally, never another R
//   wanted:  P2 a b d                             what predicts a token with a loss: of the others no hidden state is asked for
//   rows:    a from P2, b from a, c from b; d from P2, e from d (as places in `wanted`)

// Consecutive tokens [begin, begin + length) of the stream that attend to each other causally.
struct Segment {
  int64_t begin = 0;
  int64_t length = 0;
};
// A prompt and its completions; each of `suffixes` also sees the whole of `prefix`. The suffixes follow the prefix without gaps.
struct SharedPrefixGroup {
  Segment prefix;
  std::vector<Segment> suffixes;
};

// Where a completion's rows lie in a micro-batch's row order, and which completion of the share it is.
struct PackedSample {
  int64_t group = 0;      // index into the share the batch was made of
  int64_t sample = 0;     // index into that group's samples
  int64_t first_row = 0;  // rows [first_row, first_row + num_rows): one per completion token with a loss
  int64_t num_rows = 0;
};

// One forward and backward. T stream tokens, W of them wanted, N rows (one per completion token with a loss).
struct MicroBatch {
  at::Tensor tokens_T;     // int64
  at::Tensor positions_T;  // int64
  at::Tensor wanted_W;     // int64, index into the stream, ascending
  at::Tensor rows_N;       // int64, index into wanted_W: the one that predicts the target
  at::Tensor targets_N;    // int64, the token predicted
  std::vector<SharedPrefixGroup> groups;
  std::vector<PackedSample> samples;
  int64_t num_tokens() const { return tokens_T.numel(); }
  int64_t num_rows() const { return rows_N.numel(); }
};

// Greedy in group-id order: a group joins the present micro-batch while the stream stays within
// `micro_batch_tokens`, else it opens the next. A group longer than that is a micro-batch of its
// own, because groups are never split. An empty completion has no rows; a share without any
// completion token gives no micro-batch. Throws Error on an empty prompt, a token outside [0,
// vocab_size), a sequence longer than max_positions, or log-probs that do not match the tokens.
std::vector<MicroBatch> PackGroups(std::span<const TrainGroup> share, int64_t micro_batch_tokens, const TransformerConfig& config);

// One group with one completion per example, in the order given. Rows are those of learned tokens; an example of which nothing is
// learned is left out. The target of a row is the example's own where it has targets. Throws Error unless 0 < prompt_length <= tokens and
// there are as many flags, and as many targets, as answer tokens, or none.
std::vector<MicroBatch> PackExamples(std::span<const SftExample> share, int64_t micro_batch_tokens, const TransformerConfig& config);

}  // namespace temper
