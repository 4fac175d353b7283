#include "views/report/healthy.h"

#include <cstdlib>
#include <limits>
#include <regex>

namespace temper {

std::optional<std::pair<double, double>> HealthyRange(std::string_view words, const std::map<std::string, std::string>& settings) {
  static const std::regex kBound(R"((below|at most|above) (`([^`]+)`|[0-9][0-9.e+-]*))"), kBetween(R"(^([0-9][0-9.]*) to ([0-9][0-9.]*))");
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const std::string text(words);
  std::smatch found;
  if (std::regex_search(text, found, kBetween)) return std::pair{std::stod(found[1]), std::stod(found[2])};
  if (!std::regex_search(text, found, kBound)) return std::nullopt;
  std::string bound = found[2];
  if (found[3].matched) {
    const auto setting = settings.find(found[3]);
    if (setting == settings.end()) return std::nullopt;
    bound = setting->second;
  }
  char* end = nullptr;
  const double value = std::strtod(bound.c_str(), &end);
  if (end == bound.c_str()) return std::nullopt;
  return found[1] == "above" ? std::pair{value, kInfinite} : std::pair{-kInfinite, value};
}

}  // namespace temper
