#include "policy/transformer.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "cluster/error.h"
#include "cluster/keyed_random.h"
#include "policy/flat_layout.h"
#include "policy/kernels.h"
#include "policy/recompute.h"

namespace temper {
namespace {

// Matrices that the forward multiplies as one stand next to each other.
FlatLayout LayoutOf(const TransformerConfig& c) {
  FlatLayout layout;
  const int64_t query = c.num_heads * c.head_dim;
  const int64_t key = c.num_kv_heads * c.head_dim;
  layout.Add("model.embed_tokens.weight", {c.vocab_size, c.hidden_size});
  for (int64_t i = 0; i < c.num_layers; ++i) {
    const std::string at = Concat("model.layers.", i, ".");
    layout.Add(at + "input_layernorm.weight", {c.hidden_size});
    layout.Add(at + "self_attn.q_proj.weight", {query, c.hidden_size});
    layout.Add(at + "self_attn.k_proj.weight", {key, c.hidden_size});
    layout.Add(at + "self_attn.v_proj.weight", {key, c.hidden_size});
    if (c.qkv_bias) {
      layout.Add(at + "self_attn.q_proj.bias", {query});
      layout.Add(at + "self_attn.k_proj.bias", {key});
      layout.Add(at + "self_attn.v_proj.bias", {key});
    }
    if (c.qk_norm) {
      layout.Add(at + "self_attn.q_norm.weight", {c.head_dim});
      layout.Add(at + "self_attn.k_norm.weight", {c.head_dim});
    }
    layout.Add(at + "self_attn.o_proj.weight", {c.hidden_size, query});
    if (c.output_bias) layout.Add(at + "self_attn.o_proj.bias", {c.hidden_size});
    layout.Add(at + "post_attention_layernorm.weight", {c.hidden_size});
    layout.Add(at + "mlp.gate_proj.weight", {c.intermediate_size, c.hidden_size});
    layout.Add(at + "mlp.up_proj.weight", {c.intermediate_size, c.hidden_size});
    if (c.mlp_bias) {
      layout.Add(at + "mlp.gate_proj.bias", {c.intermediate_size});
      layout.Add(at + "mlp.up_proj.bias", {c.intermediate_size});
    }
    layout.Add(at + "mlp.down_proj.weight", {c.hidden_size, c.intermediate_size});
    if (c.mlp_bias) layout.Add(at + "mlp.down_proj.bias", {c.hidden_size});
  }
  layout.Add("model.norm.weight", {c.hidden_size});
  if (!c.tie_embeddings) layout.Add("lm_head.weight", {c.vocab_size, c.hidden_size});
  return layout;
}

bool EndsWith(const std::string& name, const char* suffix) { return name.ends_with(suffix); }

}  // namespace

std::vector<std::pair<std::string, std::vector<int64_t>>> ParameterShapes(const TransformerConfig& config) {
  const FlatLayout layout = LayoutOf(config);
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  for (const FlatLayout::Slot& slot : layout.slots()) shapes.emplace_back(slot.name, slot.shape);
  return shapes;
}

struct Transformer::Layer {
  at::Tensor attention_norm;  // [D]
  at::Tensor qkv;             // [(H + 2K) C, D]
  at::Tensor qkv_bias;        // [(H + 2K) C] or undefined
  at::Tensor q_norm, k_norm;  // [C] or undefined
  at::Tensor output;          // [D, H C]
  at::Tensor output_bias;     // [D] or undefined
  at::Tensor mlp_norm;        // [D]
  at::Tensor gate_up;         // [2F, D]
  at::Tensor gate_up_bias;    // [2F] or undefined
  at::Tensor down;            // [D, F]
  at::Tensor down_bias;       // [D] or undefined
  AdaptedRows qkv_pairs, output_pairs, gate_up_pairs, down_pairs;
};

struct Transformer::PackedWeights {
  struct PackedLayer {
    PackedLinear qkv, output, gate_up, down;
  };
  std::vector<PackedLayer> layers;
  PackedLinear logits;
  int64_t flat_version = kStale;  // of the flat buffer when it was packed
  static constexpr int64_t kStale = -1;
};

Transformer::Transformer(const TransformerConfig& config) : config_(config) {
  CheckTransformerConfig(config);
  rope_frequencies_ = RopeFrequencies(config_.head_dim, config_.rope_theta, config_.rope_scaling);
  // Parameters outlive any inference section they may be made in.
  const c10::InferenceMode normal_tensors(false);
  flat_ = at::empty({LayoutOf(config_).total()}, at::kFloat);
  BindParameters();
}

void Transformer::BindParameters() {
  const FlatLayout layout = LayoutOf(config_);
  parameters_.clear();
  layers_ = std::make_shared<std::vector<Layer>>(config_.num_layers);
  const int64_t width = (config_.num_heads + 2 * config_.num_kv_heads) * config_.head_dim;
  int64_t layer = -1;
  for (const FlatLayout::Slot& slot : layout.slots()) {
    const auto fused = [&](at::IntArrayRef shape) { return FlatLeaf(flat_, flat_grad_, slot.offset, shape); };
    const at::Tensor leaf = fused(slot.shape);
    parameters_.emplace_back(slot.name, leaf);
    if (EndsWith(slot.name, "embed_tokens.weight")) embedding_ = leaf;
    if (slot.name == "model.norm.weight") final_norm_ = leaf;
    if (slot.name == "lm_head.weight") output_weight_ = leaf;
    if (EndsWith(slot.name, "input_layernorm.weight")) layers_->at(++layer).attention_norm = leaf;
    if (layer < 0) continue;
    Layer& l = layers_->at(layer);
    if (EndsWith(slot.name, "q_proj.weight")) l.qkv = fused({width, config_.hidden_size});
    if (EndsWith(slot.name, "q_proj.bias")) l.qkv_bias = fused({width});
    if (EndsWith(slot.name, "q_norm.weight")) l.q_norm = leaf;
    if (EndsWith(slot.name, "k_norm.weight")) l.k_norm = leaf;
    if (EndsWith(slot.name, "o_proj.weight")) l.output = leaf;
    if (EndsWith(slot.name, "o_proj.bias")) l.output_bias = leaf;
    if (EndsWith(slot.name, "post_attention_layernorm.weight")) l.mlp_norm = leaf;
    if (EndsWith(slot.name, "gate_proj.weight")) l.gate_up = fused({2 * config_.intermediate_size, config_.hidden_size});
    if (EndsWith(slot.name, "gate_proj.bias")) l.gate_up_bias = fused({2 * config_.intermediate_size});
    if (EndsWith(slot.name, "down_proj.weight")) l.down = leaf;
    if (EndsWith(slot.name, "down_proj.bias")) l.down_bias = leaf;
  }
  if (config_.tie_embeddings) output_weight_ = embedding_;
  if (adapter_) BindAdapter();
}

void Transformer::BindAdapter() {
  const int64_t query = config_.num_heads * config_.head_dim;
  const int64_t key = config_.num_kv_heads * config_.head_dim;
  for (const LoraAdapter::Pair& pair : adapter_->pairs()) {
    Layer& l = layers_->at(std::stoul(pair.target.substr(std::string("model.layers.").size())));
    const auto is = [&](const char* module) { return pair.target.ends_with(Concat(".", module, ".weight")); };
    if (is("q_proj")) l.qkv_pairs.emplace_back(pair, 0);
    if (is("k_proj")) l.qkv_pairs.emplace_back(pair, query);
    if (is("v_proj")) l.qkv_pairs.emplace_back(pair, query + key);
    if (is("o_proj")) l.output_pairs.emplace_back(pair, 0);
    if (is("gate_proj")) l.gate_up_pairs.emplace_back(pair, 0);
    if (is("up_proj")) l.gate_up_pairs.emplace_back(pair, config_.intermediate_size);
    if (is("down_proj")) l.down_pairs.emplace_back(pair, 0);
  }
}

void Transformer::Initialize(uint64_t seed) {
  const double projection = config_.initializer_range / std::sqrt(2.0 * static_cast<double>(config_.num_layers));
  float* out = flat_.mutable_data_ptr<float>();
  for (const auto& [name, tensor] : parameters_) {
    KeyedStream stream(seed, name);
    const bool is_norm = EndsWith(name, "norm.weight");
    const bool is_bias = EndsWith(name, ".bias");
    const double deviation = EndsWith(name, "o_proj.weight") || EndsWith(name, "down_proj.weight") ? projection : config_.initializer_range;
    for (int64_t i = 0; i < tensor.numel(); ++i) *out++ = is_norm ? 1.0f : is_bias ? 0.0f : static_cast<float>(deviation * stream.Normal());
  }
  WeightsChanged();
}

Transformer Transformer::Clone() const {
  Transformer copy(config_);
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
    replica.flat_grad_ = at::zeros({flat_.numel()}, at::kFloat);
  replica.BindParameters();
  return replica;
}

int64_t Transformer::num_parameters() const { return flat_.numel(); }

void Transformer::WeightsChanged() {
  if (packed_.use_count() == 1)
    packed_->flat_version = PackedWeights::kStale;  // its memory is used again
  else
    packed_.reset();
}

void Transformer::SetComputeType(at::ScalarType type) {
  TEMPER_CHECK(type == at::kFloat || type == at::kBFloat16, "compute type must be fp32 or bf16");
  compute_type_ = type;
}

void Transformer::SetInferenceType(at::ScalarType type) {
  TEMPER_CHECK(type == at::kFloat || type == at::kBFloat16, "inference type must be fp32 or bf16");
  inference_type_ = type;
  packed_.reset();
}

void Transformer::AddAdapter(const LoraOptions& options) {
  adapter_ = std::make_shared<LoraAdapter>(config_, options);
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
      flat_grad_ = at::zeros({flat_.numel()}, at::kFloat);
    BindParameters();
  }
  return gradients();
}

const Transformer::PackedWeights& Transformer::Packed() const {
  const int64_t version = static_cast<int64_t>(flat_._version());
  if (packed_ && packed_->flat_version == version) return *packed_;
  if (packed_.use_count() != 1) packed_ = std::make_shared<PackedWeights>();
  packed_->layers.resize(layers_->size());
  for (size_t i = 0; i < layers_->size(); ++i) {
    const Layer& l = layers_->at(i);
    PackedWeights::PackedLayer& p = packed_->layers[i];
    p.qkv.Pack(l.qkv, l.qkv_bias, inference_type_);
    p.output.Pack(l.output, l.output_bias, inference_type_);
    p.gate_up.Pack(l.gate_up, l.gate_up_bias, inference_type_);
    p.down.Pack(l.down, l.down_bias, inference_type_);
  }
  packed_->logits.Pack(output_weight_, {}, inference_type_);
  packed_->flat_version = version;
  return *packed_;
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

// One decoder layer with a graph.
at::Tensor Transformer::LayerWithGraph(int64_t index, const at::Tensor& x, const RotaryAngles& angles, Attention& attention) const {
  const Layer& l = layers_->at(index);
  const double eps = config_.rms_norm_eps;
  const at::Tensor qkv = Linear(RmsNorm(x, l.attention_norm, eps), l.qkv, l.qkv_bias, &l.qkv_pairs);
  const auto [q, k, v] = Heads(qkv, l, angles);
  const at::Tensor seen = attention.Attend(index, q, k, v).reshape({x.size(0), config_.num_heads * config_.head_dim});
  const at::Tensor between = at::add(x, Linear(seen, l.output, l.output_bias, &l.output_pairs));
  const at::Tensor gate_up = Linear(RmsNorm(between, l.mlp_norm, eps), l.gate_up, l.gate_up_bias, &l.gate_up_pairs);
  return at::add(between, Linear(SwiGlu(gate_up), l.down, l.down_bias, &l.down_pairs));
}

// The same without one, on packed weights; x is written over.
void Transformer::LayerWithoutGraph(int64_t index, at::Tensor& x, const RotaryAngles& angles, Attention& attention) const {
  const Layer& l = layers_->at(index);
  const PackedWeights::PackedLayer& packed = packed_->layers[static_cast<size_t>(index)];
  const double eps = config_.rms_norm_eps;
  const auto [q, k, v] = Heads(packed.qkv.Apply(RmsNorm(x, l.attention_norm, eps)), l, angles);
  x.add_(packed.output.Apply(attention.Attend(index, q, k, v).reshape({x.size(0), config_.num_heads * config_.head_dim})));
  x.add_(packed.down.Apply(SwiGlu(packed.gate_up.Apply(RmsNorm(x, l.mlp_norm, eps)))));
}

// Rotated queries and keys, and values.
std::array<at::Tensor, 3> Transformer::Heads(const at::Tensor& qkv, const Layer& l, const RotaryAngles& angles) const {
  auto [q, k, v] = SplitHeads(qkv, config_.num_heads, config_.num_kv_heads, config_.head_dim, config_.qk_norm ? nullptr : &angles);
  if (!config_.qk_norm) return {q, k, v};
  return {Rotate(RmsNorm(q, l.q_norm, config_.rms_norm_eps), angles), Rotate(RmsNorm(k, l.k_norm, config_.rms_norm_eps), angles), v};
}

at::Tensor Transformer::Hidden(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention) const {
  const bool with_graph = c10::GradMode::is_enabled() && gradients().defined();
  if (!with_graph) Packed();
  const RotaryAngles angles = MakeRotaryAngles(positions_T, rope_frequencies_);
  at::Tensor x = at::embedding(embedding_, tokens_T);
  if (with_graph && recompute_ && !x.requires_grad()) x.requires_grad_(true);  // with adapters the embedding is frozen
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    if (!with_graph)
      LayerWithoutGraph(i, x, angles, attention);
    else if (recompute_)
      x = Recomputed(x, [this, i, angles, &attention](const at::Tensor& in) { return LayerWithGraph(i, in, angles, attention); });
    else
      x = LayerWithGraph(i, x, angles, attention);
  }
  return RmsNorm(x, final_norm_, config_.rms_norm_eps);
}

at::Tensor Transformer::Logits(const at::Tensor& hidden_ND) const {
  if (c10::GradMode::is_enabled() && (flat_grad_.defined() || hidden_ND.requires_grad()))
    return Linear(hidden_ND, output_weight_, {}, nullptr);
  return Packed().logits.Apply(hidden_ND);
}

}  // namespace temper
