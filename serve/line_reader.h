#pragma once

#include <string>

namespace temper {

// Lines of a file descriptor, which it borrows, without reading further ahead than what has arrived. For one thread.
class LineReader {
 public:
  enum class Result {
    kLine,
    kNothing,      // no whole line has arrived yet; only where `wait` is false
    kInterrupted,  // a signal came; what was typed of the line is forgotten
    kEnd,
  };
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  // The next line without its end; one that the end of the file cuts off counts. Throws ConfigError on a line above 16 MiB and Error where
  // reading fails.
  Result Next(bool wait, std::string* line);

 private:
  bool TakeLine(std::string* line);

  int descriptor_;
  bool at_end_ = false;
  std::string arrived_;
  size_t searched_ = 0;  // bytes of arrived_ that hold no end of a line
};

}  // namespace temper
