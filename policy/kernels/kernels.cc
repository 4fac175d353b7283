#include "policy/kernels/kernels.h"

#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cluster/base/error.h"
#include "policy/kernels/parallel.h"
#include "policy/kernels/vector_kernels.h"
#include "policy/kernels/weight_panels.h"

namespace temper {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::Variable;
using torch::autograd::variable_list;

const float* Data(const at::Tensor& x) { return x.const_data_ptr<float>(); }
const float* DataOrNull(const at::Tensor& x) { return x.numel() > 0 ? Data(x) : nullptr; }
float* MutableData(at::Tensor& x) { return x.mutable_data_ptr<float>(); }

void CheckPlain(const at::Tensor& x, const char* name) {
  TEMPER_CHECK(x.is_contiguous() && x.device().is_cpu() && x.scalar_type() == at::kFloat, name, ": expected a contiguous fp32 CPU tensor");
}

bool WantsGradient(const at::Tensor& x) { return c10::GradMode::is_enabled() && x.requires_grad(); }

struct RmsNormNode : Function<RmsNormNode> {
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight, double eps) {
    const int64_t size = x.size(-1);
    const int64_t rows = x.numel() / size;
    at::Tensor y = at::empty_like(x);
    at::Tensor inv_rms = at::empty({rows}, x.options());
    ActiveKernels().rms_norm(Data(x), Data(weight), static_cast<float>(eps), MutableData(y), MutableData(inv_rms), rows, size);
    context->save_for_backward({x, weight, inv_rms});
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx = at::empty_like(x);
    at::Tensor dw = at::zeros({x.size(-1)}, x.options());
    ActiveKernels().rms_norm_backward(Data(x), Data(saved[1]), Data(saved[2]), Data(dy), MutableData(dx), MutableData(dw),
                                      x.numel() / x.size(-1), x.size(-1));
    return {dx, dw, Variable()};
  }
};

struct SwiGluNode : Function<SwiGluNode> {
  static Variable forward(AutogradContext* context, const Variable& gate_up) {
    context->save_for_backward({gate_up});
    const int64_t size = gate_up.size(-1) / 2;
    at::Tensor y = at::empty({gate_up.size(0), size}, gate_up.options());
    ActiveKernels().swiglu(Data(gate_up), MutableData(y), gate_up.size(0), size);
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx = at::empty_like(saved[0]);
    ActiveKernels().swiglu_backward(Data(saved[0]), Data(dy), MutableData(dx), dx.size(0), dx.size(1) / 2);
    return {dx};
  }
};

// Turns every head by `sign` times its token's angles.
at::Tensor Turned(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, float sign) {
  const int64_t heads = x.size(1);
  const int64_t size = x.size(2);
  at::Tensor y = at::empty_like(x);
  const auto rotate = ActiveKernels().rotate;
  for (int64_t t = 0; t < x.size(0); ++t)
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t at = (t * heads + h) * size;
      rotate(Data(x) + at, Data(cos) + t * size / 2, Data(sin) + t * size / 2, sign, MutableData(y) + at, size);
    }
  return y;
}

struct RotateNode : Function<RotateNode> {
  static Variable forward(AutogradContext* context, const Variable& x, const at::Tensor& cos, const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return Turned(x, cos, sin, 1.0f);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    return {Turned(grads[0].contiguous(), saved[0], saved[1], -1.0f), Variable(), Variable()};
  }
};

struct HeadShape {
  int64_t heads, kv_heads, size;
  int64_t width() const { return (heads + 2 * kv_heads) * size; }
};

// Copies heads between the fused row of a token and q, k, v; `to_heads` says which way. Rotation is undone on the way back.
template <bool to_heads>
void MoveHeads(float* fused, float* q, float* k, float* v, const float* cos, const float* sin, int64_t tokens, const HeadShape& shape) {
  const auto rotate = ActiveKernels().rotate;
  const int64_t size = shape.size;
  for (int64_t t = 0; t < tokens; ++t) {
    float* row = fused + t * shape.width();
    const auto move = [&](float* head, bool turn) {
      const float* from = to_heads ? row : head;
      float* to = to_heads ? head : row;
      if (turn)
        rotate(from, cos + t * size / 2, sin + t * size / 2, to_heads ? 1.0f : -1.0f, to, size);
      else
        std::copy(from, from + size, to);
      row += size;
    };
    for (int64_t h = 0; h < shape.heads; ++h) move(q + (t * shape.heads + h) * size, cos != nullptr);
    for (int64_t h = 0; h < shape.kv_heads; ++h) move(k + (t * shape.kv_heads + h) * size, cos != nullptr);
    for (int64_t h = 0; h < shape.kv_heads; ++h) move(v + (t * shape.kv_heads + h) * size, false);
  }
}

variable_list SplitForward(const at::Tensor& qkv, const HeadShape& shape, const at::Tensor& cos, const at::Tensor& sin) {
  const int64_t tokens = qkv.size(0);
  at::Tensor q = at::empty({tokens, shape.heads, shape.size}, qkv.options());
  at::Tensor k = at::empty({tokens, shape.kv_heads, shape.size}, qkv.options());
  at::Tensor v = at::empty({tokens, shape.kv_heads, shape.size}, qkv.options());
  MoveHeads<true>(const_cast<float*>(Data(qkv)), MutableData(q), MutableData(k), MutableData(v), DataOrNull(cos), DataOrNull(sin), tokens,
                  shape);
  return {q, k, v};
}

struct SplitNode : Function<SplitNode> {
  static variable_list forward(AutogradContext* context, const Variable& qkv, int64_t heads, int64_t kv_heads, int64_t size,
                               const at::Tensor& cos, const at::Tensor& sin) {
    context->saved_data["heads"] = heads;
    context->saved_data["kv_heads"] = kv_heads;
    context->saved_data["size"] = size;
    context->save_for_backward({cos, sin});
    return SplitForward(qkv, {heads, kv_heads, size}, cos, sin);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const HeadShape shape{context->saved_data["heads"].toInt(), context->saved_data["kv_heads"].toInt(),
                          context->saved_data["size"].toInt()};
    at::Tensor q = grads[0].contiguous();
    at::Tensor k = grads[1].contiguous();
    at::Tensor v = grads[2].contiguous();
    at::Tensor fused = at::empty({q.size(0), shape.width()}, q.options());
    MoveHeads<false>(MutableData(fused), MutableData(q), MutableData(k), MutableData(v), DataOrNull(saved[0]), DataOrNull(saved[1]),
                     q.size(0), shape);
    return {fused, Variable(), Variable(), Variable(), Variable(), Variable()};
  }
};

}  // namespace

RotaryAngles MakeRotaryAngles(const at::Tensor& positions_T, std::span<const float> frequencies, float scale) {
  TEMPER_CHECK(positions_T.is_contiguous() && positions_T.scalar_type() == at::kLong, "positions: expected contiguous int64");
  const int64_t tokens = positions_T.size(0);
  const auto half = static_cast<int64_t>(frequencies.size());
  RotaryAngles angles{at::empty({tokens, half}, at::kFloat), at::empty({tokens, half}, at::kFloat)};
  float* cos = MutableData(angles.cos_TR);
  float* sin = MutableData(angles.sin_TR);
  const int64_t* position = positions_T.const_data_ptr<int64_t>();
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t i = 0; i < half; ++i) {
      // An fp32 product on purpose: the angles must be those transformers computes.
      const float angle = static_cast<float>(position[t]) * frequencies[static_cast<size_t>(i)];
      cos[t * half + i] = std::cos(angle) * scale;
      sin[t * half + i] = std::sin(angle) * scale;
    }
  return angles;
}

at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  CheckPlain(x, "RmsNorm");
  TEMPER_CHECK(weight.numel() == x.size(-1), "RmsNorm: weight of ", weight.numel(), " for rows of ", x.size(-1));
  if (WantsGradient(x) || WantsGradient(weight)) return RmsNormNode::apply(x, weight, eps);
  const int64_t size = x.size(-1);
  at::Tensor y = at::empty_like(x);
  ActiveKernels().rms_norm(Data(x), Data(weight), static_cast<float>(eps), MutableData(y), nullptr, x.numel() / size, size);
  return y;
}

at::Tensor Rotate(const at::Tensor& x_THC, const RotaryAngles& angles) {
  CheckPlain(x_THC, "Rotate");
  if (WantsGradient(x_THC)) return RotateNode::apply(x_THC, angles.cos_TR, angles.sin_TR);
  return Turned(x_THC, angles.cos_TR, angles.sin_TR, 1.0f);
}

std::array<at::Tensor, 3> SplitHeads(const at::Tensor& qkv, int64_t num_heads, int64_t num_kv_heads, int64_t head_dim,
                                     const RotaryAngles* angles) {
  CheckPlain(qkv, "SplitHeads");
  const HeadShape shape{num_heads, num_kv_heads, head_dim};
  TEMPER_CHECK(qkv.dim() == 2 && qkv.size(1) == shape.width(), "SplitHeads: rows of ", qkv.size(-1), ", expected ", shape.width());
  // No angles are an empty tensor: an autograd node takes no undefined one.
  const at::Tensor none = angles == nullptr ? at::empty({0}, at::kFloat) : at::Tensor();
  const at::Tensor cos = angles == nullptr ? none : angles->cos_TR;
  const at::Tensor sin = angles == nullptr ? none : angles->sin_TR;
  const variable_list parts =
      WantsGradient(qkv) ? SplitNode::apply(qkv, num_heads, num_kv_heads, head_dim, cos, sin) : SplitForward(qkv, shape, cos, sin);
  return {parts[0], parts[1], parts[2]};
}

at::Tensor SwiGlu(const at::Tensor& gate_up) {
  CheckPlain(gate_up, "SwiGlu");
  if (WantsGradient(gate_up)) return SwiGluNode::apply(gate_up);
  at::Tensor y = at::empty({gate_up.size(0), gate_up.size(1) / 2}, gate_up.options());
  ActiveKernels().swiglu(Data(gate_up), MutableData(y), gate_up.size(0), gate_up.size(1) / 2);
  return y;
}

namespace {

Bf16* MutableBits(at::Tensor& x) { return static_cast<Bf16*>(x.mutable_data_ptr()); }

}  // namespace

void PackedLinear::Pack(const at::Tensor& weight_NK, const at::Tensor& bias_N, at::ScalarType type) {
  CheckPlain(weight_NK, "PackedLinear");
  rows_ = weight_NK.size(0);
  columns_ = weight_NK.size(1);
  bias_ = bias_N;
  const bool bf16 = type == at::kBFloat16;
  const int64_t size = bf16 ? PackedSizeBf16(rows_, columns_) : PackedSize(rows_, columns_);
  if (!panels_.defined() || panels_.scalar_type() != type || panels_.numel() != size) panels_ = at::empty({size}, type);
  if (bf16)
    PackPanelsBf16(Data(weight_NK), rows_, columns_, MutableBits(panels_));
  else
    PackPanels(Data(weight_NK), rows_, columns_, MutableData(panels_));
}

namespace {

// Fewer multiplications than this are not worth waking a thread for.
constexpr int64_t kWorthAThread = 1 << 16;
constexpr int64_t kRowsOfAThread = 24;

// A product of `m` rows with `n` columns in parts, one or more a thread: of the columns where there is one row, else of the rows. Calls
// part(first row, rows, first column, columns). What a part gives does not depend on how many there are.
template <typename Part>
void InParts(int64_t m, int64_t n, int64_t k, const Part& part) {
  if (m == 1) {
    const int64_t panels = (n + kPanelWidth - 1) / kPanelWidth;
    const int64_t grain = std::max<int64_t>(1, kWorthAThread / (kPanelWidth * k));
    InParallel(0, panels, grain,
               [&](int64_t begin, int64_t end) { part(0, 1, begin * kPanelWidth, std::min(n, end * kPanelWidth) - begin * kPanelWidth); });
    return;
  }
  InParallel(0, m, kRowsOfAThread, [&](int64_t begin, int64_t end) { part(begin, end - begin, 0, n); });
}

}  // namespace

at::Tensor PackedLinear::Apply(const at::Tensor& x_MK) const {
  CheckPlain(x_MK, "PackedLinear");
  TEMPER_CHECK(x_MK.dim() == 2 && x_MK.size(1) == columns_, "PackedLinear: rows of ", x_MK.size(-1), ", expected ", columns_);
  const VectorKernels& kernels = ActiveKernels();
  const int64_t m = x_MK.size(0);
  const float* bias = bias_.defined() ? Data(bias_) : nullptr;
  at::Tensor y = at::empty({m, rows_}, x_MK.options());
  float* out = MutableData(y);
  const auto bias_at = [&](int64_t column) { return bias == nullptr ? nullptr : bias + column; };
  if (panels_.scalar_type() == at::kBFloat16) {
    const int64_t padded = (columns_ + 1) / 2 * 2;
    at::Tensor rounded = at::empty({m, padded}, at::kBFloat16);
    const Bf16* in = MutableBits(rounded);
    kernels.round_bf16(Data(x_MK), MutableBits(rounded), m, columns_);
    const auto* panels = static_cast<const Bf16*>(panels_.const_data_ptr());
    InParts(m, rows_, padded, [&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
      kernels.gemm_bf16(in + row * padded, panels + column * padded, bias_at(column), out + row * rows_ + column, rows, columns, columns_);
    });
  } else {
    InParts(m, rows_, columns_, [&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
      kernels.gemm(Data(x_MK) + row * columns_, Data(panels_) + column * columns_, bias_at(column), out + row * rows_ + column, rows,
                   columns, columns_);
    });
  }
  return y;
}

}  // namespace temper
