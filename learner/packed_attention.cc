#include "learner/packed_attention.h"

#include <cmath>
#include <utility>

#include <ATen/core/ivalue.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cluster/base/error.h"
#include "learner/attention_tiles.h"
#include "policy/kernels/parallel.h"

namespace temper {

// Held by the autograd graph until its backward has run.
struct PackedAttention::Plan : torch::CustomClassHolder {
  std::vector<std::vector<AttentionTile>> tiles;  // per group
  int64_t num_tokens = 0;
};

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Rows of a tile: large enough for full GEMM speed, small enough that scores stay in the cache.
constexpr int64_t kTileRows = 128;

// fp32 with the head dimension contiguous.
at::Tensor Prepared(const at::Tensor& x_THC) {
  const at::Tensor x = x_THC.to(at::kFloat);
  return x.stride(-1) == 1 && x.stride(0) >= x.size(2) ? x : x.contiguous();
}

template <typename T>
HeadView<T> Head(const at::Tensor& x_THC, int64_t head) {
  return {static_cast<T*>(const_cast<float*>(x_THC.const_data_ptr<float>())) + head * x_THC.stride(1), x_THC.stride(0)};
}

// Calls body(group, key/value head, scratch) for all of them, in parallel.
template <typename Body>
void ForEachGroupAndHead(const PackedAttention::Plan& plan, int64_t kv_heads, const Body& body) {
  const auto tasks = static_cast<int64_t>(plan.tiles.size()) * kv_heads;
  InParallel(0, tasks, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch;
    for (int64_t task = begin; task < end; ++task) body(task / kv_heads, task % kv_heads, scratch);
  });
}

std::pair<at::Tensor, at::Tensor> Forward(const PackedAttention::Plan& plan, const at::Tensor& q_THC, const at::Tensor& k_TKC,
                                          const at::Tensor& v_TKC) {
  const int64_t heads = q_THC.size(1), kv_heads = k_TKC.size(1), dim = q_THC.size(2);
  at::Tensor out = at::empty({q_THC.size(0), heads, dim}, q_THC.options());
  at::Tensor lse_HT = at::empty({heads, q_THC.size(0)}, q_THC.options());
  float* lse = lse_HT.mutable_data_ptr<float>();
  ForEachGroupAndHead(plan, kv_heads, [&](int64_t group, int64_t kv, std::vector<float>& scratch) {
    for (int64_t h = kv * (heads / kv_heads); h < (kv + 1) * (heads / kv_heads); ++h) {
      const HeadForward head{Head<const float>(q_THC, h),
                             Head<const float>(k_TKC, kv),
                             Head<const float>(v_TKC, kv),
                             Head<float>(out, h),
                             lse + h * plan.num_tokens,
                             dim,
                             1 / std::sqrt(static_cast<float>(dim))};
      for (const AttentionTile& tile : plan.tiles[group]) ForwardTile(tile, head, scratch);
    }
  });
  return {out, lse_HT};
}

class PackedAttentionFunction : public torch::autograd::Function<PackedAttentionFunction> {
 public:
  static Variable forward(AutogradContext* ctx, const Variable& q_THC, const Variable& k_TKC, const Variable& v_TKC,
                          const c10::intrusive_ptr<PackedAttention::Plan>& plan) {
    auto [out, lse] = Forward(*plan, q_THC, k_TKC, v_TKC);
    ctx->save_for_backward({q_THC, k_TKC, v_TKC, out, lse});
    ctx->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3];
    const auto plan = c10::static_intrusive_pointer_cast<PackedAttention::Plan>(ctx->saved_data["plan"].toCapsule());
    const at::Tensor d_out = Prepared(grads[0]);
    const int64_t heads = q.size(1), kv_heads = k.size(1), dim = q.size(2);
    at::Tensor d_q = at::empty_like(q, at::MemoryFormat::Contiguous);
    at::Tensor d_k = at::zeros_like(k, at::MemoryFormat::Contiguous), d_v = at::zeros_like(v, at::MemoryFormat::Contiguous);
    const float* lse = saved[4].const_data_ptr<float>();
    ForEachGroupAndHead(*plan, kv_heads, [&](int64_t group, int64_t kv, std::vector<float>& scratch) {
      for (int64_t h = kv * (heads / kv_heads); h < (kv + 1) * (heads / kv_heads); ++h) {
        const HeadBackward head{Head<const float>(q, h),
                                Head<const float>(k, kv),
                                Head<const float>(v, kv),
                                Head<const float>(out, h),
                                Head<const float>(d_out, h),
                                Head<float>(d_q, h),
                                Head<float>(d_k, kv),
                                Head<float>(d_v, kv),
                                lse + h * plan->num_tokens,
                                dim,
                                1 / std::sqrt(static_cast<float>(dim))};
        for (const AttentionTile& tile : plan->tiles[group]) BackwardTile(tile, head, scratch);
      }
    });
    return {d_q, d_k, d_v, Variable()};
  }
};

}  // namespace

PackedAttention::PackedAttention(const std::vector<SharedPrefixGroup>& groups, std::vector<int64_t> layer_windows)
    : layer_windows_(std::move(layer_windows)) {
  const auto add_plan = [&](int64_t window) {
    auto& plan = plans_[window];
    if (plan.defined()) return;
    plan = c10::make_intrusive<Plan>();
    for (const SharedPrefixGroup& group : groups) {
      plan->tiles.push_back(MakeTiles(group, kTileRows, window));
      for (const AttentionTile& tile : plan->tiles.back()) plan->num_tokens += tile.rows;
    }
  };
  if (layer_windows_.empty()) add_plan(0);
  for (const int64_t window : layer_windows_) add_plan(window);
}

PackedAttention::~PackedAttention() = default;

at::Tensor PackedAttention::Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) {
  TEMPER_CHECK(q_THC.is_cpu(), "packed attention runs on CPU tensors");
  const auto& plan = plans_.at(layer_windows_.empty() ? 0 : layer_windows_.at(static_cast<size_t>(layer)));
  TEMPER_CHECK(q_THC.size(0) == plan->num_tokens && k_TKC.size(0) == plan->num_tokens, "packed attention was planned for ",
               plan->num_tokens, " tokens and got ", q_THC.size(0));
  const at::Tensor q = Prepared(q_THC), k = Prepared(k_TKC), v = Prepared(v_TKC);
  const at::Tensor out = PackedAttentionFunction::apply(q, k, v, plan);
  return out.to(q_THC.scalar_type());
}

}  // namespace temper
