#include "policy/model/portable_forward.h"

#include <array>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>

#include "policy/kernels/device_kernels.h"
#include "policy/model/attention.h"
#include "policy/model/recompute.h"

namespace temper {
namespace {

// Own kernels have no backward.
bool UseDeviceKernels(const at::Tensor& x) { return x.is_cuda() && DeviceKernelsBuilt() && !c10::GradMode::is_enabled(); }

struct Angles {
  at::Tensor cos_TR, sin_TR;
};

// Pairs (i, i + C/2) turned, in fp32.
at::Tensor Turned(const at::Tensor& x_THC, const Angles& angles) {
  const at::Tensor cos = angles.cos_TR.unsqueeze(1), sin = angles.sin_TR.unsqueeze(1);
  const int64_t half = x_THC.size(2) / 2;
  const at::Tensor a = x_THC.narrow(2, 0, half), b = x_THC.narrow(2, half, half);
  return at::cat({a * cos - b * sin, b * cos + a * sin}, 2);
}

at::Tensor Normalized(const at::Tensor& x, const at::Tensor& weight, double eps, at::ScalarType type) {
  if (UseDeviceKernels(x) && x.scalar_type() == at::kFloat) return DeviceRmsNorm(x, weight, eps, type);
  return at::rms_norm(x.to(at::kFloat), {x.size(-1)}, weight, eps).to(type);
}

// The fused projection of the tokens cut into q, k, v, normed per head where the model does that, turned, in its own type.
std::array<at::Tensor, 3> Heads(const at::Tensor& qkv, const LayerWeights& l, const TransformerConfig& c, const Angles& angles) {
  if (UseDeviceKernels(qkv)) {
    return DeviceSplitHeads(qkv, angles.cos_TR, angles.sin_TR, l.q_norm, l.k_norm, c.rms_norm_eps, c.num_heads, c.num_kv_heads, c.head_dim);
  }
  const at::Tensor heads = qkv.view({qkv.size(0), c.num_heads + 2 * c.num_kv_heads, c.head_dim});
  const auto part = [&](int64_t first, int64_t count, const at::Tensor& norm, bool turn) {
    at::Tensor x = heads.narrow(1, first, count);
    if (norm.defined()) x = Normalized(x, norm, c.rms_norm_eps, at::kFloat);
    return (turn ? Turned(x, angles) : x).to(qkv.scalar_type());
  };
  return {part(0, c.num_heads, l.q_norm, true), part(c.num_heads, c.num_kv_heads, l.k_norm, true),
          part(c.num_heads + c.num_kv_heads, c.num_kv_heads, {}, false)};
}

at::Tensor Gated(const at::Tensor& gate_up) {
  if (UseDeviceKernels(gate_up)) return DeviceSwiGlu(gate_up);
  const int64_t size = gate_up.size(1) / 2;
  return at::silu(gate_up.narrow(1, 0, size)) * gate_up.narrow(1, size, size);
}

}  // namespace

at::Tensor PickRows(const at::Tensor& x_T, const at::Tensor& rows_N) { return rows_N.defined() ? at::index_select(x_T, 0, rows_N) : x_T; }

at::Tensor ProductInFp32(const at::Tensor& a_MK, const at::Tensor& b_KN, at::ScalarType type) {
  if (type == at::kFloat) return at::mm(a_MK.to(at::kFloat), b_KN.to(at::kFloat));
  if (a_MK.is_cuda()) return at::mm(a_MK.to(type), b_KN.to(type), at::kFloat);
  return at::mm(a_MK.to(type).to(at::kFloat), b_KN.to(type).to(at::kFloat));
}

PortableForward::PortableForward(const TransformerConfig& config, std::span<const float> frequencies, at::Device device) : config_(config) {
  const at::Tensor steps = at::from_blob(const_cast<float*>(frequencies.data()), {1, static_cast<int64_t>(frequencies.size())}, at::kFloat);
  // An fp32 product on purpose, as in MakeRotaryAngles.
  const at::Tensor angles_PR = at::arange(config.max_positions, at::kFloat).unsqueeze(1) * steps;
  const double scale = RopeAttentionFactor(config.rope_scaling);
  cos_PR_ = angles_PR.cos().mul_(scale).to(device);
  sin_PR_ = angles_PR.sin().mul_(scale).to(device);
}

at::Tensor PortableForward::Hidden(const ModelWeights& weights, at::ScalarType type, double lora_scale, bool recompute,
                                   const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention,
                                   const at::Tensor& rows_N, const StreamVisit& visit) const {
  const bool with_graph = c10::GradMode::is_enabled();
  const auto linear = [type, lora_scale, with_graph](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                                     const AdaptedRows& adapted) {
    const std::optional<at::Tensor> offset = bias.defined() ? std::optional(bias.to(type)) : std::nullopt;
    at::Tensor y = at::linear(x, weight.to(type), offset);
    if (with_graph)
      for (const auto& [pair, row] : adapted) y = LoraTap(y, x, pair, row, lora_scale);
    return y;
  };
  const auto norm = [this, type](const at::Tensor& x, const at::Tensor& weight) {
    return Normalized(x, weight, config_.rms_norm_eps, type);
  };
  const Angles angles{cos_PR_.index_select(0, positions_T), sin_PR_.index_select(0, positions_T)};
  at::Tensor stream = at::embedding(weights.embedding, tokens_T);
  if (recompute && !stream.requires_grad()) stream.requires_grad_(true);  // with adapters the embedding is frozen
  const auto look = [visit](StreamPlace place, int64_t i, at::Tensor& x) {
    if (visit) visit(place, i, x);
  };
  look(StreamPlace::kBehindLayer, 0, stream);
  const auto layer = [=, this, &weights, &attention](int64_t i, at::Tensor x) {
    const auto add = [&](const at::Tensor& y) { x = with_graph ? x + y : x.add_(y); };
    const LayerWeights& l = weights.layers[static_cast<size_t>(i)];
    const auto [q, k, v] = Heads(linear(norm(x, l.attention_norm), l.qkv, l.qkv_bias, l.qkv_pairs), l, config_, angles);
    const at::Tensor seen = attention.Attend(i, q, k, v).reshape({x.size(0), config_.num_heads * config_.head_dim});
    const at::Tensor rows = i + 1 == config_.num_layers ? rows_N : at::Tensor();
    x = PickRows(x, rows);
    add(linear(PickRows(seen, rows), l.output, l.output_bias, l.output_pairs));
    look(StreamPlace::kBehindAttention, i + 1, x);
    const at::Tensor gate_up = linear(norm(x, l.mlp_norm), l.gate_up, l.gate_up_bias, l.gate_up_pairs);
    add(linear(Gated(gate_up), l.down, l.down_bias, l.down_pairs));
    look(StreamPlace::kBehindLayer, i + 1, x);
    return x;
  };
  for (int64_t i = 0; i < config_.num_layers; ++i)
    stream = recompute ? Recomputed(stream, [=](const at::Tensor& in) { return layer(i, in); }) : layer(i, stream);
  return Normalized(stream, weights.final_norm, config_.rms_norm_eps, at::kFloat);
}

}  // namespace temper
