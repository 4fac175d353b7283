#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace temper {

// What ends an operation: the text says what happened, where (file:line) and, once SetErrorContext was called, which process
// (role, rank, host). Made by TEMPER_CHECK and its kin. CONTRIBUTING.md, "Errors", says who may catch.
class Error : public std::runtime_error {
 public:
  Error(const char* file, int line, const std::string& message);
};

// A mistake of the user's (configuration, data, arguments). main exits 78 and never retries. The message names file:line:key itself.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Ends the process with a code of its own: preempted with a checkpoint written, or unhealthy training.
class ExitRequest : public std::runtime_error {
 public:
  ExitRequest(int exit_code, const std::string& message) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// Exit codes of every Temper process (docs/FAILURES.md, "Exit codes").
inline constexpr int kExitDone = 0;
inline constexpr int kExitFound = 1;       // a check found something
inline constexpr int kExitRetry = 75;      // restart from the last checkpoint
inline constexpr int kExitUnhealthy = 76;  // training diverged: roll back
inline constexpr int kExitConfig = 78;     // never retried
inline constexpr int kExitPreempted = 85;  // checkpoint written, requeue

// Set once per process, e.g. "learner 1/4 node7"; printed in every Error and log line after that.
void SetErrorContext(const std::string& context);
const std::string& ErrorContext();

// The words of a message, joined.
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace temper

// Throws temper::Error unless `condition` holds; the other arguments are the words of the message.
#define TEMPER_CHECK(condition, ...)                                                            \
  do {                                                                                          \
    if (!(condition)) throw ::temper::Error(__FILE__, __LINE__, ::temper::Concat(__VA_ARGS__)); \
  } while (false)

#define TEMPER_FAIL(...) throw ::temper::Error(__FILE__, __LINE__, ::temper::Concat(__VA_ARGS__))
