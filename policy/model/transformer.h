#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model/attention.h"
#include "policy/model/key_value_buffer.h"
#include "policy/model/lora.h"
#include "policy/model/model_weights.h"
#include "policy/model/transformer_config.h"

namespace temper {

struct RotaryAngles;
class PortableForward;
class ResidualEdit;

// Shape letters: T tokens of a packed stream (several sequences, one after the other, no padding),
// N rows picked from T. D hidden, H query heads, K key/value heads, C head dimension, V vocabulary.

// A decoder-only transformer (RMSNorm, RoPE, grouped-query attention, SwiGLU). One forward serves the learner (autograd on) and the
// rollout worker (c10::InferenceMode, batch-invariant CPU kernels). All parameters are fp32 views of one flat buffer, in the order of
// parameter_names(). Thread-compatible: const methods may not run beside a change of the parameters.
//
// On the CPU it computes with own kernels (policy/kernels/kernels.h). Off the CPU, and where
// UsePortable was called, it computes with ATen's operations (policy/model/portable_forward.h).
// Then hidden states of Hidden and what an Attention gets are in the compute or inference type.
class Transformer {
 public:
  // Parameters uninitialised: call Initialize or load them.
  explicit Transformer(const TransformerConfig& config);

  // Normal(0, initializer_range), output projections scaled by 1/sqrt(2 layers), norms 1, biases 0; the same numbers on every machine.
  void Initialize(uint64_t seed);

  // Moves the parameters to another device. Before adapters and gradients are made; what borrowed the flat buffer must take it again.
  void MoveTo(at::Device device);
  // Computes with ATen's operations on the CPU too: the second implementation that tests hold against the first.
  void UsePortable();
  bool portable() const { return portable_ != nullptr; }
  at::Device device() const { return flat_.device(); }

  // The same model with an output projection of its own, where it was the embedding. Before adapters and gradients are made.
  Transformer Untied() const;

  // Copies share the parameters; Clone makes new ones with the same values (no gradients).
  Transformer Clone() const;

  // The same parameters (shared with this one) as leaves of its own, with a gradient buffer of its
  // own. It serves a thread that computes its part of a batch beside others. Lives until the
  // parameters are bound again.
  Transformer Replica() const;

  const TransformerConfig& config() const { return config_; }
  // Names as in Hugging Face safetensors ("model.layers.0.self_attn.q_proj.weight"), shapes as stored there.
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const { return parameters_; }
  at::Tensor& flat() { return flat_; }
  const at::Tensor& flat() const { return flat_; }
  int64_t num_parameters() const;

  // Call after the flat buffer was written from outside (new weight version): drops packed copies of the weights.
  void WeightsChanged();
  // Makes the packed copies now. Without a graph Hidden and Logits make them on first use: call this before several threads do that, and
  // before a CUDA graph of them is replayed.
  void Prepack() const { portable_ ? static_cast<void>(Rounded()) : static_cast<void>(Packed()); }

  // Freezes the parameters: from now on fresh adapters are what is trained. They change nothing until they were trained and merged.
  void AddAdapter(const LoraOptions& options);
  const LoraAdapter* adapter() const { return adapter_.get(); }  // null when there is none
  // Makes the parameters base + adapter. `base` has the values that this model had when the adapter was added.
  void MergeAdapter(const Transformer& base);

  // What training changes: the adapter's numbers where there is one, else the parameters.
  at::Tensor& trainable() { return adapter_ ? adapter_->flat() : flat_; }
  const NamedTensors& trainable_parameters() const { return adapter_ ? adapter_->parameters() : parameters_; }
  // Makes them autograd leaves whose .grad are views of one flat gradient buffer, which is returned (zeroed).
  at::Tensor EnableGradients();
  const at::Tensor& gradients() const { return adapter_ ? adapter_->gradients() : flat_grad_; }  // undefined before EnableGradients

  // tokens_T int64, positions_T int64 (rotary position of each token) -> hidden states after the
  // final norm, of all tokens or of rows_N (int64, ascending, each once). What the last layer's
  // other rows are not needed for is not computed.
  at::Tensor Hidden(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention, const at::Tensor& rows_N = {}) const;
  // The hidden states of all tokens behind each of `layers` (ascending, 0 to num_layers), [T, D]
  // each, as transformers numbers its output_hidden_states. 0 = the embeddings, i = the residual
  // stream behind the i-th layer, num_layers = what Hidden gives. Layers behind the last one asked
  // for are not computed. Without a graph, by the own CPU kernels alone: a row is the same bits
  // whatever is beside it.
  std::vector<at::Tensor> HiddenOfLayers(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention,
                                         std::span<const int64_t> layers) const;
  // The residual stream of rows_N (int64, on the model's device) behind every layer: num_layers + 1 tensors [N, D] in fp32.
  // 0 = the embeddings, i = behind the i-th layer, the last one before the final norm. Without a graph, on every device.
  std::vector<at::Tensor> StreamOfRows(const at::Tensor& tokens_T, const at::Tensor& positions_T, Attention& attention,
                                       const at::Tensor& rows_N) const;
  // hidden_ND -> logits_NV (fp32).
  at::Tensor Logits(const at::Tensor& hidden_ND) const;
  // [V, D] of the output projection: for losses that never build all logits. It has a gradient after EnableGradients, with an adapter
  // where that is on it.
  at::Tensor output_weight() const;

  // From now on forwards without a graph change their residual stream so (policy/model/residual_edit.h); null = they do not. Forwards with
  // a graph, or as trained, are then refused. Copies made before keep what they had.
  void SetResidualEdit(std::shared_ptr<const ResidualEdit> edit) { edit_ = std::move(edit); }

  // kFloat, or kBFloat16: the matrix products of the autograd path round their inputs to it.
  void SetComputeType(at::ScalarType type);
  at::ScalarType compute_type() const { return compute_type_; }
  // Whether a graph keeps a layer's input alone and the backward computes the layer again: less memory for a third more work. What Hidden
  // was given must then live until the backward.
  void SetRecompute(bool recompute) { recompute_ = recompute; }
  bool recompute() const { return recompute_; }
  // Whether Hidden without a graph computes as it does with one, bit for bit, instead of with the faster inference kernels, which round in
  // other places. Only of the own CPU kernels; others know no difference once both types are the same.
  void SetScoresAsTrained(bool as_trained) { scores_as_trained_ = as_trained; }
  // kFloat, or kBFloat16: without a graph, the matrix products round their inputs to it and caches made for this model keep keys and
  // values in it. Set it before a generation engine is made.
  void SetInferenceType(at::ScalarType type);
  at::ScalarType inference_type() const { return inference_type_; }
  CacheType cache_type() const { return inference_type_ == at::kBFloat16 ? CacheType::kBf16 : CacheType::kFp32; }

 private:
  struct PackedWeights;
  const PackedWeights& Packed() const;
  struct RoundedWeights;
  const ModelWeights& Rounded() const;
  std::array<at::Tensor, 3> Heads(const at::Tensor& qkv, const LayerWeights& l, const RotaryAngles& angles) const;
  at::Tensor LayerWithGraph(int64_t index, const at::Tensor& x, const RotaryAngles& angles, Attention& attention,
                            const at::Tensor& rows_N) const;
  void LayerWithoutGraph(int64_t index, at::Tensor& x, const RotaryAngles& angles, Attention& attention, const at::Tensor& rows_N) const;
  at::Tensor Linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const AdaptedRows* adapted) const;
  void BindParameters();

  TransformerConfig config_;
  std::vector<float> rope_frequencies_;  // [C / 2]
  float rope_scale_ = 1;                 // of cosines and sines
  at::Tensor flat_;
  at::Tensor flat_grad_;  // undefined before EnableGradients, and with an adapter
  std::shared_ptr<LoraAdapter> adapter_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;
  std::shared_ptr<ModelWeights> weights_;  // views of flat_
  at::ScalarType compute_type_ = at::kFloat;
  at::ScalarType inference_type_ = at::kFloat;
  std::shared_ptr<const ResidualEdit> edit_;  // null: none
  bool recompute_ = false;
  bool scores_as_trained_ = false;
  mutable std::shared_ptr<PackedWeights> packed_;    // layout of the inference kernels, made on demand
  std::shared_ptr<const PortableForward> portable_;  // null: the own CPU kernels
  mutable std::shared_ptr<RoundedWeights> rounded_;  // of the portable forward without a graph, made on demand
};

}  // namespace temper
