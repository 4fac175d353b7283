#include "bench/train_device.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include <ATen/Parallel.h>

#include "bench/device_limits.h"
#include "cluster/base/clock.h"
#include "cluster/base/keyed_random.h"
#include "cluster/collectives/communicator.h"
#include "learner/learner.h"
#include "policy/kernels/compute_device.h"

namespace temper {
namespace {

std::vector<int32_t> RandomTokens(KeyedStream& stream, int64_t length, int64_t vocabulary) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < length; ++i) tokens.push_back(static_cast<int32_t>(stream.Below(static_cast<uint64_t>(vocabulary))));
  return tokens;
}

// The fastest of a few updates after one that warms up, and its report.
void Measure(const char* what, const Transformer& model, const std::function<UpdateReport()>& update) {
  update();
  double best = 1e9;
  UpdateReport report;
  for (int i = 0; i < 4; ++i) {
    const Stopwatch watch;
    UpdateReport one = update();
    if (watch.Seconds() >= best) continue;
    best = watch.Seconds();
    report = std::move(one);
  }
  const DeviceLimits limits = LimitsFromEnvironment();
  const auto parameters = static_cast<double>(model.num_parameters());
  const double tokens = report.at("perf/stream_tokens"), optimizer_s = report.at("timing_s/optimizer");
  std::printf(
      "train %s %s  %-22s %8.1f ms  %9.0f stream tokens/s  MFU %5.1f %%  forward %.1f backward %.1f optimizer %.1f ms "
      "(%.0f %% of HBM)\n",
      model.config().num_layers == 24 ? "Qwen2.5-0.5B bf16" : "smoke bf16", model.device().str().c_str(), what, 1e3 * best, tokens / best,
      100 * 6 * parameters * tokens / best / limits.flops, 1e3 * report.at("timing_s/forward"), 1e3 * report.at("timing_s/backward"),
      1e3 * optimizer_s, 100 * 28 * parameters / optimizer_s / limits.bytes_per_s);
  std::fflush(stdout);
}

}  // namespace

void TrainOnDevice(const std::string& device) {
  at::set_num_threads(1);
  const bool smoke = device == "cpu";
  const int64_t length = smoke ? 16 : 256;
  Transformer model(QwenShape(smoke));
  model.MoveTo(ComputeDevice(ParseEnum<DeviceChoice>(device), 0));
  model.UsePortable();
  model.Initialize(1);
  std::printf("%s\n", smoke ? "cpu" : GpuDescription().c_str());
  const auto communicator = MakeSingleCommunicator();
  const char* tokens = std::getenv("MICRO_BATCH");
  Learner learner(&model, {.micro_batch_tokens = tokens == nullptr ? 8192 : std::atoll(tokens), .dtype = ComputeType::kBf16},
                  communicator.get());
  learner.BeginStage({.lr = 1e-6}, 1000);
  learner.SetReference();
  KeyedStream stream(1, "train_device");
  const int64_t vocabulary = model.config().vocab_size;
  std::vector<SftExample> examples;
  for (int i = 0; i < 64; ++i) examples.push_back({RandomTokens(stream, 2 * length, vocabulary), length});
  std::vector<TrainGroup> groups;
  for (uint64_t g = 0; g < 8; ++g) {
    TrainGroup group{g, RandomTokens(stream, length, vocabulary), {}};
    for (int i = 0; i < 8; ++i) {
      const auto count = static_cast<size_t>(length);
      group.samples.push_back(
          {RandomTokens(stream, length, vocabulary), std::vector<float>(count, -11.9f), std::vector<int64_t>(count, 0), stream.Normal()});
    }
    groups.push_back(std::move(group));
  }
  Measure("SFT 64 sequences", model, [&] { return learner.SftUpdate(examples); });
  Measure("GRPO 8 x 8, KL, packed", model, [&] { return learner.RlUpdate(groups, {}); });
}

}  // namespace temper
