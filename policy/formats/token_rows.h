#pragma once

#include <cstdint>
#include <vector>

namespace at {
class Tensor;
}

namespace temper {

// The row of a token that a model gets: the mean of the rows of others.
struct TokenRow {
  int64_t id = -1;
  std::vector<int64_t> from;  // ids of tokens that are there; one may count several times
};

// weight_VD [V, D], as an embedding or an output projection, with `vocab_size` rows. Those of
// `rows` are the means of the rows that each names in weight_VD, computed in fp32 and rounded to
// its type. The others are as they were. Rows between the end of weight_VD and vocab_size that no
// TokenRow names, the padding, are zero. ConfigError where a row is made of no token, of one
// outside weight_VD, or lies outside vocab_size.
at::Tensor WithTokenRows(const at::Tensor& weight_VD, const std::vector<TokenRow>& rows, int64_t vocab_size);

}  // namespace temper
