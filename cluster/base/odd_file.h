#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace temper {

// Why what is at the path cannot be read as a file, without the path. Examples: "it is a folder;
// give a file", "it is a pipe; give a regular file". "" for a regular file, and where nothing is.
// Opens nothing, so it never waits. A link in a circle is odd, too.
std::string OddFile(const std::filesystem::path& path);

// Throws ConfigError "PATH: REASON; ADVICE" where OddFile has a reason: to start again would not help.
void RefuseOddFile(const std::filesystem::path& path, const std::string& advice);

// Whether something is at the path, whatever it is: a link that leads nowhere, too. Never throws.
bool IsAnythingAt(const std::filesystem::path& path) noexcept;

// The same of the mode that stat tells; "" for a regular file.
std::string OddMode(mode_t mode);

}  // namespace temper
