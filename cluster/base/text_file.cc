#include "cluster/base/text_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr uintmax_t kMaxBytes = 64 << 20;

}  // namespace

std::string ReadTextFile(const std::filesystem::path& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw ConfigError(Concat(path.string(), ": cannot read: ", error.message()));
  if (size > kMaxBytes) throw ConfigError(Concat(path.string(), ": ", size, " bytes; the limit is ", kMaxBytes));
  std::ifstream in(path, std::ios::binary);
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in) throw ConfigError(Concat(path.string(), ": cannot read"));
  return text;
}

void FlushToDisk(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool flushed = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  TEMPER_CHECK(flushed, path.string(), ": fsync failed: ", std::strerror(error));
}

void WriteTextFile(const std::filesystem::path& path, const std::string& text) {
  {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.flush();
    TEMPER_CHECK(out.good(), path.string(), ": write failed");
  }
  FlushToDisk(path);
}

}  // namespace temper
