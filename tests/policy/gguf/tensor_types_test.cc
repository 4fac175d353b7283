// Every type against the numbers that the `gguf` package makes of the same blocks (tests/golden/gguf_golden.py), bit for bit.
#include "policy/gguf/tensor_types.h"

#include <cstring>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

std::string FromHex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

TEST(GgufTensorTypes, GiveTheNumbersOfTheGgufPackage) {
  const auto cases = nlohmann::json::parse(ReadBytes(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/gguf/dequantized.json"));
  EXPECT_EQ(cases.size(), 11U);
  for (const auto& [name, golden] : cases.items()) {
    const GgufTensorType* type = FindGgufTensorType(golden.at("id"));
    ASSERT_NE(type, nullptr) << name;
    EXPECT_EQ(type->name, name);
    const std::string blocks = FromHex(golden.at("blocks")), expected = FromHex(golden.at("values"));
    ASSERT_EQ(blocks.size() % type->bytes, 0U) << name;
    ASSERT_EQ(expected.size(), blocks.size() / type->bytes * type->values * sizeof(float)) << name;
    std::vector<float> numbers(expected.size() / sizeof(float));
    Dequantize(*type, blocks, numbers.data());
    for (size_t i = 0; i < numbers.size(); ++i) {
      float wanted;
      std::memcpy(&wanted, expected.data() + i * sizeof(float), sizeof(float));
      ASSERT_EQ(std::memcmp(&numbers[i], &wanted, sizeof(float)), 0) << name << " number " << i << ": " << numbers[i] << ", not " << wanted;
    }
  }
}

TEST(GgufTensorTypes, OneBlockByHand) {
  // Q4_1: scale 0.5, offset -1; byte 0 is 0xF3: number 0 is 3 and number 16 is 15.
  std::string block("\x00\x38\x00\xBC", 4);
  block += '\xF3' + std::string(15, '\0');
  std::vector<float> numbers(32);
  Dequantize(*FindGgufTensorType(3), block, numbers.data());
  EXPECT_EQ(numbers[0], 0.5F);
  EXPECT_EQ(numbers[16], 6.5F);
  EXPECT_EQ(numbers[1], -1.0F);
}

TEST(GgufTensorTypes, AreKnownByName) {
  EXPECT_EQ(GgufTensorTypeNames(), "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K");
  for (const uint32_t id : {4U, 5U, 9U, 10U, 23U, 1000U}) EXPECT_EQ(FindGgufTensorType(id), nullptr) << id;
}

}  // namespace
}  // namespace temper
