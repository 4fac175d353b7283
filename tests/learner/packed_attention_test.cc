#include "learner/packed_attention.h"

#include <cmath>
#include <limits>

#include <ATen/ops/bmm.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "cluster/base/error.h"
#include "learner/attention_tiles.h"
#include "tests/learner/learner_fixture.h"

namespace temper {
namespace {

// Whether `query` sees `key`, straight from the rule: in one sequence, not after it, fewer than `window` positions before it (0 = all).
bool Sees(const std::vector<SharedPrefixGroup>& groups, int64_t query, int64_t key, int64_t window) {
  const auto inside = [](const Segment& s, int64_t i) { return i >= s.begin && i < s.begin + s.length; };
  for (const SharedPrefixGroup& group : groups) {
    const auto near = [&](int64_t gap) { return gap >= 0 && (window == 0 || gap < window); };
    if (inside(group.prefix, query)) return inside(group.prefix, key) && near(query - key);
    for (const Segment& suffix : group.suffixes) {
      const int64_t prefix_end = group.prefix.begin + group.prefix.length;
      if (inside(suffix, query))
        return (inside(group.prefix, key) && near(query - suffix.begin + prefix_end - key)) || (inside(suffix, key) && near(query - key));
    }
  }
  return false;
}

// softmax(q k' / sqrt(C) + mask) v in double over the whole stream.
at::Tensor DenseAttention(const std::vector<SharedPrefixGroup>& groups, const at::Tensor& q_THC, const at::Tensor& k_TKC,
                          const at::Tensor& v_TKC, int64_t window = 0) {
  const int64_t tokens = q_THC.size(0), repeats = q_THC.size(1) / k_TKC.size(1);
  at::Tensor mask = at::full({tokens, tokens}, -std::numeric_limits<double>::infinity(), at::kDouble);
  for (int64_t i = 0; i < tokens; ++i) {
    for (int64_t j = 0; j < tokens; ++j) {
      if (Sees(groups, i, j, window)) mask.mutable_data_ptr<double>()[i * tokens + j] = 0;
    }
  }
  const at::Tensor q = q_THC.transpose(0, 1), k = at::repeat_interleave(k_TKC, repeats, 1).transpose(0, 1),
                   v = at::repeat_interleave(v_TKC, repeats, 1).transpose(0, 1);
  const at::Tensor scores = at::bmm(q, k.transpose(1, 2)) / std::sqrt(static_cast<double>(q_THC.size(2))) + mask;
  return at::bmm(at::softmax(scores, -1), v).transpose(0, 1);
}

std::vector<SharedPrefixGroup> Layout(const std::vector<std::vector<int64_t>>& lengths) {
  std::vector<SharedPrefixGroup> groups;
  int64_t at = 0;
  for (const auto& group : lengths) {
    SharedPrefixGroup packed;
    for (size_t i = 0; i < group.size(); ++i) {
      const Segment segment{at, group[i]};
      if (i == 0) packed.prefix = segment;
      if (i > 0) packed.suffixes.push_back(segment);
      at += group[i];
    }
    groups.push_back(packed);
  }
  return groups;
}

int64_t NumTokens(const std::vector<SharedPrefixGroup>& groups) {
  const SharedPrefixGroup& last = groups.back();
  const Segment& end = last.suffixes.empty() ? last.prefix : last.suffixes.back();
  return end.begin + end.length;
}

void ExpectEqualsDense(const std::vector<SharedPrefixGroup>& groups, int64_t heads, int64_t kv_heads, int64_t dim, int64_t window = 0) {
  at::set_num_threads(1);
  const int64_t tokens = NumTokens(groups);
  std::vector<at::Tensor> narrow = {at::randn({tokens, heads, dim}), at::randn({tokens, kv_heads, dim}),
                                    at::randn({tokens, kv_heads, dim})};
  std::vector<at::Tensor> wide;
  for (at::Tensor& x : narrow) {
    wide.push_back(x.to(at::kDouble).set_requires_grad(true));
    x.set_requires_grad(true);
  }
  const at::Tensor grad = at::randn({tokens, heads, dim});
  const at::Tensor out = PackedAttention(groups, {0, window}).Attend(1, narrow[0], narrow[1], narrow[2]);
  const at::Tensor expected = DenseAttention(groups, wide[0], wide[1], wide[2], window);
  torch::autograd::backward({out}, {grad});
  torch::autograd::backward({expected}, {grad.to(at::kDouble)});
  EXPECT_LT(RelativeDistance(out, expected), 1e-6);
  for (int i = 0; i < 3; ++i) EXPECT_LT(RelativeDistance(narrow[i].grad(), wide[i].grad()), 2e-6) << "input " << i;
}

TEST(PackedAttentionTest, OneSequenceIsCausalAttention) { ExpectEqualsDense(Layout({{9}}), 2, 2, 8); }

TEST(PackedAttentionTest, CompletionsSeeThePromptAndThemselves) { ExpectEqualsDense(Layout({{5, 3, 4, 1}, {1, 2, 7}, {6}}), 4, 2, 8); }

TEST(PackedAttentionTest, PiecesLongerThanATileAreExact) { ExpectEqualsDense(Layout({{150, 40, 70, 139, 3}, {260}}), 4, 1, 16); }

// Windows within the prompt, reaching from completion into prompt, past a tile, longer than everything.
TEST(PackedAttentionTest, EachTokenSeesItsWindow) {
  for (const int64_t window : {2, 3, 4, 5, 7, 100}) ExpectEqualsDense(Layout({{5, 3, 4, 1}, {1, 2, 7}, {6}}), 4, 2, 8, window);
  for (const int64_t window : {20, 129, 150, 200}) ExpectEqualsDense(Layout({{150, 40, 70, 139, 3}, {260}}), 4, 1, 16, window);
}

TEST(PackedAttentionTest, AWindowOfOneGivesTheValueItself) {
  const at::Tensor q = at::randn({13, 2, 4}), k = at::randn({13, 2, 4}), v = at::randn({13, 2, 4});
  EXPECT_TRUE(PackedAttention(Layout({{5, 3, 4, 1}}), {1}).Attend(0, q, k, v).equal(v));
}

TEST(PackedAttentionTest, TokensOutOfSightCostNothing) {
  SharedPrefixGroup group{{0, 1000}, {{1000, 300}}};
  int64_t columns = 0;
  for (const AttentionTile& tile : MakeTiles(group, 128, 10)) columns = std::max(columns, tile.width);
  EXPECT_EQ(columns, 128 + 9);  // a tile's rows and what its first row sees besides itself
}

TEST(PackedAttentionTest, AcceptsStridedInputs) {
  const auto groups = Layout({{4, 3, 3}});
  const at::Tensor qkv = at::randn({10, 4, 8});
  const at::Tensor q = qkv.narrow(1, 0, 2), k = qkv.narrow(1, 2, 1), v = qkv.narrow(1, 3, 1);
  const at::Tensor out = PackedAttention(groups).Attend(0, q, k, v);
  EXPECT_LT(RelativeDistance(out, DenseAttention(groups, q.to(at::kDouble), k.to(at::kDouble), v.to(at::kDouble))), 1e-6);
}

TEST(PackedAttentionTest, ThreadsDoNotChangeABit) {
  const auto groups = Layout({{20, 9, 8}, {13, 5}, {30}});
  const at::Tensor q = at::randn({85, 4, 16}), k = at::randn({85, 2, 16}), v = at::randn({85, 2, 16});
  at::set_num_threads(1);
  const at::Tensor one = PackedAttention(groups).Attend(0, q, k, v);
  at::set_num_threads(2);
  const at::Tensor two = PackedAttention(groups).Attend(0, q, k, v);
  at::set_num_threads(1);
  EXPECT_TRUE(one.equal(two));
}

TEST(PackedAttentionTest, RefusesAStreamOfAnotherLength) {
  const at::Tensor q = at::zeros({8, 1, 4});
  EXPECT_THROW(PackedAttention(Layout({{9}})).Attend(0, q, q, q), Error);
}

}  // namespace
}  // namespace temper
