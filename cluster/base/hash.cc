#include "cluster/base/hash.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include <xxhash.h>

#include "cluster/base/error.h"
#include "cluster/base/file_hash.h"
#include "cluster/base/odd_file.h"

namespace temper {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

std::string HexOf(XXH128_hash_t hash) { return Hex(hash.high64) + Hex(hash.low64); }

}  // namespace

uint64_t Hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string Hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string Hash128(std::string_view bytes) { return HexOf(XXH3_128bits(bytes.data(), bytes.size())); }

std::optional<std::string> TryHash128OfFile(const std::filesystem::path& path, std::string* reason) {
  *reason = OddFile(path);
  if (!reason->empty()) return std::nullopt;  // a pipe would be waited for
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  Hasher128 hasher;
  std::vector<char> piece(kPieceBytes);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
    hasher.Add({piece.data(), static_cast<size_t>(file.gcount())});
  }
  if (file.is_open() && file.eof()) return hasher.Digest();
  *reason = errno != 0 ? std::strerror(errno) : "it cannot be read to its end";
  return std::nullopt;
}

std::string Hash128OfFile(const std::filesystem::path& path) {
  std::string reason;
  auto hash = TryHash128OfFile(path, &reason);
  TEMPER_CHECK(hash.has_value(), path.string(), ": cannot be read to take its hash: ", reason);
  return *std::move(hash);
}

Hasher128::Hasher128() : state_(XXH3_createState(), [](XXH3_state_s* state) { XXH3_freeState(state); }) {
  XXH3_128bits_reset(state_.get());
}

void Hasher128::Add(std::string_view bytes) { XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()); }

std::string Hasher128::Digest() const { return HexOf(XXH3_128bits_digest(state_.get())); }

}  // namespace temper
