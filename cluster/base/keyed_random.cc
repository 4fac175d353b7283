#include "cluster/base/keyed_random.h"

#include <cmath>
#include <numbers>

#include <xxhash.h>

namespace temper {
namespace {

double ToUnit(uint32_t high, uint32_t low) {
  const uint64_t bits = (static_cast<uint64_t>(high) << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1.0p-53;
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1), static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1],
         static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

uint64_t KeyOf(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

double UniformAt(const SampleKey& key, uint32_t position) {
  const std::array<uint64_t, 3> words = {key.seed, key.step, key.prompt};
  const uint64_t hash = XXH3_64bits(words.data(), sizeof(words));
  const auto block = Philox4x32({position, key.sample, static_cast<uint32_t>(key.prompt), static_cast<uint32_t>(key.prompt >> 32)},
                                {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)});
  return ToUnit(block[0], block[1]);
}

KeyedStream::KeyedStream(uint64_t seed, std::string_view purpose, uint64_t index) {
  const uint64_t hash = XXH3_64bits_withSeed(purpose.data(), purpose.size(), seed);
  key_ = {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)};
  counter_ = {0, 0, static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)};
}

uint64_t KeyedStream::Next() {
  if (used_ >= 4) {
    block_ = Philox4x32(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  const uint64_t value = static_cast<uint64_t>(block_[used_]) << 32 | block_[used_ + 1];
  used_ += 2;
  return value;
}

double KeyedStream::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

uint64_t KeyedStream::Below(uint64_t limit) {
  const uint64_t threshold = -limit % limit;  // 2^64 mod limit: values below it would be over-represented
  for (;;) {
    const uint64_t value = Next();
    if (value >= threshold) return value % limit;
  }
}

double KeyedStream::Normal() {
  const double u = 1.0 - Uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * Uniform());
}

}  // namespace temper
