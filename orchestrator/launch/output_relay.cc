#include "orchestrator/launch/output_relay.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace temper {

OutputRelay::OutputRelay(int from, int to, std::function<std::string(std::string_view)> filter)
    : from_(from), to_(to), filter_(std::move(filter)) {
  fcntl(from_, F_SETFL, O_NONBLOCK);
}

pollfd OutputRelay::Awaited() const {
  if (holds_back()) return {to_, POLLOUT, 0};
  return {open_ ? from_ : -1, POLLIN, 0};
}

void OutputRelay::Turn() {
  pollfd reader{to_, 0, 0};  // of a pipe that nobody can read any more, POLLERR is told unasked
  reader_left_ = reader_left_ || (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0);
  do {
    if (!Write()) return;
  } while (Read());
}

void OutputRelay::End() {
  if (!open_) return;
  open_ = false;
  held_ += filter_({});
}

// True when there is something to write now.
bool OutputRelay::Read() {
  if (!open_) return false;
  char bytes[4096];
  const ssize_t got = read(from_, bytes, sizeof(bytes));
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    End();
  } else if (got > 0) {
    held_ += filter_({bytes, static_cast<size_t>(got)});
    return true;
  }
  return holds_back();
}

// True when nothing is held back any more. A pipe that has room takes PIPE_BUF bytes without blocking.
bool OutputRelay::Write() {
  while (holds_back()) {
    pollfd room{to_, POLLOUT, 0};
    if (poll(&room, 1, 0) == 0) return false;
    const ssize_t put = write(to_, held_.data(), std::min<size_t>(held_.size(), PIPE_BUF));
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (put < 0) {
      held_.clear();
    } else {
      held_.erase(0, static_cast<size_t>(put));
    }
  }
  return true;
}

}  // namespace temper
