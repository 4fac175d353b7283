#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace temper {

// Hash128OfFile (cluster/base/hash.h) of a regular file; nothing else is opened. Where it cannot be had nothing, and *reason says why,
// without the path.
std::optional<std::string> TryHash128OfFile(const std::filesystem::path& path, std::string* reason);

}  // namespace temper
