#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// Writes `text` to `path` so that the file appears whole or not at all (a temporary beside it, then rename). Throws Error.
void WriteWholeFile(const std::string& path, std::string_view text);

// The bytes of a file; throws Error naming it and `purpose` ("the run's description") when it cannot be read.
std::string ReadWholeFile(const std::string& path, const std::string& purpose);

// Length in bytes of the UTF-8 character that starts at `at`; 0 where the bytes are not one (Unicode 15, table 3-7).
size_t Utf8Length(std::string_view text, size_t at);

// The text with every byte that is not part of a UTF-8 character replaced by U+FFFD. offsets, when given, becomes a table of
// text.size() + 1 entries: where each byte of the input starts in the output.
std::string RepairUtf8(std::string_view text, std::vector<size_t>* offsets = nullptr);

}  // namespace temper
