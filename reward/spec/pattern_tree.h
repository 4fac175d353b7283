#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace temper {

// Bytes of which one is read. Bytes above 127 stand for whole characters beyond ASCII, and are in a set all or not at all.
using ByteSet = std::bitset<256>;
inline constexpr size_t kFirstHighByte = 0x80;

// What must hold between two bytes.
enum class Assertion : uint8_t { kWordBoundary, kNoWordBoundary, kLineStart, kLineEnd };

// A pattern as a tree that reads all that the pattern matches, and perhaps more. Lookarounds always
// hold in it, and a character beyond ASCII reads as any run of bytes above 127.
struct PatternTree {
  enum class Kind : uint8_t { kBytes, kAssertion, kSequence, kAlternatives, kRepetition };
  static constexpr int kNoLimit = -1;

  Kind kind = Kind::kSequence;
  ByteSet bytes = {};
  Assertion assertion = Assertion::kWordBoundary;
  int least = 1, most = 1;  // repetitions of the one child; most may be kNoLimit
  std::vector<PatternTree> children = {};
};

// Whether the bytes are in a word, as \w and \b of a pattern without Unicode properties have it.
bool IsPatternWord(unsigned char c);

// Nothing for a pattern with what this does not read (back references, Unicode properties, flags,
// \K, POSIX classes and the like). Nothing, too, for one whose search may take steps without bound
// (an unlimited repetition of what repeats without limit), or that is very long once its
// repetitions are written out. `pattern` must compile.
std::optional<PatternTree> ReadPatternTree(std::string_view pattern, bool case_sensitive);

}  // namespace temper
