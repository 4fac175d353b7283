#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace temper {

// How a child process is to run.
struct ChildOptions {
  std::vector<std::string> argv;                   // the program, looked for in PATH, and its arguments
  std::string folder;                              // its working directory
  std::map<std::string, std::string> environment;  // all of it
  int64_t memory_bytes = 0;                        // of address space (RLIMIT_AS); 0 = as this process
  int64_t open_files = 0;                          // file descriptors (RLIMIT_NOFILE); 0 = as this process
};

// A child that was started, and this process's ends of its pipes, which do not block.
struct StartedChild {
  pid_t pid = -1;  // -1: it could not be started
  int input = -1;  // its standard input, to write
  int output = -1;
  int errors = -1;
  int failure = -1;   // gives the errno of a program that could not be executed, as an int, or its end
  std::string error;  // where pid is -1
};

// Starts a child that leads a process group of its own, has no other open file of this process and
// leaves no core file. It is killed when the thread that starts it ends. The caller reaps it and
// closes the pipes.
StartedChild StartChild(const ChildOptions& options);

// The variables that a child gets: of this process's, PATH, HOME, LANG, LC_ALL, LC_CTYPE, TMPDIR and CUDA_VISIBLE_DEVICES and those that
// `pass` names, and `set` over them. Python's standard output is not buffered unless `set` says so.
std::map<std::string, std::string> ChildEnvironment(const std::vector<std::string>& pass, const std::map<std::string, std::string>& set);

// Whether a variable must not be passed on: it belongs to the job's bus or to MPI's launcher.
bool IsOfTheJob(const std::string& variable);

}  // namespace temper
