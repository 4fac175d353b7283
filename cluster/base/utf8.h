#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace temper {

// Offset of the first byte that does not belong to a well-formed UTF-8 sequence (no overlong forms, no surrogates, at most U+10FFFF),
// or nothing where all is well.
std::optional<size_t> InvalidUtf8At(std::string_view text);

// `text` with every maximal ill-formed part replaced by U+FFFD, as Python's bytes.decode(errors="replace") does.
std::string ReplaceInvalidUtf8(std::string_view text);

// Bytes at the end of `text` that may become a character when more follow.
size_t IncompleteUtf8Tail(std::string_view text);

bool IsAscii(std::string_view text);

// The code point at *position, which moves behind it. `text` must be valid and *position the start of a sequence.
char32_t NextCodePoint(std::string_view text, size_t* position);

// Start of the last code point of a valid, non-empty text.
size_t LastCodePointStart(std::string_view text);

void AppendUtf8(char32_t code_point, std::string* text);

// The White_Space property of Unicode.
bool IsWhiteSpace(char32_t code_point);

}  // namespace temper
