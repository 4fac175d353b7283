#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// The complete lines among the last `bytes` of a file that another process may be writing, without line ends; none when there is no such
// file. Nothing throws.
std::vector<std::string> TailLines(const std::string& path, int64_t bytes);

}  // namespace temper
