#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace temper::testing {

using Seconds = std::chrono::duration<double>;

// A command of the system under test, started as a shell would start it: a process group of its own, no input, standard output and error
// together in a file. The destructor kills what is left of it. One thread only.
class JobProcess {
 public:
  // The command's first word is looked up in PATH. Variables that the test runner sets for unit tests (OMP_*) are not passed on.
  JobProcess(const std::vector<std::string>& command, const std::string& output_file);
  ~JobProcess();
  JobProcess(const JobProcess&) = delete;
  JobProcess& operator=(const JobProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  // The exit code, 128 + signal when it died of one; nothing when the deadline passed first.
  std::optional<int> Wait(Seconds deadline);
  // True when it still runs after `time`, which no load makes longer.
  bool RunsFor(Seconds time);
  // To the started process alone, as `kill -SIG PID` does.
  void Signal(int signal) const;
  std::string Output() const;

 private:
  std::string output_file_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

// A process as /proc shows it.
struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string name;                  // of the program, at most 15 characters
  std::vector<std::string> command;  // its words
  int rank = -1;                     // in its MPI job, from the environment it was started with; -1 = none
};

// Every live process (no zombie) with a word of its command line that contains `mark`; the calling process is left out.
std::vector<ProcessInfo> ProcessesWith(const std::string& mark);

// SIGKILL to all of them, again until none is left or two seconds have passed.
void KillAllWith(const std::string& mark);

// Turns to `condition` every two milliseconds; false when the deadline passed first. Every deadline of these tests is given for an idle
// machine and is several times as long in truth: a loaded machine or a single core makes a test slow, not red.
bool WaitUntil(const std::function<bool()>& condition, Seconds deadline);

std::string ReadText(const std::string& path);                // "" when there is no such file
std::vector<std::string> ReadLines(const std::string& path);  // complete lines only: a file may just be written to
int CountOf(const std::string& part, const std::string& text);

}  // namespace temper::testing
