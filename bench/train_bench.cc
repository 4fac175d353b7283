// Training speed of the learner: tokens/s of SFT updates and seconds of an RL step. The peer is bench/peers/train_peer.py, which trains
// the same shapes with plain PyTorch. Usage: train_bench [quick | sft SHAPE THREADS DTYPE | --device cuda|cpu (bench/train_device.h)].
// Figures are the best of several repeats; "cpu" is processor time of the process, which other jobs on the machine disturb less than the
// clock.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <malloc.h>

#include "bench/train_device.h"
#include "cluster/base/keyed_random.h"
#include "cluster/collectives/communicator.h"
#include "learner/learner.h"

namespace temper {
namespace {

struct Shape {
  const char* name;
  int64_t hidden, layers, intermediate, heads, vocabulary;
};
constexpr Shape kQuickstart{"quickstart", 128, 2, 384, 4, 331};
constexpr Shape k13M{"13M", 320, 8, 1280, 5, 512};

TransformerConfig ConfigOf(const Shape& shape) {
  TransformerConfig config;
  config.vocab_size = shape.vocabulary;
  config.hidden_size = shape.hidden;
  config.intermediate_size = shape.intermediate;
  config.num_layers = shape.layers;
  config.num_heads = config.num_kv_heads = shape.heads;
  config.head_dim = shape.hidden / shape.heads;
  config.max_positions = 512;
  config.eos_ids = {0};
  return config;
}

std::vector<int32_t> RandomTokens(KeyedStream& stream, int64_t length, int64_t vocabulary) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < length; ++i) tokens.push_back(static_cast<int32_t>(stream.Below(static_cast<uint64_t>(vocabulary))));
  return tokens;
}

std::vector<SftExample> SftBatch(const Shape& shape, int64_t sequences, int64_t length, int64_t answer) {
  KeyedStream stream(1, "sft");
  std::vector<SftExample> batch;
  for (int64_t i = 0; i < sequences; ++i) batch.push_back({RandomTokens(stream, length, shape.vocabulary), length - answer});
  return batch;
}

std::vector<TrainGroup> RlBatch(const Shape& shape, int64_t prompts, int64_t samples, int64_t prompt_length, int64_t answer) {
  KeyedStream stream(2, "rl");
  std::vector<TrainGroup> batch;
  for (int64_t g = 0; g < prompts; ++g) {
    TrainGroup group{static_cast<uint64_t>(g), RandomTokens(stream, prompt_length, shape.vocabulary), {}};
    for (int64_t s = 0; s < samples; ++s) {
      const int64_t length = answer - 5 + static_cast<int64_t>(stream.Below(11));
      group.samples.push_back({RandomTokens(stream, length, shape.vocabulary), std::vector<float>(length, -5.8f),
                               std::vector<int64_t>(length, 0), stream.Normal()});
    }
    batch.push_back(std::move(group));
  }
  return batch;
}

struct Timing {
  double wall_s = 1e9;
  double cpu_s = 1e9;
};

Timing BestOf(int repeats, const std::function<void()>& work) {
  work();
  Timing best;
  for (int i = 0; i < repeats; ++i) {
    const std::clock_t cpu = std::clock();
    const auto start = std::chrono::steady_clock::now();
    work();
    best.wall_s = std::min(best.wall_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    best.cpu_s = std::min(best.cpu_s, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  }
  return best;
}

void PrintPhases(const UpdateReport& report) {
  for (const char* phase : {"forward_ref", "forward", "backward", "optimizer"}) {
    std::printf(" %s %.1f", phase, 1e3 * report.at(std::string("timing_s/") + phase));
  }
  std::printf(" ms\n");
}

void Run(const Shape& shape, int threads, ComputeType dtype, int repeats, bool sft_only = false) {
  Transformer model(ConfigOf(shape));
  model.Initialize(1);
  const auto communicator = MakeSingleCommunicator();
  Learner learner(&model, {.micro_batch_tokens = 8192, .threads = threads, .dtype = dtype}, communicator.get());
  learner.BeginStage({}, 1000);
  learner.SetReference();
  UpdateReport report;
  const auto print = [&](const char* what, int64_t tokens, const Timing& t) {
    std::printf("%-10s %s %d thread%s %-18s %8.1f ms (cpu %.1f) %9.0f tokens/s (cpu %.0f)", shape.name, std::string(NameOf(dtype)).c_str(),
                threads, threads > 1 ? "s" : "", what, 1e3 * t.wall_s, 1e3 * t.cpu_s, static_cast<double>(tokens) / t.wall_s,
                static_cast<double>(tokens) / t.cpu_s);
    PrintPhases(report);
  };
  const auto sft = SftBatch(shape, 32, 48, 16);
  print("sft 32x48", 32 * 48, BestOf(repeats, [&] {
          report = learner.SftUpdate(sft);
          report["timing_s/forward_ref"] = 0;
        }));
  if (sft_only) return;
  const auto rl = RlBatch(shape, 24, 8, 37, 15);
  int64_t tokens = 0;  // as a trainer without a shared prompt counts them
  for (const TrainGroup& group : rl) {
    for (const TrainSample& sample : group.samples) tokens += static_cast<int64_t>(group.prompt_tokens.size() + sample.tokens.size());
  }
  print("rl 24x8 (37+15)", tokens, BestOf(repeats, [&] { report = learner.RlUpdate(rl, {}); }));
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  // Keep freed blocks: returning every large temporary to the system costs more than the arithmetic on it.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  at::set_num_threads(1);
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "--device" && argc == 3) {
    try {
      temper::TrainOnDevice(argv[2]);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "train_bench: %s\n", error.what());
      return 1;
    }
    return 0;
  }
  if (mode == "sft") {
    if (argc != 5 || std::atoi(argv[3]) < 1) {
      std::fprintf(stderr, "usage: train_bench sft quickstart|13M THREADS fp32|bf16\n");
      return 2;
    }
    temper::Run(std::string(argv[2]) == "13M" ? temper::k13M : temper::kQuickstart, std::atoi(argv[3]),
                temper::ParseEnum<temper::ComputeType>(argv[4]), 3, /*sft_only=*/true);
    return 0;
  }
  const bool quick = mode == "quick";
  for (const int threads : {1, 2}) {
    temper::Run(temper::kQuickstart, threads, temper::ComputeType::kFp32, quick ? 2 : 10);
    if (!quick) temper::Run(temper::k13M, threads, temper::ComputeType::kFp32, 3);
    if (!quick) temper::Run(temper::k13M, threads, temper::ComputeType::kBf16, 3);
  }
}
