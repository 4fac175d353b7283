#include "policy/model/lora.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/config/check.h"
#include "policy/model/flat_layout.h"
#include "policy/model/parameter_layout.h"

namespace temper {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr std::string_view kWeight = ".weight";

// "model.layers.0.self_attn.q_proj.weight" -> "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
std::string PeftName(const std::string& target, const char* factor) {
  return Concat("base_model.model.", target.substr(0, target.size() - kWeight.size()), ".", factor, kWeight);
}

bool IsTarget(const std::string& parameter, const std::vector<std::string>& modules) {
  const std::string module = Concat(".", parameter);  // lm_head is in no other module
  return std::any_of(modules.begin(), modules.end(), [&](const std::string& m) { return module.ends_with(Concat(".", m, kWeight)); });
}

struct WeightTapNode : torch::autograd::Function<WeightTapNode> {
  static Variable forward(AutogradContext* context, const Variable& weight, const Variable& a, const Variable& b, double scale) {
    context->save_for_backward({a, b});
    context->saved_data["scale"] = scale;
    return weight.view_as(weight);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const double scale = context->saved_data["scale"].toDouble();
    const at::Tensor& dw_NK = grads[0];
    return {Variable(), saved[1].t().mm(dw_NK).mul_(scale), dw_NK.mm(saved[0].t()).mul_(scale), Variable()};
  }
};

struct TapNode : torch::autograd::Function<TapNode> {
  static Variable forward(AutogradContext* context, const Variable& y, const Variable& x, const Variable& a, const Variable& b, int64_t row,
                          double scale) {
    context->save_for_backward({x, a, b});
    context->saved_data["row"] = row;
    context->saved_data["scale"] = scale;
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor a = saved[1].to(x.scalar_type()), b = saved[2].to(x.scalar_type());
    const double scale = context->saved_data["scale"].toDouble();
    const at::Tensor dy_TN = grads[0].narrow(1, context->saved_data["row"].toInt(), b.size(0)).to(x.scalar_type());
    const at::Tensor db = dy_TN.t().mm(x.mm(a.t())).to(at::kFloat).mul_(scale);
    const at::Tensor da = dy_TN.mm(b).t().mm(x).to(at::kFloat).mul_(scale);
    return {grads[0], Variable(), da, db, Variable(), Variable()};
  }
};

}  // namespace

LoraAdapter::LoraAdapter(const TransformerConfig& config, const LoraOptions& options) : options_(options) {
  CheckOptions("policy.lora", options);
  TEMPER_CHECK(options.enabled(), "an adapter of rank ", options.rank, ": expected 1 or more (policy.lora.rank)");
  int64_t size = 0;
  for (const auto& [name, shape] : ParameterShapes(config)) {
    if (!IsTarget(name, options.target_modules)) continue;
    targets_.emplace_back(name, shape);
    size += options.rank * (shape[0] + shape[1]);
  }
  TEMPER_CHECK(!options.adapts_output() || !config.tie_embeddings, "an adapter on an output projection that is tied to the embedding");
  const c10::InferenceMode normal_tensors(false);
  flat_ = at::zeros({size}, at::kFloat);
  Bind();
  for (const Pair& pair : pairs_) {
    KeyedStream stream(options.seed, PeftName(pair.target, "lora_A"));
    const double bound = 1 / std::sqrt(static_cast<double>(pair.a_RK.size(1)));
    float* a = pair.a_RK.mutable_data_ptr<float>();
    for (int64_t i = 0; i < pair.a_RK.numel(); ++i) a[i] = static_cast<float>(bound * (2 * stream.Uniform() - 1));
  }
}

void LoraAdapter::Bind() {
  FlatLayout layout;
  for (const auto& [name, shape] : targets_) {
    layout.Add(PeftName(name, "lora_A"), {options_.rank, shape[1]});
    layout.Add(PeftName(name, "lora_B"), {shape[0], options_.rank});
  }
  parameters_.clear();
  pairs_.clear();
  for (const FlatLayout::Slot& slot : layout.slots())
    parameters_.emplace_back(slot.name, FlatLeaf(flat_, flat_grad_, slot.offset, slot.shape));
  for (size_t i = 0; i < targets_.size(); ++i)
    pairs_.push_back({targets_[i].first, parameters_[2 * i].second, parameters_[2 * i + 1].second});
}

void LoraAdapter::MoveTo(at::Device device) {
  if (device == flat_.device()) return;
  const c10::InferenceMode normal_tensors(false);
  flat_ = flat_.to(device);
  Bind();
}

LoraAdapter LoraAdapter::Replica() const {
  LoraAdapter replica = *this;
  const c10::InferenceMode normal_tensors(false);
  replica.flat_grad_ = at::zeros_like(flat_);
  replica.Bind();
  return replica;
}

at::Tensor LoraAdapter::EnableGradients() {
  if (!flat_grad_.defined()) *this = Replica();
  return flat_grad_;
}

void LoraAdapter::Merge(const NamedTensors& base, const NamedTensors& merged) const {
  const at::NoGradGuard no_grad;
  TEMPER_CHECK(base.size() == merged.size(), "merging adapters of ", base.size(), " parameters into ", merged.size());
  size_t next = 0;
  for (size_t i = 0; i < base.size() && next < pairs_.size(); ++i) {
    const Pair& pair = pairs_[next];
    if (base[i].first != pair.target) continue;
    at::Tensor out = merged[i].second;
    at::addmm_out(out, base[i].second, pair.b_NR, pair.a_RK, /*beta=*/1, options_.scale());
    ++next;
  }
  TEMPER_CHECK(next == pairs_.size(), "the model has no parameter ", pairs_[std::min(next, pairs_.size() - 1)].target, " to adapt");
}

at::Tensor LoraWeightTap(const at::Tensor& weight, const LoraAdapter::Pair& pair, double scale) {
  return WeightTapNode::apply(weight.detach(), pair.a_RK, pair.b_NR, scale);
}

at::Tensor LoraTap(const at::Tensor& y, const at::Tensor& x, const LoraAdapter::Pair& pair, int64_t row, double scale) {
  return TapNode::apply(y, x.detach(), pair.a_RK, pair.b_NR, row, scale);
}

}  // namespace temper
