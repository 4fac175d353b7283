#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace temper {

// Largest file that is read whole: of what people and programs describe (settings, templates, model configurations) and of data
// (prompts, samples, metrics), which a large machine's memory can still hold.
inline constexpr uint64_t kMaxDocumentBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxDataBytes = uint64_t{64} << 30;

struct ReadOptions {
  std::string what = {};  // the file as a message calls it: "the policy spec"
  std::string hint = {};  // what to do when it cannot be read
  uint64_t max_bytes = kMaxDocumentBytes;
  bool any_bytes = false;  // ReadUserFile takes what is no text, too
};

// The bytes of a regular file of at most max_bytes. Otherwise nothing, and *reason says why, without the path: "No such file or directory",
// "it is a folder; give a file". A pipe or a device is refused at once, whoever writes into it.
std::optional<std::string> TryReadFile(const std::filesystem::path& path, uint64_t max_bytes, std::string* reason);

// The same for a file of the program's own. Throws Error "PATH: cannot read WHAT: REASON; HINT".
std::string ReadFile(const std::filesystem::path& path, const ReadOptions& options = {});

// The same for a text that the user names or provides. Throws ConfigError with the same words, also where the bytes are no UTF-8 text
// (cluster/base/utf8.h, NoTextBecause).
std::string ReadUserFile(const std::filesystem::path& path, const ReadOptions& options = {});

struct WriteOptions {
  bool durable = false;  // the file and its name are on disk when the call returns, whatever happens to the machine then
  mode_t mode = 0666;    // permissions, less the process's umask
};

// Replaces the file at `path` by one that holds `text`. Readers find the old file or the new one, whole: the text is written to PATH.tmp,
// which is renamed. One process at a time may write a path. Returns why it cannot be done ("No space left on device"), "" = done; the old
// file then stays as it was.
[[nodiscard]] std::string TryWriteFile(const std::filesystem::path& path, std::string_view text, const WriteOptions& options = {});

// The same. Throws Error "PATH: cannot write: REASON".
void WriteFile(const std::filesystem::path& path, std::string_view text, const WriteOptions& options = {});

// Appends to a file, made when absent. A write that stopped half way is taken back, so that the file stays readable. Returns the error, ""
// = done. A pipe that nobody reads is an error, not a wait.
[[nodiscard]] std::string AppendToFile(const std::filesystem::path& path, std::string_view bytes);

// Writes all of `bytes` to an open file, however often the system takes less. False, with errno, when it cannot.
bool WriteAll(int fd, std::string_view bytes);

// Flushes a file, or the list of names of a folder, to disk. Throws Error.
void FlushToDisk(const std::filesystem::path& path);

}  // namespace temper
