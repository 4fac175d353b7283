// Compiled without torch's include path: the wheel ships another fmt than the one spdlog was built with (docs/DEPENDENCIES.md).
#include "cluster/base/log.h"

#include <fmt/core.h>
#if FMT_VERSION < 90000 || FMT_VERSION >= 100000
#error "log.cc must see Debian's fmt 9, not the one in torch's include path: link this file's target without torch::cpu"
#endif
#include <cstring>
#include <memory>
#include <vector>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "cluster/base/printable.h"

namespace temper {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::logger> MakeLogger(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  auto err = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  err->set_level(ToSpdlog(options.stderr_level));
  sinks.push_back(err);
  if (!options.file.empty()) {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    file->set_level(ToSpdlog(options.file_level));
    sinks.push_back(file);
  }
  auto logger = std::make_shared<spdlog::logger>("temper", sinks.begin(), sinks.end());
  spdlog::level::level_enum lowest = spdlog::level::off;
  for (const auto& sink : sinks) lowest = std::min(lowest, sink->level());
  logger->set_level(lowest);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  return logger;
}

std::shared_ptr<spdlog::logger>& Logger() {
  static std::shared_ptr<spdlog::logger> logger = MakeLogger({.file = "", .stderr_level = LogLevel::kInfo});
  return logger;
}

std::string OneLine(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (const char c : PrintableText(message)) {
    if (c == '\n' || c == '\t')
      out += c == '\n' ? "\\n" : "\\x09";
    else
      out += c;
  }
  return out;
}

}  // namespace

void OpenLog(const LogOptions& options) { Logger() = MakeLogger(options); }

bool LogEnabled(LogLevel level) { return Logger()->should_log(ToSpdlog(level)); }

void LogLine(LogLevel level, const char* file, int line, std::string_view message) {
  std::string text = ErrorContext().empty() ? "" : "[" + ErrorContext() + "] ";
  text += OneLine(message);
  if (level >= LogLevel::kWarn) {
    const char* slash = std::strrchr(file, '/');
    text += fmt::format(" [{}:{}]", slash == nullptr ? file : slash + 1, line);
  }
  Logger()->log(ToSpdlog(level), "{}", text);
}

void LogFileLine(LogLevel level, std::string_view message) {
  const std::vector<spdlog::sink_ptr>& sinks = Logger()->sinks();
  const std::string text = (ErrorContext().empty() ? "" : "[" + ErrorContext() + "] ") + OneLine(message);
  const spdlog::details::log_msg line("temper", ToSpdlog(level), text);
  for (size_t i = 1; i < sinks.size(); ++i) {  // the first is stderr
    sinks[i]->log(line);
    sinks[i]->flush();
  }
}

}  // namespace temper
