#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "policy/model/attention.h"

namespace temper {

// A head of a layer, both from 0.
struct HeadPlace {
  int64_t layer = 0, head = 0;
  bool operator==(const HeadPlace&) const = default;
};

// An attention some heads of which give `scale` times what they would: 0.001 all but takes them out, as arXiv 2510.06036 does. `inner` is
// borrowed.
class ScaledHeads final : public Attention {
 public:
  ScaledHeads(Attention* inner, std::vector<HeadPlace> heads, double scale) : inner_(inner), heads_(std::move(heads)), scale_(scale) {}

  at::Tensor Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) override {
    at::Tensor out_THC = inner_->Attend(layer, q_THC, k_TKC, v_TKC);
    for (const HeadPlace& each : heads_)
      if (each.layer == layer) out_THC.select(1, each.head).mul_(scale_);
    return out_THC;
  }

 private:
  Attention* inner_;
  std::vector<HeadPlace> heads_;
  double scale_;
};

}  // namespace temper
