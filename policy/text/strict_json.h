#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace temper {

// Parses untrusted JSON: valid UTF-8 only, no duplicate keys, no more than `max_depth` levels of
// nesting. Nothing where the text is not such JSON. *error then holds the reason, with the column
// where there is one place to look at. In a text of several lines, which begins on `first_line` of
// its file, it holds the line, too.
std::optional<nlohmann::json> ParseStrictJson(std::string_view text, int max_depth, std::string* error, int64_t first_line = 1);

// What a parser of `text` found, in the same words.
std::string JsonProblem(std::string_view text, const nlohmann::json::exception& problem, int64_t first_line = 1);

// The JSON object in a file that the user provides, at most `max_depth` levels deep. ConfigError naming the file.
nlohmann::json ReadJsonObject(const std::filesystem::path& path, int max_depth = 64);

// At most `limit` bytes of untrusted text for an error message: control characters and ill-formed bytes shown as `?`.
std::string Quoted(std::string_view text, size_t limit = 60);

}  // namespace temper
