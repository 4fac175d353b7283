#pragma once

#include <cstdint>
#include <string_view>

namespace temper {

// CRC-32C (Castagnoli) of the bytes.
uint32_t Crc32c(std::string_view bytes);
// As TFRecord files store it: rotated and shifted, so that a checksum of bytes that hold checksums is none of theirs.
uint32_t MaskedCrc32c(std::string_view bytes);

}  // namespace temper
