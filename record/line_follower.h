#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// Reads a file of lines as another process writes it. A file that is not there yet is empty; one that is replaced or became shorter is
// read from its beginning again; a last line without its end waits until it has one. One thread only; nothing throws.
class LineFollower {
 public:
  explicit LineFollower(std::string path) : path_(std::move(path)) {}

  // What is new, at most about 4 MiB a call. `*restarted` tells that the file was read from its beginning again.
  std::vector<std::string> Poll(bool* restarted = nullptr);

 private:
  std::string path_;
  uint64_t inode_ = 0;
  int64_t offset_ = 0;
  std::string rest_;  // of a line whose end has yet to come
};

// The complete lines among the last `bytes` of a file, without line ends; none when there is no such file.
std::vector<std::string> TailLines(const std::string& path, int64_t bytes);

}  // namespace temper
