// Decode speed of the generation engine on one core, random weights, full-length completions: prints one line a shape.
//   decode_bench [tokens per completion, default 64] [only this shape] [only this number of slots]      (DTYPE=bf16: weights and cache)
// The peer, transformers' generate on the same shapes: bench/peers/generate_peer.py.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include <ATen/Parallel.h>

#include "policy/transformer.h"
#include "policy/vector_kernels.h"
#include "rollout/generation_engine.h"

namespace temper {
namespace {

struct Shape {
  const char* name;
  int64_t hidden, layers, heads, kv_heads, intermediate, vocab, slots;
};
constexpr Shape kShapes[] = {
    {"quickstart", 128, 2, 4, 4, 384, 331, 64}, {"quickstart", 128, 2, 4, 4, 384, 331, 32}, {"quickstart", 128, 2, 4, 4, 384, 331, 1},
    {"1M", 128, 4, 4, 2, 512, 512, 64},         {"1M", 128, 4, 4, 2, 512, 512, 32},         {"1M", 128, 4, 4, 2, 512, 512, 1},
    {"13M", 320, 8, 5, 5, 1280, 512, 64},       {"13M", 320, 8, 5, 5, 1280, 512, 32},       {"13M", 320, 8, 5, 5, 1280, 512, 1}};

TransformerConfig ConfigOf(const Shape& shape) {
  TransformerConfig config;
  config.vocab_size = shape.vocab;
  config.hidden_size = shape.hidden;
  config.intermediate_size = shape.intermediate;
  config.num_layers = shape.layers;
  config.num_heads = shape.heads;
  config.num_kv_heads = shape.kv_heads;
  config.head_dim = shape.hidden / shape.heads;
  config.max_positions = 1024;
  return config;
}

// Wall time, and processor time of this process: what the wall time would be on an idle core.
struct Seconds {
  double wall, cpu;
};

// Time to complete one batch of `slots` completions of `new_tokens`, groups of 8 with prompts of 32 tokens.
Seconds Generate(GenerationEngine* engine, const Shape& shape, int64_t new_tokens, uint64_t round) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  for (int64_t first = 0; first < shape.slots; first += 8) {
    GenerationRequest request;
    request.group_id = round * 1000 + static_cast<uint64_t>(first);
    request.prompt_key = static_cast<uint64_t>(first);
    for (int32_t i = 0; i < 32; ++i) request.prompt_tokens.push_back((i * 7 + static_cast<int32_t>(first)) % 300);
    request.num_samples = std::min<int64_t>(8, shape.slots);
    request.sampling.max_new_tokens = new_tokens;
    engine->Submit(std::move(request));
  }
  while (!engine->idle()) engine->Step();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC};
}

void Measure(const Shape& shape, int64_t new_tokens) {
  const char* dtype = std::getenv("DTYPE");
  const bool bf16 = dtype != nullptr && std::string_view(dtype) == "bf16";
  Transformer model(ConfigOf(shape));
  model.SetInferenceType(bf16 ? at::kBFloat16 : at::kFloat);
  model.Initialize(1);
  GenerationEngine engine(&model, {shape.slots, 1024});
  Generate(&engine, shape, new_tokens, 0);
  Seconds best{1e30, 1e30};
  for (uint64_t round = 1; round <= 5; ++round) {
    const Seconds taken = Generate(&engine, shape, new_tokens, round);
    best = {std::min(best.wall, taken.wall), std::min(best.cpu, taken.cpu)};
  }
  const double tokens = static_cast<double>(shape.slots * new_tokens);
  std::printf("decode %-10s slots %3lld  prompt 32  new %lld  %s %s  %9.0f tokens/s  %9.0f tokens/cpu-s\n", shape.name,
              static_cast<long long>(shape.slots), static_cast<long long>(new_tokens), bf16 ? "bf16" : "fp32", ActiveKernels().name,
              tokens / best.wall, tokens / best.cpu);
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  at::set_num_threads(1);
  const int64_t new_tokens = argc > 1 ? std::atoll(argv[1]) : 64;
  for (const temper::Shape& shape : temper::kShapes)
    if ((argc < 3 || std::string_view(argv[2]) == shape.name) && (argc < 4 || std::atoll(argv[3]) == shape.slots))
      temper::Measure(shape, new_tokens);
}
