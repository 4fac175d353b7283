#include "record/bounded_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"

namespace temper {
namespace {

constexpr int64_t kRetryAfterMs = 10'000;

}  // namespace

BoundedFile::BoundedFile(std::string path, int64_t limit_bytes) : path_(std::move(path)), limit_bytes_(limit_bytes) {}

BoundedFile::~BoundedFile() { Close(); }

BoundedFile::BoundedFile(BoundedFile&& other) noexcept { *this = std::move(other); }

BoundedFile& BoundedFile::operator=(BoundedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(limit_bytes_, other.limit_bytes_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(failed_, other.failed_);
  std::swap(retry_at_ms_, other.retry_at_ms_);
  std::swap(missed_, other.missed_);
  return *this;
}

void BoundedFile::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void BoundedFile::Fail(const std::string& what) {
  const int error = errno;
  ++failed_;
  retry_at_ms_ = NowMillis() + kRetryAfterMs;
  Close();
  if (++missed_ > 1) return;
  TEMPER_LOG(Warn, path_, ": ", what, ": ", std::strerror(error), "; lines are left out, the job goes on (tried again every ",
             kRetryAfterMs / 1000, " s)");
}

// What a process that was killed left of its last line is cut off.
bool BoundedFile::Open() {
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd_ < 0) return false;
  size_ = lseek(fd_, 0, SEEK_END);
  char last = '\n';
  while (size_ > 0 && pread(fd_, &last, 1, size_ - 1) == 1 && last != '\n') --size_;
  return ftruncate(fd_, size_) == 0 && lseek(fd_, size_, SEEK_SET) == size_;
}

void BoundedFile::Rotate() {
  Close();
  std::rename(path_.c_str(), (path_ + ".1").c_str());
  size_ = 0;
}

void BoundedFile::Append(const std::string& lines) {
  if (path_.empty() || lines.empty()) return;
  if (fd_ < 0 && retry_at_ms_ > 0 && NowMillis() < retry_at_ms_) {
    ++failed_;
    ++missed_;
    return;
  }
  if (fd_ < 0 && !Open()) return Fail("cannot be opened");
  if (size_ > 0 && size_ + static_cast<int64_t>(lines.size()) > limit_bytes_ / 2) {
    Rotate();
    if (!Open()) return Fail("cannot be opened");
  }
  if (!WriteAll(fd_, lines)) {
    const int error = errno;
    if (ftruncate(fd_, size_) != 0) TEMPER_LOG(Debug, path_, ": a torn line is left");
    errno = error;
    return Fail("cannot be written");
  }
  size_ += static_cast<int64_t>(lines.size());
  if (missed_ > 0) TEMPER_LOG(Info, path_, ": written again, the lines of ", missed_, " writes are missing");
  missed_ = 0;
}

}  // namespace temper
