#pragma once

#include <filesystem>
#include <string>

namespace temper {

// A small file of a model folder, whole. Throws ConfigError when it cannot be read or is larger than 64 MiB.
std::string ReadTextFile(const std::filesystem::path& path);

// Writes the file and flushes it to disk. Not atomic: for files in a folder that is renamed later.
void WriteTextFile(const std::filesystem::path& path, const std::string& text);

// Flushes a file, or a folder's list of names, to disk.
void FlushToDisk(const std::filesystem::path& path);

}  // namespace temper
