#include "policy/tokenizer/byte_level.h"

#include <array>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

constexpr char32_t kNumSymbols = 0x144;  // one above the highest

struct Symbols {
  std::array<std::string, 256> of_byte;
  std::array<int16_t, kNumSymbols> bytes;  // -1: stands for no byte

  Symbols() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool itself = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      const char32_t symbol = itself ? static_cast<char32_t>(byte) : next++;
      AppendUtf8(symbol, &of_byte[static_cast<size_t>(byte)]);
      bytes[symbol] = static_cast<int16_t>(byte);
    }
  }
};

const Symbols& Table() {
  static const Symbols kTable;
  return kTable;
}

}  // namespace

const std::string& ByteSymbol(uint8_t byte) { return Table().of_byte[byte]; }

void AppendByteSymbols(std::string_view bytes, std::string* text) {
  for (const char byte : bytes) *text += ByteSymbol(static_cast<uint8_t>(byte));
}

void AppendSpelledBytes(std::string_view token, std::string* bytes) {
  const size_t before = bytes->size();
  for (size_t at = 0; at < token.size();) {
    const char32_t symbol = NextCodePoint(token, &at);
    const int byte = symbol < kNumSymbols ? Table().bytes[symbol] : -1;
    if (byte < 0) {
      bytes->resize(before);
      *bytes += token;
      return;
    }
    bytes->push_back(static_cast<char>(byte));
  }
}

}  // namespace temper
