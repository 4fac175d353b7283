#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace temper {

// XXH3 of 64 bits: for keys and checksums of small things.
uint64_t Hash64(std::string_view bytes);

// A number as 16 lower-case hexadecimal digits.
std::string Hex(uint64_t value);

// XXH3 of 128 bits, for contents that are told apart by their hash alone: 32 lower-case hexadecimal digits.
std::string Hash128(std::string_view bytes);

// Hash128 of a file, which is read in pieces. Throws Error.
std::string Hash128OfFile(const std::filesystem::path& path);

// Hash128 of bytes that come in pieces.
class Hasher128 {
 public:
  Hasher128();
  void Add(std::string_view bytes);
  std::string Digest() const;  // of all that was added so far

 private:
  std::unique_ptr<XXH3_state_s, void (*)(XXH3_state_s*)> state_;
};

}  // namespace temper
