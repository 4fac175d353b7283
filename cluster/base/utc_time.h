#pragma once

#include <optional>
#include <string>

namespace temper {

// A time of the wall clock, in seconds since 1970, as 2026-01-31T23:59:59Z; parts of a second are cut off.
std::string UtcText(double wall_seconds);
// With its milliseconds: 2026-01-31T23:59:59.250Z.
std::string UtcTextMillis(double wall_seconds);

// Now, as UtcText.
std::string UtcNow();

// The seconds since 1970 of a time as UtcText writes it; nothing for any other text.
std::optional<double> ParseUtc(const std::string& text);

}  // namespace temper
