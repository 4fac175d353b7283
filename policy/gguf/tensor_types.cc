// Numbers as GGUF files store them. CMake compiles this file with -ffp-contract=off: a product and a sum are rounded one by one, as the
// `gguf` package does it.
#include "policy/gguf/tensor_types.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace temper {
namespace {

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// A float16's value.
float Half(const uint8_t* bytes) {
  const uint32_t bits = Load<uint16_t>(bytes);
  const uint32_t sign = (bits & 0x8000U) << 16, exponent = bits >> 10 & 31U, fraction = bits & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent == 31 ? 255U : exponent + 112U) << 23 | fraction << 13);
}

void FromF32(const uint8_t* block, float* out) { *out = Load<float>(block); }
void FromF16(const uint8_t* block, float* out) { *out = Half(block); }
void FromBF16(const uint8_t* block, float* out) { *out = std::bit_cast<float>(static_cast<uint32_t>(Load<uint16_t>(block)) << 16); }

// Blocks of 32 numbers: a scale, in the types with _1 an offset, in those of 5 bits the fifth bits. Byte i of the rest has numbers i and
// i + 16.
constexpr int kSmallBlock = 32;
constexpr int kHalfBlock = 16;

template <typename ToNumber>
void FromNibbles(const uint8_t* nibbles, uint32_t fifth_bits, float* out, const ToNumber& to_number) {
  for (int i = 0; i < kHalfBlock; ++i) {
    out[i] = to_number((nibbles[i] & 15) | static_cast<int>(fifth_bits >> i & 1U) << 4);
    out[i + kHalfBlock] = to_number((nibbles[i] >> 4) | static_cast<int>(fifth_bits >> (i + kHalfBlock) & 1U) << 4);
  }
}

void FromQ4_0(const uint8_t* block, float* out) {
  const float scale = Half(block);
  FromNibbles(block + 2, 0, out, [&](int q) { return scale * static_cast<float>(q - 8); });
}

void FromQ4_1(const uint8_t* block, float* out) {
  const float scale = Half(block), offset = Half(block + 2);
  FromNibbles(block + 4, 0, out, [&](int q) { return scale * static_cast<float>(q) + offset; });
}

void FromQ5_0(const uint8_t* block, float* out) {
  const float scale = Half(block);
  FromNibbles(block + 6, Load<uint32_t>(block + 2), out, [&](int q) { return scale * static_cast<float>(q - 16); });
}

void FromQ5_1(const uint8_t* block, float* out) {
  const float scale = Half(block), offset = Half(block + 2);
  FromNibbles(block + 8, Load<uint32_t>(block + 4), out, [&](int q) { return scale * static_cast<float>(q) + offset; });
}

void FromQ8_0(const uint8_t* block, float* out) {
  const float scale = Half(block);
  for (int i = 0; i < kSmallBlock; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

// Blocks of 256 numbers ("K"): groups in them have scales of their own, whole numbers that one float16 multiplies.
constexpr int kLargeBlock = 256;
constexpr int kGroup = 32;
constexpr int kGroups = kLargeBlock / kGroup;

// The scale and the offset of a group, 6 bits each; the 12 bytes hold those of 8 groups. The high bits of the last four groups' stand
// in the bytes of the first four.
struct ScaleAndOffset {
  float scale, offset;
};
ScaleAndOffset GroupScale(const uint8_t* packed, int group) {
  const uint8_t *scales = packed, *offsets = packed + 4, *low = packed + 8;
  if (group < 4) return {static_cast<float>(scales[group] & 63), static_cast<float>(offsets[group] & 63)};
  const int i = group - 4;
  return {static_cast<float>((low[i] & 15) | (scales[i] >> 2 & 48)), static_cast<float>((low[i] >> 4) | (offsets[i] >> 2 & 48))};
}

// Two groups share 32 bytes of nibbles. `fifth_bits`: bit g of byte i belongs to number i of group g; null where there are none.
void FromGroups(const uint8_t* block, const uint8_t* fifth_bits, const uint8_t* nibbles, float* out) {
  const float scale = Half(block), offset = Half(block + 2);
  for (int group = 0; group < kGroups; ++group) {
    const ScaleAndOffset own = GroupScale(block + 4, group);
    const float group_scale = scale * own.scale, group_offset = offset * own.offset;
    for (int i = 0; i < kGroup; ++i) {
      const int nibble = nibbles[group / 2 * kGroup + i] >> (group % 2 * 4) & 15;
      const int fifth = fifth_bits == nullptr ? 0 : fifth_bits[i] >> group & 1;
      out[group * kGroup + i] = group_scale * static_cast<float>(nibble | fifth << 4) - group_offset;
    }
  }
}

void FromQ4_K(const uint8_t* block, float* out) { FromGroups(block, nullptr, block + 16, out); }
void FromQ5_K(const uint8_t* block, float* out) { FromGroups(block, block + 16, block + 48, out); }

// 128 bytes with the low 4 bits, 64 with the high 2, 16 scales of 16 numbers each, the scale of all. Each half of the block has 64 and 32
// of these bytes: number 32 k + i of it has its low bits in byte (k % 2) * 32 + i, its high bits in byte i.
void FromQ6_K(const uint8_t* block, float* out) {
  const uint8_t *low = block, *high = block + 128, *scales = block + 192;
  const float scale = Half(block + 208);
  for (int at = 0; at < kLargeBlock; ++at) {
    const int half = at / 128, k = at % 128 / kGroup, i = at % kGroup;
    const int nibble = low[half * 64 + k % 2 * kGroup + i] >> (k / 2 * 4) & 15;
    const int bits = high[half * kGroup + i] >> (k * 2) & 3;
    const float group_scale = scale * static_cast<float>(static_cast<int8_t>(scales[at / 16]));
    out[at] = group_scale * static_cast<float>((nibble | bits << 4) - 32);
  }
}

constexpr std::array kTypes = {
    GgufTensorType{0, "F32", 1, 4, FromF32},
    GgufTensorType{1, "F16", 1, 2, FromF16},
    GgufTensorType{30, "BF16", 1, 2, FromBF16},
    GgufTensorType{2, "Q4_0", kSmallBlock, 18, FromQ4_0},
    GgufTensorType{3, "Q4_1", kSmallBlock, 20, FromQ4_1},
    GgufTensorType{6, "Q5_0", kSmallBlock, 22, FromQ5_0},
    GgufTensorType{7, "Q5_1", kSmallBlock, 24, FromQ5_1},
    GgufTensorType{8, "Q8_0", kSmallBlock, 34, FromQ8_0},
    GgufTensorType{12, "Q4_K", kLargeBlock, 144, FromQ4_K},
    GgufTensorType{13, "Q5_K", kLargeBlock, 176, FromQ5_K},
    GgufTensorType{14, "Q6_K", kLargeBlock, 210, FromQ6_K},
};

}  // namespace

const GgufTensorType* FindGgufTensorType(uint32_t id) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const GgufTensorType& type) { return type.id == id; });
  return found == kTypes.end() ? nullptr : found;
}

std::string GgufTensorTypeNames() {
  std::string names;
  for (const GgufTensorType& type : kTypes) names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

void Dequantize(const GgufTensorType& type, std::string_view data, float* out) {
  const auto* block = reinterpret_cast<const uint8_t*>(data.data());
  for (size_t i = 0; i < data.size() / type.bytes; ++i, block += type.bytes, out += type.values) type.dequantize(block, out);
}

}  // namespace temper
