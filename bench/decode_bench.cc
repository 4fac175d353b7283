// Decode speed of the generation engine, random weights, full-length completions: prints one line a shape.
//   decode_bench [tokens per completion, default 64] [only this shape] [only this number of slots]
//   decode_bench --device cuda|cpu      at the shape of Qwen2.5-0.5B on a GPU, see bench/decode_device.h
// Environment: DTYPE=bf16 (weights and cache), PROMPT=<tokens, default 32>, GROUP=<completions that share a prompt, default 8>,
// WORKERS=<processes that divide the slots among them, default 1>, THREADS=<of each, default 1>. Workers begin every round together; a
// round's time is the slowest's. Figures are those of the fastest of five rounds: tokens/s with the prompts' forward, and without it
// ("decoding"). The peers: bench/peers/generate_peer.py and llama_decode.cc.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include <ATen/Parallel.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/decode_device.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/collectives/shared_barrier.h"
#include "policy/kernels/vector_kernels.h"
#include "policy/model/transformer.h"
#include "rollout/engine/generation_engine.h"

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

constexpr int kRounds = 5;
constexpr int kMaxWorkers = 16;
constexpr auto kDeadline = std::chrono::seconds(300);

struct Settings {
  int64_t new_tokens = 64, prompt = 32, group = 8, workers = 1, threads = 1;
  bool bf16 = false;
};

// One round of one worker. Processor time is what the wall time would be on an idle core; `decoding` is the wall time after the first
// step, in which the prompts are computed, and `decoded` the tokens drawn in it.
struct Round {
  double wall, cpu, decoding;
  int64_t decoded;
};

// What the workers share.
struct Board {
  SharedBarrier barrier;
  Round rounds[kMaxWorkers][kRounds + 1];  // the first warms up
};

Round Generate(GenerationEngine* engine, int64_t slots, const Settings& settings, uint64_t key) {
  const Stopwatch watch;
  const std::clock_t cpu_start = std::clock();
  for (int64_t first = 0; first < slots; first += settings.group) {
    GenerationRequest request;
    request.group_id = request.prompt_key = key * 1000 + static_cast<uint64_t>(first);
    for (int64_t i = 0; i < settings.prompt; ++i) request.prompt_tokens.push_back(static_cast<int32_t>((i * 7 + first) % 300));
    request.num_samples = std::min(settings.group, slots - first);
    request.sampling.max_new_tokens = settings.new_tokens;
    engine->Submit(std::move(request));
  }
  engine->Step();
  const double begun = watch.Seconds();
  const int64_t before = engine->tokens_generated();
  while (!engine->idle()) engine->Step();
  const double wall = watch.Seconds();
  return {wall, static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC, wall - begun, engine->tokens_generated() - before};
}

void Work(const Shape& shape, const Settings& settings, int worker, int num_workers, Board* board) {
  at::set_num_threads(static_cast<int>(settings.threads));
  const int64_t slots = shape.slots / num_workers + (worker < shape.slots % num_workers);
  Transformer model(ConfigOf(shape));
  model.SetInferenceType(settings.bf16 ? at::kBFloat16 : at::kFloat);
  model.Initialize(1);
  GenerationEngine engine(&model, {slots, 1024});
  for (int round = 0; round <= kRounds; ++round) {
    board->barrier.Arrive(worker, num_workers, kDeadline, "round");
    board->rounds[worker][round] = Generate(&engine, slots, settings, static_cast<uint64_t>(round * kMaxWorkers + worker));
  }
}

// Forked before this process computes anything: threads do not survive a fork.
void WorkInProcesses(const Shape& shape, const Settings& settings, int num_workers, Board* board) {
  for (int worker = 0; worker < num_workers; ++worker) {
    const pid_t child = fork();
    TEMPER_CHECK(child >= 0, "cannot fork");
    if (child != 0) continue;
    try {
      Work(shape, settings, worker, num_workers, board);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "decode_bench: %s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  for (int worker = 0; worker < num_workers; ++worker) {
    int status = 0;
    TEMPER_CHECK(wait(&status) > 0 && status == 0, "a worker failed");
  }
}

void Measure(const Shape& shape, const Settings& settings) {
  const int num_workers = static_cast<int>(std::min(settings.workers, shape.slots));
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  TEMPER_CHECK(memory != MAP_FAILED, "no shared memory");
  auto* board = static_cast<Board*>(memory);
  WorkInProcesses(shape, settings, num_workers, board);
  double wall = 1e30, cpu = 1e30, decoding = 0;
  for (int round = 1; round <= kRounds; ++round) {
    Round all{};
    for (int worker = 0; worker < num_workers; ++worker) {
      const Round& one = board->rounds[worker][round];
      all = {std::max(all.wall, one.wall), all.cpu + one.cpu, std::max(all.decoding, one.decoding), all.decoded + one.decoded};
    }
    wall = std::min(wall, all.wall);
    cpu = std::min(cpu, all.cpu);
    if (all.decoded > 0) decoding = std::max(decoding, static_cast<double>(all.decoded) / all.decoding);
  }
  munmap(memory, sizeof(Board));
  const double tokens = static_cast<double>(shape.slots * settings.new_tokens);
  std::printf(
      "decode %-10s slots %3lld  prompt %lld  new %lld  %s %s  workers %d x %lld  %9.0f tokens/s  %9.0f tokens/cpu-s  decoding %9.0f/s\n",
      shape.name, static_cast<long long>(shape.slots), static_cast<long long>(settings.prompt), static_cast<long long>(settings.new_tokens),
      settings.bf16 ? "bf16" : "fp32", ActiveKernels().name, num_workers, static_cast<long long>(settings.threads), tokens / wall,
      tokens / cpu, decoding);
  std::fflush(stdout);
}

int64_t NumberFrom(const char* name, int64_t otherwise, int64_t most) {
  const char* text = std::getenv(name);
  const int64_t value = text == nullptr ? otherwise : std::atoll(text);
  TEMPER_CHECK(value >= 1 && value <= most, name, " must be 1 to ", most, ", not ", text);
  return value;
}

void Run(int argc, char** argv) {
  Settings settings;
  const char* dtype = std::getenv("DTYPE");
  settings.bf16 = dtype != nullptr && std::string_view(dtype) == "bf16";
  settings.prompt = NumberFrom("PROMPT", 32, 900);
  settings.group = NumberFrom("GROUP", 8, 1000);
  settings.workers = NumberFrom("WORKERS", 1, kMaxWorkers);
  settings.threads = NumberFrom("THREADS", 1, kMaxWorkers);
  if (argc > 1) settings.new_tokens = std::atoll(argv[1]);
  for (const Shape& shape : kShapes) {
    if ((argc < 3 || std::string_view(argv[2]) == shape.name) && (argc < 4 || std::atoll(argv[3]) == shape.slots)) Measure(shape, settings);
  }
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::string_view(argv[1]) == "--device")
      temper::DecodeOnDevice(argv[2]);
    else
      temper::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "decode_bench: %s\n", error.what());
    return 1;
  }
}
