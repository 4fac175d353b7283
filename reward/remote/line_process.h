#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "reward/remote/child_start.h"

namespace temper {

// A child process that takes lines on its standard input and gives lines on its standard output and its standard error. Nothing blocks but
// Pump, for as long as it is told and 0.1 s once, when the child closes its output, and the destructor, for at most 1 s. For one thread.
class LineProcess {
 public:
  // Starts it. `max_line_bytes`: longer lines come cut off at that length.
  LineProcess(const ChildOptions& options, size_t max_line_bytes);
  // Ends its input; where it does not end within 0.5 s, it is killed with its whole process group, and reaped as soon as it is gone. One
  // that the kernel does not let go for another 0.5 s is left behind, with a line in the log.
  ~LineProcess();
  LineProcess(const LineProcess&) = delete;
  LineProcess& operator=(const LineProcess&) = delete;

  bool alive() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  // How it ended: "exit code 3", "signal 9", "it cannot be started: No such file or directory"; "" while it lives.
  const std::string& end() const { return end_; }

  void Put(std::string_view line);  // a line end is added; it waits here until it is written
  size_t unwritten() const { return input_.size() - written_here_; }
  uint64_t put_bytes() const { return put_; }                    // of all lines that were put
  uint64_t written_bytes() const { return put_ - unwritten(); }  // of these, what the child was given

  // Writes and reads what can be, waiting at most `timeout` for something to read, to write, or its end. A child that closed its output
  // is killed.
  void Pump(std::chrono::milliseconds timeout);
  // Whole lines: what the child had not ended with a line end when it closed its output or died is dropped.
  std::vector<std::string> TakeLines();
  // The last one may have no line end.
  std::vector<std::string> TakeErrorLines();

  // Kills it and its process group; the end is "killed: WHY".
  void Kill(const std::string& why);

 private:
  // Lines of a pipe.
  struct Source {
    int fd = -1;
    std::string partial;
    bool cut = false;  // the rest of the line is thrown away
    std::vector<std::string> lines;
  };
  void Write();
  void Read(Source* source);
  void Split(Source* source, std::string_view bytes);
  bool Reap();
  bool AwaitReap(int64_t millis);
  void AwaitEnd();
  void CloseAll();
  std::string FailureText();

  size_t max_line_bytes_;
  pid_t pid_ = -1;
  int input_fd_ = -1;
  int failure_fd_ = -1;
  std::string input_;
  size_t written_here_ = 0;  // of input_
  uint64_t put_ = 0;
  Source output_, errors_;
  std::string end_;
  std::string killed_;  // why; "" = it was not
};

}  // namespace temper
