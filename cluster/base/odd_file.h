#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace temper {

// Why what is at the path cannot be read as a file, without the path. Examples: "it is a folder;
// give a file", "it is a pipe; give a regular file". "" for a regular file, and where nothing is.
// Opens nothing, so it never waits.
std::string OddFile(const std::filesystem::path& path);

// The same of the mode that stat tells; "" for a regular file.
std::string OddMode(mode_t mode);

}  // namespace temper
