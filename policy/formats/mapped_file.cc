#include "policy/formats/mapped_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {

MappedFile::MappedFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw ConfigError(Concat(path, ": cannot open: ", std::strerror(errno)));
  struct stat info {};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  bytes_ = regular ? static_cast<uint64_t>(info.st_size) : 0;
  void* data = bytes_ > 0 ? ::mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
  const int error = errno;
  ::close(fd);  // the mapping stays
  if (!regular) throw ConfigError(Concat(path, ": not a regular file"));
  if (data == MAP_FAILED) throw ConfigError(Concat(path, ": cannot map: ", std::strerror(error)));
  data_ = static_cast<char*>(data);
  if (bytes_ > 0) ::madvise(data_, bytes_, MADV_WILLNEED);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace temper
