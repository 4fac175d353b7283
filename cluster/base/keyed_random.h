#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace temper {

// Random numbers that are a pure function of a key: whoever draws them, in whatever order, on whatever worker, gets the same ones.
// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// 64-bit key of a name, e.g. a prompt id (XXH3).
uint64_t KeyOf(std::string_view name);

// Identifies one sampled completion; a token of it adds its position.
struct SampleKey {
  uint64_t seed = 0;
  uint64_t step = 0;
  uint64_t prompt = 0;  // KeyOf(prompt id)
  uint32_t sample = 0;  // index within the group
};

// Uniform in [0, 1) with 53 random bits, for the token at `position` of the completion `key`.
double UniformAt(const SampleKey& key, uint32_t position);

// A sequential stream from one key, for generators and shuffles. Same key, same stream, on every platform.
class KeyedStream {
 public:
  KeyedStream(uint64_t seed, std::string_view purpose, uint64_t index = 0);
  uint64_t Next();
  double Uniform();                // [0, 1)
  uint64_t Below(uint64_t limit);  // [0, limit), limit > 0, unbiased
  double Normal();                 // standard normal (Box-Muller)

  template <typename Container>
  void Shuffle(Container& items) {
    for (uint64_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }
  template <typename Container>
  const auto& Pick(const Container& items) {
    return items[Below(items.size())];
  }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace temper
