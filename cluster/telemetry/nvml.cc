#include "cluster/telemetry/nvml.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>

#include <dlfcn.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"

namespace temper {
namespace {

// The prototypes and layouts of nvml.h that are used here; they are part of the library's stable interface.
using Device = void*;
struct Utilization {
  unsigned gpu;
  unsigned memory;
};
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// The indices CUDA_VISIBLE_DEVICES names; false in `named` when it is not set or names devices otherwise (UUIDs).
std::vector<unsigned> VisibleIndices(bool* named) {
  *named = false;
  const char* text = std::getenv("CUDA_VISIBLE_DEVICES");
  if (text == nullptr) return {};
  std::vector<unsigned> indices;
  const std::string all = text;
  for (size_t at = 0; at < all.size();) {
    const size_t comma = std::min(all.find(',', at), all.size());
    unsigned index = 0;
    const auto [stop, failed] = std::from_chars(all.data() + at, all.data() + comma, index);
    if (failed != std::errc() || stop != all.data() + comma) return {};
    indices.push_back(index);
    at = comma + 1;
  }
  *named = true;
  return indices;
}

}  // namespace

struct Nvml::Library {
  void* handle = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*by_index)(unsigned, Device*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*memory)(Device, Memory*) = nullptr;
  std::vector<std::pair<unsigned, Device>> devices;

  ~Library() {
    if (shutdown != nullptr) shutdown();
    if (handle != nullptr) dlclose(handle);
  }

  template <typename F>
  bool Find(const char* name, F* function) {
    *function = reinterpret_cast<F>(dlsym(handle, name));
    return *function != nullptr;
  }

  // "" when everything is there.
  std::string Open() {
    int (*stop)() = nullptr;
    if (!Find("nvmlInit_v2", &init) || !Find("nvmlShutdown", &stop) || !Find("nvmlDeviceGetCount_v2", &count) ||
        !Find("nvmlDeviceGetHandleByIndex_v2", &by_index) || !Find("nvmlDeviceGetUtilizationRates", &utilization) ||
        !Find("nvmlDeviceGetMemoryInfo", &memory))
      return "it lacks a function";
    if (const int code = init()) return Concat("nvmlInit gives ", code);
    shutdown = stop;
    unsigned found = 0;
    if (const int code = count(&found)) return Concat("nvmlDeviceGetCount gives ", code);
    bool named = false;
    const std::vector<unsigned> visible = VisibleIndices(&named);
    for (unsigned i = 0; i < found; ++i) {
      if (named && std::find(visible.begin(), visible.end(), i) == visible.end()) continue;
      Device device = nullptr;
      if (const int code = by_index(i, &device)) return Concat("nvmlDeviceGetHandleByIndex(", i, ") gives ", code);
      devices.emplace_back(i, device);
    }
    return "";
  }
};

Nvml::Nvml(const char* library) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    // Where there is a GPU without the library, its use will be missing from cluster.jsonl: say why.
    if (access("/dev/nvidiactl", F_OK) == 0)
      TEMPER_LOG(Warn, "this host has NVIDIA GPUs, but ", library, " cannot be loaded: their use is not logged (", dlerror(), ")");
    return;
  }
  library_ = std::make_unique<Library>();
  library_->handle = handle;
  const std::string wrong = library_->Open();
  if (wrong.empty()) return;
  TEMPER_LOG(Warn, library, ": ", wrong, "; the use of GPUs is not logged");
  library_.reset();
}

Nvml::~Nvml() = default;

std::vector<GpuUse> Nvml::Sample() {
  std::vector<GpuUse> uses;
  if (library_ == nullptr) return uses;
  for (const auto& [index, device] : library_->devices) {
    Utilization utilization{};
    Memory memory{};
    const int use_code = library_->utilization(device, &utilization);
    const int memory_code = library_->memory(device, &memory);
    if (use_code != 0 && memory_code != 0) {
      TEMPER_LOG(Warn, "NVML no longer answers for GPU ", index, " (", use_code, ", ", memory_code,
                 "): the use of GPUs is no longer logged");
      library_.reset();
      return {};
    }
    uses.push_back({index, static_cast<double>(utilization.gpu), static_cast<int64_t>(memory.used), static_cast<int64_t>(memory.total)});
  }
  return uses;
}

}  // namespace temper
