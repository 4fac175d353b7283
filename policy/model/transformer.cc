#include "policy/model/transformer.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/kernels/kernels.h"
#include "policy/model/parameter_layout.h"
#include "policy/model/portable_forward.h"
#include "policy/model/recompute.h"
#include "policy/model/residual_edit.h"

namespace temper {
namespace {

bool EndsWith(const std::string& name, const char* suffix) { return name.ends_with(suffix); }

}  // namespace

struct Transformer::PackedWeights {
  struct PackedLayer {
    PackedLinear qkv, output, gate_up, down;
  };
  std::vector<PackedLayer> layers;
  PackedLinear logits;
  int64_t flat_version = kStale;  // of the flat buffer when it was packed
  static constexpr int64_t kStale = -1;
};

// What the portable forward multiplies with in another type than fp32. Its addresses stay while the numbers change.
struct Transformer::RoundedWeights {
  at::Tensor flat;
  ModelWeights weights;
  int64_t flat_version = -1;  // of the model's flat buffer when it was rounded; -1 = must be done again
};

Transformer::Transformer(const TransformerConfig& config) : config_(config) {
  CheckTransformerConfig(config);
  rope_frequencies_ = RopeFrequencies(config_.head_dim, config_.rope_theta, config_.rope_scaling);
  rope_scale_ = static_cast<float>(RopeAttentionFactor(config_.rope_scaling));
  // Parameters outlive any inference section they may be made in.
  const c10::InferenceMode normal_tensors(false);
  flat_ = at::empty({ParameterLayout(config_).total()}, at::kFloat);
  BindParameters();
}

void Transformer::BindParameters() {
  parameters_.clear();
  weights_ = std::make_shared<ModelWeights>(BindWeights(config_, flat_, flat_grad_, &parameters_));
  if (adapter_) BindAdapter(config_, *adapter_, weights_.get());
}

void Transformer::MoveTo(at::Device device) {
  TEMPER_CHECK(!adapter_ && !flat_grad_.defined(), "a model is moved before it gets adapters or gradients");
  if (device == flat_.device()) return;
  const c10::InferenceMode normal_tensors(false);
  const c10::NoGradGuard no_grad;
  flat_ = flat_.to(device);
  packed_.reset();
  portable_.reset();
  if (!device.is_cpu()) UsePortable();
  BindParameters();
}

void Transformer::UsePortable() {
  if (portable_) return;
  const c10::InferenceMode normal_tensors(false);
  const c10::NoGradGuard no_grad;
  portable_ = std::make_shared<const PortableForward>(config_, rope_frequencies_, flat_.device());
  rounded_ = std::make_shared<RoundedWeights>();
}

void Transformer::Initialize(uint64_t seed) {
  const double projection = config_.initializer_range / std::sqrt(2.0 * static_cast<double>(config_.num_layers));
  at::Tensor values = flat_.is_cpu() ? flat_ : at::empty({flat_.numel()}, at::kFloat);
  float* out = values.mutable_data_ptr<float>();
  for (const auto& [name, tensor] : parameters_) {
    KeyedStream stream(seed, name);
    const bool is_norm = EndsWith(name, "norm.weight");
    const bool is_bias = EndsWith(name, ".bias");
    const double deviation = EndsWith(name, "o_proj.weight") || EndsWith(name, "down_proj.weight") ? projection : config_.initializer_range;
    for (int64_t i = 0; i < tensor.numel(); ++i) *out++ = is_norm ? 1.0f : is_bias ? 0.0f : static_cast<float>(deviation * stream.Normal());
  }
  if (!flat_.is_cpu()) flat_.copy_(values);
  WeightsChanged();
}

Transformer Transformer::Clone() const {
  Transformer copy(config_);
  copy.MoveTo(flat_.device());
  if (portable_) {
    copy.UsePortable();
    copy.SetComputeType(compute_type_);
    copy.SetInferenceType(inference_type_);
  }
  const c10::NoGradGuard no_grad;
  copy.flat_.copy_(flat_);
  return copy;
}

Transformer Transformer::Replica() const {
  Transformer replica = *this;
  const c10::InferenceMode normal_tensors(false);
  replica.packed_.reset();
  if (adapter_)
    replica.adapter_ = std::make_shared<LoraAdapter>(adapter_->Replica());
  else
    replica.flat_grad_ = at::zeros_like(flat_);
  replica.BindParameters();
  return replica;
}

Transformer Transformer::Untied() const {
  TEMPER_CHECK(!adapter_ && !flat_grad_.defined(), "a model is untied before it gets adapters or gradients");
  if (!config_.tie_embeddings) return Clone();
  TransformerConfig config = config_;
  config.tie_embeddings = false;
  Transformer copy(config);
  copy.MoveTo(flat_.device());
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) copy.parameters_[i].second.copy_(parameters_[i].second);
  copy.weights_->output.copy_(weights_->embedding);
  copy.WeightsChanged();
  return copy;
}

at::Tensor Transformer::output_weight() const {
  if (!weights_->output_pair || !c10::GradMode::is_enabled() || !gradients().defined()) return weights_->output;
  return LoraWeightTap(weights_->output, *weights_->output_pair, adapter_->options().scale());
}

int64_t Transformer::num_parameters() const { return flat_.numel(); }

void Transformer::WeightsChanged() {
  if (packed_.use_count() == 1)
    packed_->flat_version = PackedWeights::kStale;  // its memory is used again
  else
    packed_.reset();
  if (rounded_) rounded_->flat_version = -1;
}

void Transformer::SetComputeType(at::ScalarType type) {
  TEMPER_CHECK(type == at::kFloat || type == at::kBFloat16, "compute type must be fp32 or bf16");
  compute_type_ = type;
}

void Transformer::SetInferenceType(at::ScalarType type) {
  TEMPER_CHECK(type == at::kFloat || type == at::kBFloat16, "inference type must be fp32 or bf16");
  inference_type_ = type;
  packed_.reset();
  if (portable_) rounded_ = std::make_shared<RoundedWeights>();
}

void Transformer::AddAdapter(const LoraOptions& options) {
  adapter_ = std::make_shared<LoraAdapter>(config_, options);
  adapter_->MoveTo(flat_.device());
  flat_grad_.reset();
  BindParameters();
}

void Transformer::MergeAdapter(const Transformer& base) {
  TEMPER_CHECK(adapter_, "MergeAdapter: the model has no adapter");
  adapter_->Merge(base.parameters(), parameters_);
  WeightsChanged();
}

at::Tensor Transformer::EnableGradients() {
  if (!gradients().defined()) {
    const c10::InferenceMode normal_tensors(false);
    if (adapter_)
      adapter_->EnableGradients();
    else
      flat_grad_ = at::zeros_like(flat_);
    BindParameters();
  }
  return gradients();
}

const Transformer::PackedWeights& Transformer::Packed() const {
  const int64_t version = static_cast<int64_t>(flat_._version());
  if (packed_ && packed_->flat_version == version) return *packed_;
  if (packed_.use_count() != 1) packed_ = std::make_shared<PackedWeights>();
  packed_->layers.resize(weights_->layers.size());
  for (size_t i = 0; i < weights_->layers.size(); ++i) {
    const LayerWeights& l = weights_->layers[i];
    PackedWeights::PackedLayer& p = packed_->layers[i];
    p.qkv.Pack(l.qkv, l.qkv_bias, inference_type_);
    p.output.Pack(l.output, l.output_bias, inference_type_);
    p.gate_up.Pack(l.gate_up, l.gate_up_bias, inference_type_);
    p.down.Pack(l.down, l.down_bias, inference_type_);
  }
  packed_->logits.Pack(weights_->output, {}, inference_type_);
  packed_->flat_version = version;
  return *packed_;
}

// The matrices in the inference type, the rest as it is.
const ModelWeights& Transformer::Rounded() const {
  if (inference_type_ == at::kFloat) return *weights_;
  RoundedWeights& rounded = *rounded_;
  const auto version = static_cast<int64_t>(flat_._version());
  if (rounded.flat_version == version) return rounded.weights;
  const c10::InferenceMode normal_tensors(false);
  const c10::NoGradGuard no_grad;
  if (!rounded.flat.defined()) {
    rounded.flat = at::empty({flat_.numel()}, flat_.options().dtype(inference_type_));
    rounded.weights = BindWeights(config_, rounded.flat, {}, nullptr);
    rounded.weights.embedding = weights_->embedding;
    rounded.weights.final_norm = weights_->final_norm;
    for (size_t i = 0; i < rounded.weights.layers.size(); ++i) {
      LayerWeights& to = rounded.weights.layers[i];
      const LayerWeights& from = weights_->layers[i];
      to.attention_norm = from.attention_norm;
      to.mlp_norm = from.mlp_norm;
      to.q_norm = from.q_norm;
      to.k_norm = from.k_norm;
    }
  }
  rounded.flat.copy_(flat_);
  rounded.flat_version = version;
  return rounded.weights;
}

// The autograd path's matrix product.
at::Tensor Transformer::Linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const AdaptedRows* adapted) const {
  const bool rounds = compute_type_ != at::kFloat;
  const at::Tensor in = rounds ? x.to(compute_type_) : x;
  at::Tensor y = rounds ? at::linear(in, weight.to(compute_type_)).to(at::kFloat)
                        : at::linear(in, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt);
  if (rounds && bias.defined()) y = at::add(y, bias);
  if (adapted != nullptr)
    for (const auto& [pair, row] : *adapted) y = LoraTap(y, in, pair, row, adapter_->options().scale());
  return y;
}

// One decoder layer with a graph. After the attention it goes on with rows_N alone, if defined.
at::Tensor Transformer::LayerWithGraph(int64_t index, const at::Tensor& x, const RotaryAngles& angles, Attention& attention,
                                       const at::Tensor& rows_N) const {
  const LayerWeights& l = weights_->layers[static_cast<size_t>(index)];
  const double eps = config_.rms_norm_eps;
  const at::Tensor qkv = Linear(RmsNorm(x, l.attention_norm, eps), l.qkv, l.qkv_bias, &l.qkv_pairs);
  const auto [q, k, v] = Heads(qkv, l, angles);
  const at::Tensor seen = attention.Attend(index, q, k, v).reshape({x.size(0), config_.num_heads * config_.head_dim});
  const at::Tensor between = at::add(PickRows(x, rows_N), Linear(PickRows(seen, rows_N), l.output, l.output_bias, &l.output_pairs));
  const at::Tensor gate_up = Linear(RmsNorm(between, l.mlp_norm, eps), l.gate_up, l.gate_up_bias, &l.gate_up_pairs);
  return at::add(between, Linear(SwiGlu(gate_up), l.down, l.down_bias, &l.down_pairs));
}

// The same without one, on packed weights; x is written over.
void Transformer::LayerWithoutGraph(int64_t index, at::Tensor& x, const RotaryAngles& angles, Attention& attention,
                                    const at::Tensor& rows_N) const {
  const LayerWeights& l = weights_->layers[static_cast<size_t>(index)];
  const PackedWeights::PackedLayer& packed = packed_->layers[static_cast<size_t>(index)];
  const double eps = config_.rms_norm_eps;
  const auto [q, k, v] = Heads(packed.qkv.Apply(RmsNorm(x, l.attention_norm, eps)), l, angles);
  const at::Tensor seen = attention.Attend(index, q, k, v).reshape({x.size(0), config_.num_heads * config_.head_dim});
  x = PickRows(x, rows_N);
  x.add_(packed.output.Apply(PickRows(seen, rows_N)));
  if (edit_) edit_->Apply(StreamPlace::kBehindAttention, index + 1, x);
  x.add_(packed.down.Apply(SwiGlu(packed.gate_up.Apply(RmsNorm(x, l.mlp_norm, eps)))));
  if (edit_) edit_->Apply(StreamPlace::kBehindLayer, index + 1, x);
}

// Rotated queries and keys, and values.
std::array<at::Tensor, 3> Transformer::Heads(const at::Tensor& qkv, const LayerWeights& l, const RotaryAngles& angles) const {
  auto [q, k, v] = SplitHeads(qkv, config_.num_heads, config_.num_kv_heads, config_.head_dim, config_.qk_norm ? nullptr : &angles);
  if (!config_.qk_norm) return {q, k, v};
  return {Rotate(RmsNorm(q, l.q_norm, config_.rms_norm_eps), angles), Rotate(RmsNorm(k, l.k_norm, config_.rms_norm_eps), angles), v};
}

at::Tensor Transformer::Hidden(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention,
                               const at::Tensor& rows_N) const {
  const bool with_graph = c10::GradMode::is_enabled() && gradients().defined();
  TEMPER_CHECK(!edit_ || (!with_graph && !scores_as_trained_),
               "a model with an edit of its residual stream does not compute as in training");
  if (portable_) {
    const double scale = adapter_ ? adapter_->options().scale() : 0;
    if (with_graph) return portable_->Hidden(*weights_, compute_type_, scale, recompute_, tokens_T, positions_T, attention, rows_N);
    const c10::NoGradGuard no_grad;
    StreamVisit visit;
    if (edit_) visit = [this](StreamPlace place, int64_t layer, at::Tensor& x) { edit_->Apply(place, layer, x); };
    return portable_->Hidden(Rounded(), inference_type_, scale, /*recompute=*/false, tokens_T, positions_T, attention, rows_N, visit);
  }
  const bool as_trained = with_graph || scores_as_trained_;
  if (!as_trained) Packed();
  const RotaryAngles angles = MakeRotaryAngles(positions_T, rope_frequencies_, rope_scale_);
  at::Tensor x = at::embedding(weights_->embedding, tokens_T);
  if (edit_) edit_->Apply(StreamPlace::kBehindLayer, 0, x);
  if (with_graph && recompute_ && !x.requires_grad()) x.requires_grad_(true);  // with adapters the embedding is frozen
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    const at::Tensor rows = i + 1 == config_.num_layers ? rows_N : at::Tensor();
    if (!as_trained)
      LayerWithoutGraph(i, x, angles, attention, rows);
    else if (with_graph && recompute_)
      x = Recomputed(x, [=, this, &attention](const at::Tensor& in) { return LayerWithGraph(i, in, angles, attention, rows); });
    else
      x = LayerWithGraph(i, x, angles, attention, rows);
  }
  return RmsNorm(x, weights_->final_norm, config_.rms_norm_eps);
}

std::vector<at::Tensor> Transformer::HiddenOfLayers(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention,
                                                    std::span<const int64_t> layers) const {
  TEMPER_CHECK(!portable_, "hidden states of layers are computed by the CPU kernels alone");
  const c10::NoGradGuard no_grad;
  Packed();
  const RotaryAngles angles = MakeRotaryAngles(positions_T, rope_frequencies_, rope_scale_);
  at::Tensor x = at::embedding(weights_->embedding, tokens_T);
  if (edit_) edit_->Apply(StreamPlace::kBehindLayer, 0, x);
  std::vector<at::Tensor> states;
  int64_t done = 0;
  for (const int64_t layer : layers) {
    TEMPER_CHECK(layer >= done && layer <= config_.num_layers, "layer ", layer, " of a model with ", config_.num_layers, ", behind ", done);
    for (; done < layer; ++done) LayerWithoutGraph(done, x, angles, attention, {});
    states.push_back(layer == config_.num_layers ? RmsNorm(x, weights_->final_norm, config_.rms_norm_eps) : x.clone());
  }
  return states;
}

std::vector<at::Tensor> Transformer::StreamOfRows(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention,
                                                  const at::Tensor& rows_N) const {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> states;
  const auto take = [&](const at::Tensor& x) { states.push_back(at::index_select(x, 0, rows_N).to(at::kFloat)); };
  if (portable_) {
    const StreamVisit visit = [&](StreamPlace place, int64_t layer, at::Tensor& x) {
      if (edit_) edit_->Apply(place, layer, x);
      if (place == StreamPlace::kBehindLayer) take(x);
    };
    portable_->Hidden(Rounded(), inference_type_, /*lora_scale=*/0, /*recompute=*/false, tokens_T, positions_T, attention, {}, visit);
    return states;
  }
  Packed();
  const RotaryAngles angles = MakeRotaryAngles(positions_T, rope_frequencies_, rope_scale_);
  at::Tensor x = at::embedding(weights_->embedding, tokens_T);
  if (edit_) edit_->Apply(StreamPlace::kBehindLayer, 0, x);
  take(x);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    LayerWithoutGraph(i, x, angles, attention, {});
    take(x);
  }
  return states;
}

at::Tensor Transformer::Logits(const at::Tensor& hidden_ND) const {
  if (portable_) {
    const c10::NoGradGuard no_grad;
    return ProductInFp32(hidden_ND, Rounded().output.t(), inference_type_);
  }
  if (c10::GradMode::is_enabled() && (flat_grad_.defined() || hidden_ND.requires_grad()))
    return Linear(hidden_ND, output_weight(), {}, nullptr);
  return Packed().logits.Apply(hidden_ND);
}

}  // namespace temper
