#pragma once

#include <cstdint>
#include <string_view>

namespace temper {

// The types of a GGUF file's settings, by the numbers that the format gives them.
enum class GgufValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kText = 8,
  kList = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// A setting as it lies in the file, its extent checked: a value, or a list of values of one type.
struct GgufValue {
  GgufValueType type = GgufValueType::kUint8;  // of the value, or of the list's elements
  bool is_list = false;
  uint64_t count = 1;      // elements of the list
  std::string_view bytes;  // the values one behind the other; a view of the file
};

// Bytes of a value of a type of fixed size; 0 for texts and lists.
constexpr uint64_t WidthOf(GgufValueType type) {
  constexpr uint64_t kWidths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kWidths[static_cast<uint32_t>(type)];
}

// "a whole number", "a list": what a value is, for messages.
const char* NameOf(const GgufValue& value);

}  // namespace temper
