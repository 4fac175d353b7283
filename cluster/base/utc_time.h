#pragma once

#include <ctime>
#include <string>

namespace temper {

// The time of day, as 2026-01-31T23:59:59Z.
inline std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace temper
