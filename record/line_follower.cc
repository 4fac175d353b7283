#include "record/line_follower.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace temper {
namespace {

constexpr int64_t kMaxBytesPerPoll = int64_t{4} << 20;
constexpr size_t kLongestLine = size_t{64} << 20;  // a longer one is damage: its beginning is given up

class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info {};
    if (fd_ < 0 || fstat(fd_, &info) != 0) return;
    inode = info.st_ino;
    size = info.st_size;
  }
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::string Read(int64_t offset, int64_t count) const {
    std::string bytes(static_cast<size_t>(std::max<int64_t>(0, count)), '\0');
    const ssize_t got = fd_ < 0 ? 0 : pread(fd_, bytes.data(), bytes.size(), offset);
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(0, got)));
    return bytes;
  }

  uint64_t inode = 0;  // 0 = there is no such file
  int64_t size = 0;

 private:
  int fd_;
};

std::vector<std::string> SplitLines(std::string* text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end = text->find('\n'); end != std::string::npos; end = text->find('\n', begin)) {
    lines.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  text->erase(0, begin);
  return lines;
}

}  // namespace

std::vector<std::string> LineFollower::Poll(bool* restarted) {
  if (restarted != nullptr) *restarted = false;
  const File file(path_);
  if (file.inode == 0) return {};
  if (file.inode != inode_ || file.size < offset_) {
    if (restarted != nullptr) *restarted = inode_ != 0;
    inode_ = file.inode;
    offset_ = 0;
    rest_.clear();
  }
  const std::string bytes = file.Read(offset_, std::min(file.size - offset_, kMaxBytesPerPoll));
  offset_ += static_cast<int64_t>(bytes.size());
  rest_ += bytes;
  auto lines = SplitLines(&rest_);
  if (rest_.size() > kLongestLine) rest_.clear();
  return lines;
}

std::vector<std::string> TailLines(const std::string& path, int64_t bytes) {
  const File file(path);
  const int64_t begin = std::max<int64_t>(0, file.size - bytes);
  std::string text = file.Read(begin, file.size - begin);
  auto lines = SplitLines(&text);
  if (begin > 0 && !lines.empty()) lines.erase(lines.begin());  // most likely the end of one
  return lines;
}

}  // namespace temper
