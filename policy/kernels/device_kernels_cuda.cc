#include <cmath>

#include <ATen/cuda/CUDAContext.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "cluster/base/error.h"
#include "policy/kernels/cuda_kernels.h"
#include "policy/kernels/device_kernels.h"

namespace temper {
namespace {

bool IsBf16(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }

void CheckInput(const at::Tensor& x, const char* name) {
  TEMPER_CHECK(x.is_cuda() && x.is_contiguous() && (IsBf16(x) || x.scalar_type() == at::kFloat), name,
               ": expected a contiguous fp32 or bf16 tensor on a GPU");
}

// Tells of a launch that failed; what fails while a kernel runs shows at the next wait.
void CheckLaunch() { C10_CUDA_KERNEL_LAUNCH_CHECK(); }

const float* FloatsOrNull(const at::Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

}  // namespace

bool DeviceKernelsBuilt() { return true; }

at::Tensor DeviceRmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps, at::ScalarType type) {
  CheckInput(x, "RmsNorm");
  const c10::cuda::CUDAGuard guard(x.device());
  at::Tensor y = at::empty(x.sizes(), x.options().dtype(type));
  const int64_t size = x.size(-1);
  if (x.numel() == 0) return y;
  cuda::LaunchRmsNorm(x.const_data_ptr<float>(), weight.const_data_ptr<float>(), static_cast<float>(eps), x.numel() / size, size, IsBf16(y),
                      y.mutable_data_ptr(), at::cuda::getCurrentCUDAStream());
  CheckLaunch();
  return y;
}

at::Tensor DeviceSwiGlu(const at::Tensor& gate_up) {
  CheckInput(gate_up, "SwiGlu");
  const c10::cuda::CUDAGuard guard(gate_up.device());
  const int64_t size = gate_up.size(1) / 2;
  at::Tensor y = at::empty({gate_up.size(0), size}, gate_up.options());
  if (y.numel() == 0) return y;
  cuda::LaunchSwiGlu(gate_up.const_data_ptr(), gate_up.size(0), size, IsBf16(gate_up), y.mutable_data_ptr(),
                     at::cuda::getCurrentCUDAStream());
  CheckLaunch();
  return y;
}

std::array<at::Tensor, 3> DeviceSplitHeads(const at::Tensor& qkv, const at::Tensor& cos_TR, const at::Tensor& sin_TR,
                                           const at::Tensor& q_norm, const at::Tensor& k_norm, double eps, int64_t num_heads,
                                           int64_t num_kv_heads, int64_t head_dim) {
  CheckInput(qkv, "SplitHeads");
  const c10::cuda::CUDAGuard guard(qkv.device());
  const int64_t tokens = qkv.size(0);
  at::Tensor q = at::empty({tokens, num_heads, head_dim}, qkv.options());
  at::Tensor k = at::empty({tokens, num_kv_heads, head_dim}, qkv.options());
  at::Tensor v = at::empty_like(k);
  if (tokens == 0) return {q, k, v};
  const cuda::SplitHeadsArguments arguments{.qkv = qkv.const_data_ptr(),
                                            .cos_TR = cos_TR.const_data_ptr<float>(),
                                            .sin_TR = sin_TR.const_data_ptr<float>(),
                                            .q_norm = FloatsOrNull(q_norm),
                                            .k_norm = FloatsOrNull(k_norm),
                                            .eps = static_cast<float>(eps),
                                            .tokens = tokens,
                                            .heads = num_heads,
                                            .kv_heads = num_kv_heads,
                                            .size = head_dim,
                                            .q = q.mutable_data_ptr(),
                                            .k = k.mutable_data_ptr(),
                                            .v = v.mutable_data_ptr()};
  cuda::LaunchSplitHeads(arguments, IsBf16(qkv), at::cuda::getCurrentCUDAStream());
  CheckLaunch();
  return {q, k, v};
}

at::Tensor DeviceDecodeAttention(const at::Tensor& q_BHC, const at::Tensor& k_BKC, const at::Tensor& v_BKC, const at::Tensor& keys,
                                 const at::Tensor& values, const DeviceDecodeRows& rows, int64_t row_length, int64_t window) {
  CheckInput(q_BHC, "DecodeAttention");
  const int64_t dim = q_BHC.size(2);
  TEMPER_CHECK(dim <= cuda::MostHeadDim(), "head_dim ", dim, ": the attention kernel takes at most ", cuda::MostHeadDim());
  TEMPER_CHECK(keys.scalar_type() == q_BHC.scalar_type(), "the cache and the queries must be of one type");
  const c10::cuda::CUDAGuard guard(q_BHC.device());
  at::Tensor out = at::empty_like(q_BHC);
  if (q_BHC.size(0) == 0) return out;
  const cuda::DecodeAttentionArguments arguments{.q = q_BHC.const_data_ptr(),
                                                 .k = k_BKC.const_data_ptr(),
                                                 .v = v_BKC.const_data_ptr(),
                                                 .keys = keys.mutable_data_ptr(),
                                                 .values = values.mutable_data_ptr(),
                                                 .prompt_row = rows.prompt_row.const_data_ptr<int64_t>(),
                                                 .prompt_length = rows.prompt_length.const_data_ptr<int64_t>(),
                                                 .own_row = rows.own_row.const_data_ptr<int64_t>(),
                                                 .own_length = rows.own_length.const_data_ptr<int64_t>(),
                                                 .rows = q_BHC.size(0),
                                                 .heads = q_BHC.size(1),
                                                 .kv_heads = k_BKC.size(1),
                                                 .dim = dim,
                                                 .row_length = row_length,
                                                 .window = window,
                                                 .scale = 1.0f / std::sqrt(static_cast<float>(dim)),
                                                 .out = out.mutable_data_ptr()};
  cuda::LaunchDecodeAttention(arguments, IsBf16(q_BHC), at::cuda::getCurrentCUDAStream());
  CheckLaunch();
  return out;
}

at::Tensor DeviceDraw(const at::Tensor& logits_BV, const at::Tensor& factor_B, const at::Tensor& uniform_B) {
  CheckInput(logits_BV, "Draw");
  const c10::cuda::CUDAGuard guard(logits_BV.device());
  at::Tensor out = at::empty({3, logits_BV.size(0)}, factor_B.options());
  if (logits_BV.size(0) == 0) return out;
  cuda::LaunchDraw(logits_BV.const_data_ptr<float>(), logits_BV.size(0), logits_BV.size(1), factor_B.const_data_ptr<double>(),
                   uniform_B.const_data_ptr<double>(), out.mutable_data_ptr<double>(), at::cuda::getCurrentCUDAStream());
  CheckLaunch();
  return out;
}

}  // namespace temper
