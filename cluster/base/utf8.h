#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// Offset of the first byte that does not belong to a well-formed UTF-8 sequence (no overlong forms, no surrogates, at most U+10FFFF),
// or nothing where all is well.
std::optional<size_t> InvalidUtf8At(std::string_view text);

// Length in bytes of the UTF-8 character that starts at `at`; 0 where the bytes are not one, or where the text ends.
size_t Utf8Length(std::string_view text, size_t at);

// `text` with every maximal ill-formed part replaced by U+FFFD, as Python's bytes.decode(errors="replace") does. offsets, when given,
// becomes a table of text.size() + 1 entries: where each byte of the input is in the output, the bytes of an ill-formed part where its
// replacement starts.
std::string RepairUtf8(std::string_view text, std::vector<size_t>* offsets = nullptr);

// Bytes at the end of `text` that may become a character when more follow.
size_t IncompleteUtf8Tail(std::string_view text);

// "UTF-16" or "UTF-32" where the bytes of a file are such text, by the mark at its beginning or the NUL bytes between its letters; "" = no.
std::string OtherEncoding(std::string_view bytes);

// Why the bytes of a file are no UTF-8 text, with the remedy: another encoding, or a NUL byte. "" where neither speaks against it;
// sequences that are ill-formed are not looked for.
std::string NoTextBecause(std::string_view bytes);

bool IsAscii(std::string_view text);

// Code points of a valid text.
size_t CountCodePoints(std::string_view text);

// The code point at *position, which moves behind it. `text` must be valid and *position the start of a sequence.
char32_t NextCodePoint(std::string_view text, size_t* position);

// Start of the last code point of a valid, non-empty text.
size_t LastCodePointStart(std::string_view text);

void AppendUtf8(char32_t code_point, std::string* text);

// The White_Space property of Unicode.
bool IsWhiteSpace(char32_t code_point);

}  // namespace temper
