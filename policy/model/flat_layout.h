#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace temper {

// Where named parameters stand in one flat buffer: one after the other, in the order added.
class FlatLayout {
 public:
  struct Slot {
    std::string name;
    std::vector<int64_t> shape;
    int64_t offset = 0;
  };
  void Add(const std::string& name, std::vector<int64_t> shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    slots_.push_back({name, std::move(shape), total_});
    total_ += count;
  }
  const std::vector<Slot>& slots() const { return slots_; }
  int64_t total() const { return total_; }

 private:
  std::vector<Slot> slots_;
  int64_t total_ = 0;
};

// A view of flat[offset ...] that autograd takes for a leaf; its gradient is the same view of `grad`, when there is one.
inline at::Tensor FlatLeaf(const at::Tensor& flat, const at::Tensor& grad, int64_t offset, at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  at::Tensor leaf = flat.narrow(0, offset, count).view(shape).detach();
  if (grad.defined()) {
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = grad.narrow(0, offset, count).view(shape);
  }
  return leaf;
}

}  // namespace temper
