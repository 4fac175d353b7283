#include "cluster/base/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/odd_file.h"
#include "cluster/base/utf8.h"

namespace temper {
namespace {

constexpr size_t kFirstReadBytes = size_t{64} << 10;  // where the size is not known before: files of /proc

std::string ErrnoText() { return std::strerror(errno); }

// An open file, closed at the end of the scope. fd() < 0: it could not be opened, errno says why.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  // False, with errno, when what was written did not arrive.
  bool Close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

std::string SizeProblem(uint64_t bytes, uint64_t max_bytes) {
  return bytes <= max_bytes ? "" : Concat("it has ", bytes, " bytes; at most ", max_bytes, " are read");
}

// Reads to the end of the file, which may grow meanwhile.
std::optional<std::string> ReadToEnd(int fd, uint64_t size, uint64_t max_bytes, std::string* reason) {
  std::string text(size > 0 ? size + 1 : kFirstReadBytes, '\0');  // one byte more finds the end
  size_t filled = 0;
  while (filled <= max_bytes) {
    if (filled == text.size()) text.resize(2 * filled);
    const ssize_t got = ::read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      *reason = ErrnoText();
      return std::nullopt;
    }
    if (got == 0) {
      text.resize(filled);
      return text;
    }
    filled += static_cast<size_t>(got);
  }
  *reason = SizeProblem(filled, max_bytes);
  return std::nullopt;
}

std::string ReadProblem(const std::filesystem::path& path, const ReadOptions& options, const std::string& reason) {
  return Concat(path.string(), ": cannot read", options.what.empty() ? "" : " ", options.what, ": ", reason,
                options.hint.empty() ? "" : "; ", options.hint);
}

std::filesystem::path FolderOf(const std::filesystem::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

std::string FlushProblem(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  return file.fd() >= 0 && ::fsync(file.fd()) == 0 ? "" : ErrnoText();
}

// Makes the file, which must not be there, and fills it.
std::string WriteNew(const std::filesystem::path& path, std::string_view text, const WriteOptions& options) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL, options.mode);
  const bool written = file.fd() >= 0 && WriteAll(file.fd(), text) && (!options.durable || ::fsync(file.fd()) == 0);
  return written && file.Close() ? "" : ErrnoText();
}

}  // namespace

std::optional<std::string> TryReadFile(const std::filesystem::path& path, uint64_t max_bytes, std::string* reason) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);  // a pipe is opened without waiting for its writer
  struct stat info {};
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) {
    *reason = ErrnoText();
    return std::nullopt;
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  *reason = OddMode(info.st_mode);
  if (reason->empty()) *reason = SizeProblem(size, max_bytes);
  return reason->empty() ? ReadToEnd(file.fd(), size, max_bytes, reason) : std::nullopt;
}

std::string ReadFile(const std::filesystem::path& path, const ReadOptions& options) {
  std::string reason;
  auto text = TryReadFile(path, options.max_bytes, &reason);
  TEMPER_CHECK(text.has_value(), ReadProblem(path, options, reason));
  return *std::move(text);
}

std::string ReadUserFile(const std::filesystem::path& path, const ReadOptions& options) {
  std::string reason;
  auto text = TryReadFile(path, options.max_bytes, &reason);
  if (!text) throw ConfigError(ReadProblem(path, options, reason));
  reason = options.any_bytes ? "" : NoTextBecause(*text);
  if (!reason.empty()) throw ConfigError(ReadProblem(path, {.what = options.what}, reason));
  return *std::move(text);
}

std::string TryWriteFile(const std::filesystem::path& path, std::string_view text, const WriteOptions& options) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return ErrnoText();  // left by a process that was killed
  std::string problem = WriteNew(temporary, text, options);
  if (problem.empty() && std::rename(temporary.c_str(), path.c_str()) != 0) problem = ErrnoText();
  if (problem.empty()) return options.durable ? FlushProblem(FolderOf(path)) : "";
  ::unlink(temporary.c_str());
  return problem;
}

void WriteFile(const std::filesystem::path& path, std::string_view text, const WriteOptions& options) {
  const std::string problem = TryWriteFile(path, text, options);
  TEMPER_CHECK(problem.empty(), path.string(), ": cannot write: ", problem);
}

// Opened again each time: a file whose folder was removed is noticed, one that was moved away is begun again.
std::string AppendToFile(const std::filesystem::path& path, std::string_view bytes) {
  Descriptor file(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0644);
  if (file.fd() < 0) return ErrnoText();
  const off_t before = ::lseek(file.fd(), 0, SEEK_END);
  const ssize_t written = ::write(file.fd(), bytes.data(), bytes.size());
  std::string error;
  if (written < 0) error = ErrnoText();
  if (written >= 0 && static_cast<size_t>(written) < bytes.size()) error = "no space for the whole row";
  if (written > 0 && !error.empty() && ::ftruncate(file.fd(), before) != 0) error += ", and the torn row stays: " + ErrnoText();
  if (!file.Close() && error.empty()) error = ErrnoText();
  return error;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = ENOSPC;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

void FlushToDisk(const std::filesystem::path& path) {
  const std::string problem = FlushProblem(path);
  TEMPER_CHECK(problem.empty(), path.string(), ": cannot flush to disk: ", problem);
}

}  // namespace temper
