#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "reward/remote/child_start.h"

namespace temper {

// A child process that takes lines on its standard input and gives lines on its standard output and its standard error. Nothing blocks but
// Pump, for as long as it is told and 0.1 s once, when the child closes its output, and the destructor, for 0.5 s. For one thread.
class LineProcess {
 public:
  // Starts it. `max_line_bytes`: longer lines come cut off at that length.
  LineProcess(const ChildOptions& options, size_t max_line_bytes);
  // Ends its input; where it does not end then, its whole process group is killed. It is reaped.
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
  std::vector<std::string> TakeLines();
  std::vector<std::string> TakeErrorLines();

  // Kills its process group; the end is "killed: WHY".
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
  void FlushPartial(Source* source);
  bool Reap();
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
