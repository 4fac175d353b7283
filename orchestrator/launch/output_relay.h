#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <poll.h>

namespace temper {

// Bytes on their way from a pipe to a descriptor of this process, such as its standard output. It never blocks: what cannot be written yet
// is held back, and nothing is read meanwhile, so that the writer waits as it would for the reader itself. Where the reader has left, the
// bytes are dropped and the writer notices nothing.
class OutputRelay {
 public:
  // `from`: read end, which is made non-blocking; borrowed like `to`. `filter`: what to hand on of bytes read; at the end it gets none.
  OutputRelay(int from, int to, std::function<std::string(std::string_view)> filter);

  // What to poll for: room to write where something is held back, else something to read.
  pollfd Awaited() const;
  // Reads what there is and writes what fits, and looks whether the reader is still there.
  void Turn();
  // No more is read. The filter's rest is handed on by the next turns.
  void End();

  bool holds_back() const { return !held_.empty(); }
  bool reader_left() const { return reader_left_; }

 private:
  bool Read();
  bool Write();

  int from_;
  int to_;
  std::function<std::string(std::string_view)> filter_;
  std::string held_;
  bool open_ = true;
  bool reader_left_ = false;
};

}  // namespace temper
