#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <sys/types.h>

namespace temper {

struct CommandFeedOptions {
  std::string command;                         // for /bin/sh -c
  std::string log;                             // file its output and errors are appended to; "" = thrown away
  size_t max_waiting_bytes = size_t{4} << 20;  // of what it has not read yet, beside the pipe
  double finish_s = 10;                        // how long Finish waits
};

// A command of the user's that is given lines on its standard input. It is started with the first line, as a process group of its own, with
// no other open file of this process and none of MPI's variables. Nothing but Finish blocks, but for 0.1 s, once, when the command is seen
// to die. Lines that it does not read wait here, as many as max_waiting_bytes, and further ones are refused. It is not started again. For
// one thread.
class CommandFeed {
 public:
  explicit CommandFeed(CommandFeedOptions options) : options_(std::move(options)) {}
  ~CommandFeed() { Finish(); }
  CommandFeed(const CommandFeed&) = delete;
  CommandFeed& operator=(const CommandFeed&) = delete;

  // Takes a line with its end. Returns why it could not, "" = taken: the command has ended, or does not read.
  std::string Put(const std::string& line);
  // Gives it what waits, ends its input, and waits for its end, finish_s in all; after that it is left to itself. Idempotent.
  void Finish() noexcept;

  pid_t pid() const { return pid_; }  // -1 = has not started, or has ended

 private:
  void Start();
  void Drain();
  bool HasEnded();
  void EndOfInput(int error);
  void End(const std::string& why);

  CommandFeedOptions options_;
  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string waiting_;
  std::string ended_;  // why it takes nothing any more; "" = it does
};

}  // namespace temper
