#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model/lora_options.h"
#include "policy/model/named_tensors.h"
#include "policy/model/transformer_config.h"

namespace temper {

// The adapters of a model: for every target matrix W [N, K] a pair A [R, K], B [N, R], fp32 views of one flat buffer. The adapted model
// computes with W + scale B A. Copies share the buffer. Thread-compatible.
//
// The product is merged into the model's weights after every change. So code that computes with
// them need not know of adapters, and the forward that trains them is the one that samples. The
// gradient of a pair comes from Tap, without that of W.
class LoraAdapter {
 public:
  struct Pair {
    std::string target;  // name of the parameter: "model.layers.0.self_attn.q_proj.weight"
    at::Tensor a_RK;
    at::Tensor b_NR;
  };

  // A Kaiming-uniform as PEFT's, that is uniform in +-1/sqrt(K), the same numbers on every machine; B zero. Throws ConfigError.
  LoraAdapter(const TransformerConfig& config, const LoraOptions& options);

  // Moves the numbers, which keep their values. Before gradients are made.
  void MoveTo(at::Device device);

  // The same numbers as leaves of its own, with a gradient buffer of its own.
  LoraAdapter Replica() const;

  const LoraOptions& options() const { return options_; }
  const std::vector<Pair>& pairs() const { return pairs_; }  // in the model's order of parameters
  at::Tensor& flat() { return flat_; }
  // Views of flat(), in its order, named as in PEFT's files ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight").
  const NamedTensors& parameters() const { return parameters_; }

  // As Transformer::EnableGradients and gradients.
  at::Tensor EnableGradients();
  const at::Tensor& gradients() const { return flat_grad_; }

  // Writes base + scale B A into the targets among `merged`. `base` and `merged` are the parameters of two models of one shape. The same
  // adapter and base give the same bits.
  void Merge(const NamedTensors& base, const NamedTensors& merged) const;

 private:
  void Bind();

  LoraOptions options_;
  std::vector<std::pair<std::string, std::vector<int64_t>>> targets_;  // name and shape [N, K]
  at::Tensor flat_, flat_grad_;
  NamedTensors parameters_;
  std::vector<Pair> pairs_;
};

// What an adapter adds to the graph of y = x W^T, whose rows [row, row + N) of W are base + scale B
// A. It is y itself, with a backward that gives A and B their gradients. Of those columns dy of the
// gradient, dB = scale dy^T (x A^T) and dA = scale (dy B)^T x.
at::Tensor LoraTap(const at::Tensor& y, const at::Tensor& x, const LoraAdapter::Pair& pair, int64_t row, double scale);

// The same for a matrix W = base + scale B A [N, K] whose products are computed elsewhere. They
// give a gradient of all of W, as those of the output projection do. It is W itself, with a
// backward that gives dA = scale B^T dW and dB = scale dW A^T.
at::Tensor LoraWeightTap(const at::Tensor& weight, const LoraAdapter::Pair& pair, double scale);

}  // namespace temper
