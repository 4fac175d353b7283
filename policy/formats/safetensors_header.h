#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <c10/core/ScalarType.h>

namespace temper {

// The JSON header of a safetensors file, apart from the file. Used by safetensors.h.

inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

// A tensor: bytes [begin, end) of the data that follow the header.
struct SafetensorsEntry {
  std::string name;
  c10::ScalarType type = c10::ScalarType::Float;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// The header's entries in the order of their data, which they cover without hole or overlap. Throws ConfigError, with `path` in front.
std::vector<SafetensorsEntry> ParseSafetensorsHeader(const std::string& path, const std::string& header, uint64_t data_bytes);

// The header as written, padded with spaces so that the data starts at a multiple of 8.
std::string MakeSafetensorsHeader(const std::string& path, const std::vector<SafetensorsEntry>& entries,
                                  const std::map<std::string, std::string>& metadata);

// A tensor's name as it may be printed: quoted, control characters escaped, cut.
std::string PrintableName(const std::string& name);

}  // namespace temper
