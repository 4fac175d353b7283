// libFuzzer target of the safetensors header: every input ends in ConfigError, or names tensors that cover the data exactly and write
// the same header again. The first two bytes of the input are the number of data bytes that follow the header.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/error.h"
#include "policy/formats/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint64_t data_bytes = data[0] + 256u * data[1];
  const std::string header(reinterpret_cast<const char*>(data + 2), size - 2);
  std::vector<temper::SafetensorsEntry> entries;
  try {
    entries = temper::ParseSafetensorsHeader("fuzz", header, data_bytes);
  } catch (const temper::ConfigError&) {
    return 0;
  }
  uint64_t covered = 0;
  for (const temper::SafetensorsEntry& entry : entries) {
    uint64_t bytes = c10::elementSize(entry.type);
    for (const int64_t count : entry.shape) bytes *= static_cast<uint64_t>(count);
    if (entry.begin != covered || entry.end - entry.begin != bytes) std::abort();
    covered = entry.end;
  }
  if (covered != data_bytes) std::abort();
  const auto again = temper::ParseSafetensorsHeader("fuzz", temper::MakeSafetensorsHeader("fuzz", entries, {}), data_bytes);
  for (size_t i = 0; i < entries.size(); ++i)
    if (again[i].begin != entries[i].begin || again[i].end != entries[i].end || again[i].shape.size() != entries[i].shape.size())
      std::abort();
  return 0;
}
