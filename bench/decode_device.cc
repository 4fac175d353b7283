#include "bench/decode_device.h"

#include <algorithm>
#include <cstdio>

#include <ATen/Parallel.h>

#include "bench/device_limits.h"
#include "cluster/base/clock.h"
#include "policy/kernels/compute_device.h"
#include "rollout/engine/generation_engine.h"

namespace temper {
namespace {

struct Settings {
  int64_t prompt, new_tokens, group;
};

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::max<int64_t>(1, std::atoll(text));
}

struct Round {
  double prefill_s, step_s;  // of the first step with all prompts, of a later one on average
};

// `slots` completions of full length, begun together.
Round Generate(GenerationEngine* engine, int64_t slots, const Settings& settings, int64_t vocabulary, uint64_t key) {
  const Stopwatch watch;
  for (int64_t first = 0; first < slots; first += settings.group) {
    GenerationRequest request;
    request.group_id = request.prompt_key = key * 100000 + static_cast<uint64_t>(first);
    for (int64_t i = 0; i < settings.prompt; ++i) request.prompt_tokens.push_back(static_cast<int32_t>((i * 7 + first) % vocabulary));
    request.num_samples = std::min(settings.group, slots - first);
    request.sampling.max_new_tokens = settings.new_tokens;
    engine->Submit(std::move(request));
  }
  engine->Step();
  const double begun = watch.Seconds();
  int64_t steps = 0;
  for (; !engine->idle(); ++steps) engine->Step();
  return {begun, (watch.Seconds() - begun) / static_cast<double>(std::max<int64_t>(1, steps))};
}

void Measure(const Transformer& model, int64_t slots, bool graphs, const Settings& settings) {
  const TransformerConfig& config = model.config();
  GenerationEngine engine(
      &model,
      {.slots = slots, .max_tokens = settings.prompt + settings.new_tokens, .prefill_tokens = slots * settings.prompt, .graphs = graphs});
  Generate(&engine, slots, settings, config.vocab_size, 0);  // warms up, records the graphs
  Round best{1e9, 1e9};
  for (uint64_t round = 1; round <= 3; ++round) {
    const Round one = Generate(&engine, slots, settings, config.vocab_size, round);
    best = {std::min(best.prefill_s, one.prefill_s), std::min(best.step_s, one.step_s)};
  }
  const DeviceLimits limits = LimitsFromEnvironment();
  const auto parameters = static_cast<double>(model.num_parameters()), batch = static_cast<double>(slots);
  const double context = static_cast<double>(settings.prompt) + static_cast<double>(settings.new_tokens) / 2;
  const double bytes = 2 * parameters + batch * context * CacheBytes(config);
  std::printf(
      "decode %s %s graphs %-3s slots %4lld  prompt %lld new %lld  %8.3f ms/step %9.0f tokens/s  HBM %5.1f %%  FLOP %5.1f %%  "
      "first step %.1f ms\n",
      config.num_layers == 24 ? "Qwen2.5-0.5B bf16" : "smoke bf16", model.device().str().c_str(), graphs ? "on" : "off",
      static_cast<long long>(slots), static_cast<long long>(settings.prompt), static_cast<long long>(settings.new_tokens),
      1e3 * best.step_s, batch / best.step_s, 100 * bytes / best.step_s / limits.bytes_per_s,
      100 * 2 * parameters * batch / best.step_s / limits.flops, 1e3 * best.prefill_s);
  std::fflush(stdout);
}

}  // namespace

void DecodeOnDevice(const std::string& device) {
  at::set_num_threads(1);
  const bool smoke = device == "cpu";
  Transformer model(QwenShape(smoke));
  model.MoveTo(ComputeDevice(ParseEnum<DeviceChoice>(device), 0));
  model.UsePortable();
  model.SetInferenceType(at::kBFloat16);
  model.Initialize(1);
  std::printf("%s\n", smoke ? "cpu" : GpuDescription().c_str());
  const Settings settings{FromEnvironment("PROMPT", smoke ? 16 : 128), FromEnvironment("NEW", smoke ? 16 : 256),
                          FromEnvironment("GROUP", 8)};
  for (const int64_t slots : smoke ? std::vector<int64_t>{8} : std::vector<int64_t>{1, 8, 32, 64, 128, 256, 512}) {
    for (const bool graphs : {true, false}) Measure(model, slots, graphs, settings);
  }
}

}  // namespace temper
