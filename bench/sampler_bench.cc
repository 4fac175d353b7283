// One token with its log-probability for each of 32 rows of 32,000 logits, on one thread: our sampler, and at::softmax + at::multinomial +
// the log-probability gathered, in turns. Prints milliseconds a batch.
//   sampler_bench [repeats, default 20]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/clock.h"
#include "cluster/base/keyed_random.h"
#include "rollout/engine/sampler.h"

namespace temper {
namespace {

constexpr int64_t kRows = 32;
constexpr int64_t kVocabulary = 32'000;

double Ours(const at::Tensor& logits, uint64_t round) {
  Sampler sampler;
  const SamplingOptions options;
  const float* row = logits.const_data_ptr<float>();
  double sum = 0;
  for (int64_t i = 0; i < kRows; ++i, row += kVocabulary) {
    const double uniform = UniformAt({.seed = 1, .step = round, .prompt = 1, .sample = static_cast<uint32_t>(i)}, 0);
    sum += sampler.Draw(std::span(row, kVocabulary), options, 0, uniform).logprob;
  }
  return sum;
}

double Peer(const at::Tensor& logits) {
  const at::Tensor probabilities = at::softmax(logits, -1);
  const at::Tensor tokens = at::multinomial(probabilities, 1);
  return at::log(at::gather(probabilities, 1, tokens)).sum().item<double>();
}

double BestMilliseconds(int repeats, const std::function<double(uint64_t)>& work) {
  double best = 1e9;
  volatile double kept = work(0);  // the work must not be left out
  for (int i = 1; i <= repeats; ++i) {
    const Stopwatch watch;
    kept = work(static_cast<uint64_t>(i));
    best = std::min(best, 1e3 * watch.Seconds());
  }
  (void)kept;
  return best;
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  at::set_num_threads(1);
  const c10::InferenceMode inference;
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 20;
  const at::Tensor logits = 3 * at::randn({temper::kRows, temper::kVocabulary});
  const double ours = temper::BestMilliseconds(5 * repeats, [&](uint64_t round) { return temper::Ours(logits, round); });
  const double peer = temper::BestMilliseconds(repeats, [&](uint64_t) { return temper::Peer(logits); });
  std::printf("sampler 32x32000 fp32 1 thread: ours %.4f ms; softmax + multinomial %.4f ms; ratio %.1f\n", ours, peer, peer / ours);
}
