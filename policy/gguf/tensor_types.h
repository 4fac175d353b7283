#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace temper {

// How the numbers of a GGUF tensor are stored: in blocks, each of `values` numbers in `bytes` bytes.
struct GgufTensorType {
  uint32_t id = 0;  // the format's number
  const char* name = "";
  uint32_t values = 0;
  uint32_t bytes = 0;
  void (*dequantize)(const uint8_t* block, float* out) = nullptr;  // one block; the same bits as the `gguf` package gives
};

// The type of that number; null where it is not supported.
const GgufTensorType* FindGgufTensorType(uint32_t id);

// "F32, F16, ...": those supported.
std::string GgufTensorTypeNames();

// All numbers of a tensor. `data` must be whole blocks, and `out` have room for all their numbers.
void Dequantize(const GgufTensorType& type, std::string_view data, float* out);

}  // namespace temper
