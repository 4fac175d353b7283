#include "serve/line_reader.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <poll.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr size_t kLongestLine = size_t{16} << 20;

}  // namespace

bool LineReader::TakeLine(std::string* line) {
  size_t end = arrived_.find('\n', searched_);
  searched_ = arrived_.size();
  if (end == std::string::npos) {
    if (arrived_.size() > kLongestLine) throw ConfigError(Concat("standard input: a line of more than ", kLongestLine, " bytes"));
    if (!at_end_ || arrived_.empty()) return false;
    end = arrived_.size();
  }
  *line = arrived_.substr(0, end);
  if (line->ends_with('\r')) line->pop_back();
  arrived_.erase(0, end + 1);
  searched_ = 0;
  return true;
}

LineReader::Result LineReader::Next(bool wait, std::string* line) {
  for (;;) {
    if (TakeLine(line)) return Result::kLine;
    if (at_end_) return Result::kEnd;
    pollfd ready{descriptor_, POLLIN, 0};
    const timespec at_once = {};
    sigset_t waiting;  // who holds Ctrl-C back gets it here, even when it came before
    sigprocmask(SIG_BLOCK, nullptr, &waiting);
    sigdelset(&waiting, SIGINT);
    const int polled = ppoll(&ready, 1, wait ? nullptr : &at_once, &waiting);
    if (polled == 0) return Result::kNothing;
    char block[65536];
    const ssize_t count = polled < 0 ? -1 : read(descriptor_, block, sizeof(block));
    if (count < 0 && errno == EINTR) {
      arrived_.clear();
      searched_ = 0;
      return Result::kInterrupted;
    }
    TEMPER_CHECK(count >= 0, "standard input: cannot be read: ", std::strerror(errno));
    at_end_ = count == 0;
    arrived_.append(block, static_cast<size_t>(count));
  }
}

}  // namespace temper
