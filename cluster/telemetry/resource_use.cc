#include "cluster/telemetry/resource_use.h"

#include <cstdio>

#include <sys/resource.h>
#include <unistd.h>

#include "cluster/telemetry/nvml.h"

namespace temper {
namespace {

int64_t CpuMicros() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto micros = [](const timeval& t) { return static_cast<int64_t>(t.tv_sec) * 1'000'000 + t.tv_usec; };
  return micros(use.ru_utime) + micros(use.ru_stime);
}

int64_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long long total = 0, resident = 0;
  if (std::fscanf(file, "%lld %lld", &total, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

ResourceSampler::ResourceSampler() = default;
ResourceSampler::~ResourceSampler() = default;
ResourceSampler::ResourceSampler(ResourceSampler&&) noexcept = default;
ResourceSampler& ResourceSampler::operator=(ResourceSampler&&) noexcept = default;

void ResourceSampler::Sample(int64_t now_us, TelemetryReport* report) {
  const int64_t cpu_us = CpuMicros();
  if (last_us_ > 0 && now_us > last_us_)
    report->cpu_percent = 100.0 * static_cast<double>(cpu_us - last_cpu_us_) / static_cast<double>(now_us - last_us_);
  last_us_ = now_us;
  last_cpu_us_ = cpu_us;
  report->rss_bytes = ResidentBytes();
  if (nvml_ == nullptr) nvml_ = std::make_unique<Nvml>();
  report->gpus = nvml_->Sample();
}

}  // namespace temper
