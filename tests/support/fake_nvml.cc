// The functions of NVIDIA's management library that Temper calls, of a machine with three GPUs: GPU i is i*10 + 5 percent busy and has
// i + 1 GiB of 8 in use. FAKE_NVML=init makes nvmlInit fail, FAKE_NVML=lost makes every question to a device fail.
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

bool Fails(const char* what) {
  const char* wanted = std::getenv("FAKE_NVML");
  return wanted != nullptr && std::string(wanted) == what;
}

uintptr_t IndexOf(void* device) { return reinterpret_cast<uintptr_t>(device) - 1; }

}  // namespace

extern "C" {

int nvmlInit_v2() { return Fails("init") ? 9 : 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 3;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(uintptr_t{index} + 1);
  return index < 3 ? 0 : 2;
}
int nvmlDeviceGetUtilizationRates(void* device, unsigned* rates) {
  if (Fails("lost")) return 15;
  rates[0] = static_cast<unsigned>(IndexOf(device) * 10 + 5);
  rates[1] = 1;
  return 0;
}
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* memory) {
  if (Fails("lost")) return 15;
  memory[0] = 8ULL << 30;
  memory[2] = (IndexOf(device) + 1) << 30;
  memory[1] = memory[0] - memory[2];
  return 0;
}
}
