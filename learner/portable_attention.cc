#include "learner/portable_attention.h"

#include <utility>

#include "policy/kernels/upload.h"

namespace temper {

PortableAttention::PortableAttention(const std::vector<SharedPrefixGroup>& groups, std::vector<int64_t> layer_windows, at::Device device)
    : layer_windows_(std::move(layer_windows)) {
  std::vector<int64_t> rows;
  const auto append = [&](const Segment& segment) {
    for (int64_t i = 0; i < segment.length; ++i) rows.push_back(segment.begin + i);
  };
  bool shares = false;
  for (const SharedPrefixGroup& group : groups) {
    append(group.prefix);
    spans_.Add(group.prefix.length, group.prefix.length);
    for (const Segment& suffix : group.suffixes) {
      append(group.prefix);
      append(suffix);
      spans_.Add(suffix.length, group.prefix.length + suffix.length);
      shares = true;
    }
  }
  spans_.MoveTo(device);
  if (!shares) return;
  key_rows_S_ = Uploaded<int64_t>(rows, at::kLong, device);
}

at::Tensor PortableAttention::Attend(int64_t layer, const at::Tensor& q_THC, const at::Tensor& k_TKC, const at::Tensor& v_TKC) {
  const int64_t window = layer_windows_.empty() ? 0 : layer_windows_.at(static_cast<size_t>(layer));
  const auto gathered = [&](const at::Tensor& x) { return key_rows_S_.defined() ? x.index_select(0, key_rows_S_) : x; };
  return AttendSequences(q_THC, gathered(k_TKC), gathered(v_TKC), spans_, window);
}

}  // namespace temper
