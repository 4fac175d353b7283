#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace temper {

// Parses untrusted JSON: valid UTF-8 only, no duplicate keys, no more than `max_depth` levels of nesting. Nothing where the text is
// not such JSON; *error then holds the reason.
std::optional<nlohmann::json> ParseStrictJson(std::string_view text, int max_depth, std::string* error);

// At most `limit` bytes of untrusted text for an error message: control characters and ill-formed bytes shown as `?`.
std::string Quoted(std::string_view text, size_t limit = 60);

}  // namespace temper
