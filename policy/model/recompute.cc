#include "policy/model/recompute.h"

#include <utility>

#include <ATen/core/ivalue.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

struct Body : torch::CustomClassHolder {
  explicit Body(std::function<at::Tensor(const at::Tensor&)> from) : compute(std::move(from)) {}
  std::function<at::Tensor(const at::Tensor&)> compute;
};

// Runs with autograd off in the forward, as every autograd function does.
class RecomputedFunction : public torch::autograd::Function<RecomputedFunction> {
 public:
  static Variable forward(AutogradContext* ctx, const Variable& x, const c10::intrusive_ptr<Body>& body) {
    ctx->save_for_backward({x});
    ctx->saved_data["body"] = c10::IValue::make_capsule(body);
    return body->compute(x);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto body = c10::static_intrusive_pointer_cast<Body>(ctx->saved_data["body"].toCapsule());
    const c10::AutoGradMode with_graph(true);
    at::Tensor x = ctx->get_saved_variables()[0].detach();
    x.requires_grad_(true);
    torch::autograd::backward({body->compute(x)}, {grads[0]});
    return {x.grad(), Variable()};
  }
};

}  // namespace

at::Tensor Recomputed(const at::Tensor& x, std::function<at::Tensor(const at::Tensor&)> body) {
  TEMPER_CHECK(x.requires_grad(), "Recomputed: the input requires no gradient, so that none would reach what the body reads");
  return RecomputedFunction::apply(x, c10::make_intrusive<Body>(std::move(body)));
}

}  // namespace temper
