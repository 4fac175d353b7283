#include "record/bounded_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
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
constexpr size_t kPieceBytes = size_t{64} << 10;

// Whether a file is there whose first line is whole and not `header`. Only regular files are opened: a pipe would wait for its writer.
bool BeginsOtherwise(const std::string& path, const std::string& header) {
  std::error_code unreadable;
  if (!std::filesystem::is_regular_file(path, unreadable)) return false;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  return std::getline(file, line) && !file.eof() && line + "\n" != header;
}

// Behind the last line end of an open file. Looked for backwards, a piece at a time: a torn line may be long.
int64_t EndOfLastLine(int fd) {
  std::string piece(kPieceBytes, '\0');
  for (int64_t end = lseek(fd, 0, SEEK_END); end > 0;) {
    const int64_t begin = std::max<int64_t>(0, end - static_cast<int64_t>(kPieceBytes));
    const ssize_t got = pread(fd, piece.data(), static_cast<size_t>(end - begin), begin);
    if (got != end - begin) return end;
    const size_t line_end = std::string_view(piece).substr(0, static_cast<size_t>(got)).rfind('\n');
    if (line_end != std::string_view::npos) return begin + static_cast<int64_t>(line_end) + 1;
    end = begin;
  }
  return 0;
}

}  // namespace

BoundedFile::BoundedFile(std::string path, int64_t limit_bytes, std::string header)
    : path_(std::move(path)), limit_bytes_(limit_bytes), header_(std::move(header)) {
  if (!header_.empty()) SetForeignAside();
}

BoundedFile::~BoundedFile() { Close(); }

BoundedFile::BoundedFile(BoundedFile&& other) noexcept { *this = std::move(other); }

BoundedFile& BoundedFile::operator=(BoundedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(limit_bytes_, other.limit_bytes_);
  std::swap(header_, other.header_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(failed_, other.failed_);
  std::swap(retry_at_ms_, other.retry_at_ms_);
  std::swap(missed_, other.missed_);
  return *this;
}

void BoundedFile::SetForeignAside() {
  for (const std::string& path : {path_, path_ + ".1"}) {
    if (!BeginsOtherwise(path, header_)) continue;
    const std::string aside = path + ".old";
    if (std::rename(path.c_str(), aside.c_str()) == 0) TEMPER_LOG(Warn, path, " is of another Temper's format: renamed to ", aside);
  }
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
  size_ = EndOfLastLine(fd_);
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
  if (size_ > static_cast<int64_t>(header_.size()) && size_ + static_cast<int64_t>(lines.size()) > limit_bytes_ / 2) {
    Rotate();
    if (!Open()) return Fail("cannot be opened");
  }
  const std::string text = size_ == 0 ? header_ + lines : lines;
  if (!WriteAll(fd_, text)) {
    const int error = errno;
    if (ftruncate(fd_, size_) != 0) TEMPER_LOG(Debug, path_, ": a torn line is left");
    errno = error;
    return Fail("cannot be written");
  }
  size_ += static_cast<int64_t>(text.size());
  if (missed_ > 0) TEMPER_LOG(Info, path_, ": written again, the lines of ", missed_, " writes are missing");
  missed_ = 0;
}

}  // namespace temper
