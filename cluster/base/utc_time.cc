#include "cluster/base/utc_time.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "cluster/base/clock.h"

namespace temper {
namespace {

constexpr char kForm[] = "%Y-%m-%dT%H:%M:%S";

std::string ToSeconds(double wall_seconds) {
  const auto seconds = static_cast<std::time_t>(wall_seconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof(text), kForm, &parts);
  return text;
}

}  // namespace

std::string UtcText(double wall_seconds) { return ToSeconds(wall_seconds) + "Z"; }

std::string UtcTextMillis(double wall_seconds) {
  char millis[8];
  std::snprintf(millis, sizeof(millis), ".%03dZ", static_cast<int>((wall_seconds - std::floor(wall_seconds)) * 1000));
  return ToSeconds(wall_seconds) + millis;
}

std::string UtcNow() { return UtcText(WallSeconds()); }

std::string UtcOfRecord() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  const std::string_view digits = epoch == nullptr ? "" : epoch;
  double seconds = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool number =
      problem == std::errc() && end == digits.data() + digits.size() && seconds >= 0 && seconds < 253402300800;  // year 10000
  return number ? UtcText(seconds) : UtcNow();
}

std::optional<double> ParseUtc(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), (std::string(kForm) + "Z").c_str(), &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<double>(timegm(&parts));
}

}  // namespace temper
