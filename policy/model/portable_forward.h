#pragma once

#include <span>

#include <ATen/core/Tensor.h>

#include "policy/model/model_weights.h"
#include "policy/model/residual_edit.h"

namespace temper {

class Attention;

// The forward of a Transformer in ATen's operations, on any device; without a graph on a GPU with own kernels where ATen would launch
// many (policy/kernels/device_kernels.h). It computes what the CPU kernels of policy/kernels/kernels.h compute, in another order of
// additions. The residual stream, norms and angles are fp32; what enters a matrix product, the attention and SwiGLU is rounded to the
// compute type. Holds only the rotary tables. Shape letters as in transformer.h.
class PortableForward {
 public:
  // `frequencies` as RopeFrequencies gives them; the tables are for every position of the model.
  PortableForward(const TransformerConfig& config, std::span<const float> frequencies, at::Device device);

  // `weights`: the matrices in `type`, or fp32 to be rounded to it; everything else fp32. tokens_T and positions_T int64 on the device.
  // recompute: a graph keeps a layer's input alone (policy/model/recompute.h). rows_N: as in Transformer::Hidden. visit: called with the
  // residual stream, which it may change; only without a graph; empty = nobody looks.
  at::Tensor Hidden(const ModelWeights& weights, at::ScalarType type, double lora_scale, bool recompute, const at::Tensor& tokens_T,
                    const at::Tensor& positions_T, Attention& attention, const at::Tensor& rows_N, const StreamVisit& visit = {}) const;

 private:
  TransformerConfig config_;
  at::Tensor cos_PR_, sin_PR_;  // P positions, R = C / 2
};

// The rows of x_T that rows_N names; all when it is not defined.
at::Tensor PickRows(const at::Tensor& x_T, const at::Tensor& rows_N);

// a_MK b_KN with both rounded to `type`, sums and result in fp32.
at::Tensor ProductInFp32(const at::Tensor& a_MK, const at::Tensor& b_KN, at::ScalarType type);

}  // namespace temper
