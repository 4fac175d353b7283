#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace temper {

// Byte-level spelling, in which every byte is a printable character: printable Latin-1 stands for itself, the other bytes for U+0100 and
// up. A space is U+0120.

// The character that stands for a byte.
const std::string& ByteSymbol(uint8_t byte);

void AppendByteSymbols(std::string_view bytes, std::string* text);

// The bytes that a token spells. A token with a character that stands for no byte is taken as it is.
void AppendSpelledBytes(std::string_view token, std::string* bytes);

}  // namespace temper
