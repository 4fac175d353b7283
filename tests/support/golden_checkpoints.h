#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace temper {

// Where the checkpoints of tests/golden/transformer_golden.py lie; TEMPER_GOLDEN_CHECKPOINTS names another folder of such folders.
inline std::string GoldenCheckpointsFolder() {
  const char* other = std::getenv("TEMPER_GOLDEN_CHECKPOINTS");
  return other != nullptr ? std::string(other) : std::string(TEMPER_SOURCE_DIR) + "/tests/golden/transformer";
}

// Their names, sorted.
inline std::vector<std::string> GoldenCheckpoints() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(GoldenCheckpointsFolder())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace temper
