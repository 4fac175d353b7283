#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "reward/spec/pattern_scanner.h"

namespace temper {

// Many patterns that are sought in the same text, over few scanners. Not thread-safe.
class PatternSet {
 public:
  // nullptr: a pattern that cannot be scanned, and so may match whatever the text is.
  explicit PatternSet(std::span<const PatternTree* const> patterns);
  // Whether each pattern may match in the text. Valid until the next call.
  std::span<const uint8_t> MayMatch(std::string_view text);

 private:
  struct Part {
    PatternScanner scanner;
    std::vector<uint32_t> patterns;
  };
  void AddPart(std::span<const PatternTree* const> patterns, std::vector<uint32_t> which);

  std::vector<Part> parts_;
  std::vector<uint8_t> may_;
};

}  // namespace temper
