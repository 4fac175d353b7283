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

// The time that a file of a measurement says of itself, as UtcText: now, or that of
// SOURCE_DATE_EPOCH (seconds since 1970) in the environment. With the latter the file can be made
// again with the same bytes.
std::string UtcOfRecord();

// The seconds since 1970 of a time as UtcText writes it; nothing for any other text.
std::optional<double> ParseUtc(const std::string& text);

}  // namespace temper
