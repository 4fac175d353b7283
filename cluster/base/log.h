#pragma once

#include <string>
#include <string_view>

#include "cluster/base/error.h"

namespace temper {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// Where log lines go. Until OpenLog is called everything from Info up goes to stderr. Not thread-safe against OpenLog itself;
// LogLine may be called from any thread.
struct LogOptions {
  std::string file;  // "" = no file
  LogLevel file_level = LogLevel::kInfo;
  LogLevel stderr_level = LogLevel::kWarn;
};
void OpenLog(const LogOptions& options);

bool LogEnabled(LogLevel level);

// Writes one line: time, level, [process], message, and file:line from warnings up. Control characters in the message are escaped,
// so that untrusted text cannot start a line of its own.
void LogLine(LogLevel level, const char* file, int line, std::string_view message);

// The same to the log file alone, for what stderr was told in words of its own.
void LogFileLine(LogLevel level, std::string_view message);

}  // namespace temper

// TEMPER_LOG(Info, "step ", step, " done"): the arguments are not evaluated below the level in force.
#define TEMPER_LOG(level, ...)                                                                            \
  do {                                                                                                    \
    if (::temper::LogEnabled(::temper::LogLevel::k##level))                                               \
      ::temper::LogLine(::temper::LogLevel::k##level, __FILE__, __LINE__, ::temper::Concat(__VA_ARGS__)); \
  } while (false)
