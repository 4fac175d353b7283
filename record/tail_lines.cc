#include "record/tail_lines.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace temper {

std::vector<std::string> TailLines(const std::string& path, int64_t bytes) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return {};
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<int64_t>(file.tellg());
  file.seekg(std::max<int64_t>(0, size - bytes));
  std::vector<std::string> lines;
  std::string line;
  if (size > bytes) std::getline(file, line);  // most likely the end of one
  while (std::getline(file, line) && !file.eof()) lines.push_back(line);
  return lines;
}

}  // namespace temper
