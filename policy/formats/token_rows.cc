#include "policy/formats/token_rows.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "cluster/base/error.h"

namespace temper {

at::Tensor WithTokenRows(const at::Tensor& weight_VD, const std::vector<TokenRow>& rows, int64_t vocab_size) {
  const c10::NoGradGuard no_grad;
  const int64_t before = weight_VD.size(0), width = weight_VD.size(1);
  TEMPER_CHECK(vocab_size >= before, "a vocabulary of ", before, " tokens cannot grow to ", vocab_size);
  at::Tensor grown = at::zeros({vocab_size, width}, weight_VD.options());
  grown.narrow(0, 0, before).copy_(weight_VD);
  for (const TokenRow& row : rows) {
    if (row.id < 0 || row.id >= vocab_size)
      throw ConfigError(Concat("the new token ", row.id, " is outside a vocabulary of ", vocab_size, " tokens"));
    if (row.from.empty()) throw ConfigError(Concat("the new token ", row.id, " has no word whose embedding it could start from"));
    at::Tensor sum = at::zeros({width}, at::kFloat);
    for (const int64_t id : row.from) {
      if (id < 0 || id >= before)
        throw ConfigError(Concat("the new token ", row.id, " cannot start from token ", id, ": the model has ", before, " tokens"));
      sum.add_(weight_VD.select(0, id).to(at::kFloat));
    }
    grown.select(0, row.id).copy_(sum.div_(static_cast<double>(row.from.size())));
  }
  return grown;
}

}  // namespace temper
