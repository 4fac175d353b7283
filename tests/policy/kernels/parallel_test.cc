#include "policy/kernels/parallel.h"

#include <map>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/kernels/kernels.h"
#include "policy/kernels/weight_panels.h"

namespace temper {
namespace {

std::vector<float> Normals(uint64_t seed, int64_t count) {
  KeyedStream stream(seed, "parallel_test");
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(stream.Normal());
  return values;
}

TEST(InParallelTest, PiecesRunInThreadsOfTheirOwnAndFailuresComeBack) {
  at::set_num_threads(3);
  std::mutex mutex;
  std::map<std::thread::id, int64_t> done;
  InParallel(0, 30, 1, [&](int64_t from, int64_t to) {
    const std::lock_guard lock(mutex);
    done[std::this_thread::get_id()] += to - from;
  });
  EXPECT_EQ(done.size(), 3U);
  EXPECT_EQ(std::accumulate(done.begin(), done.end(), int64_t{0}, [](int64_t sum, const auto& part) { return sum + part.second; }), 30);
  EXPECT_THROW(InParallel(0, 30, 1, [](int64_t, int64_t) { TEMPER_FAIL("a piece failed"); }), Error);
  at::set_num_threads(1);
}

TEST(PackedLinearTest, ThreadsChangeNoBit) {
  const int64_t n = 1000, k = 333;
  const auto w = Normals(1, n * k), x = Normals(2, 70 * k), b = Normals(3, n);
  const at::Tensor weight = at::from_blob(const_cast<float*>(w.data()), {n, k}), bias = at::from_blob(const_cast<float*>(b.data()), {n});
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const PackedLinear linear(weight, bias, type);
    for (const int64_t m : {1, 2, 24, 25, 70}) {
      const at::Tensor in = at::from_blob(const_cast<float*>(x.data()), {m, k});
      at::set_num_threads(1);
      const at::Tensor alone = linear.Apply(in);
      at::set_num_threads(3);
      EXPECT_TRUE(linear.Apply(in).equal(alone)) << type << ", rows " << m;
      at::set_num_threads(1);
      for (int64_t row = 0; row < m; row += 7)
        EXPECT_TRUE(linear.Apply(in.narrow(0, row, 1))[0].equal(alone[row])) << type << ", row " << row;
    }
  }
}

TEST(PackedLinearTest, TakesOtherNumbersInTheSameMemory) {
  const auto first = Normals(1, 45 * 37), second = Normals(2, 45 * 37), x = Normals(3, 4 * 37);
  const auto tensor = [](const std::vector<float>& values, int64_t rows) {
    return at::from_blob(const_cast<float*>(values.data()), {rows, 37});
  };
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    PackedLinear linear(tensor(first, 45), {}, type);
    linear.Pack(tensor(second, 45), {}, type);
    EXPECT_TRUE(linear.Apply(tensor(x, 4)).equal(PackedLinear(tensor(second, 45), {}, type).Apply(tensor(x, 4))));
  }
}

}  // namespace
}  // namespace temper
