#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/gguf/metadata.h"
#include "policy/gguf/tensor_types.h"

namespace temper {

// A tensor of a GGUF file, its extent checked.
struct GgufTensor {
  std::string name;
  std::vector<int64_t> shape;  // the outermost dimension first, as everywhere else; the file has it the other way
  const GgufTensorType* type = nullptr;
  std::string_view data;  // a view of the file: whole blocks, as many as the shape needs

  int64_t numel() const {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return count;
  }
};

// The GGUF format, versions 2 and 3, little-endian: settings, the list of tensors, their data. The bytes are borrowed, and must live as
// long as this.
struct GgufContainer {
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // in the file's order

  const GgufTensor* Find(std::string_view name) const;
};

// Trusts nothing: every length and count is held against the bytes that are left before anything is
// made of it. Lists of lists are at most 4 deep, and keys and names are short and each there once.
// Tensors lie inside the file, aligned, and none on another. A violation throws ConfigError with
// `path`, what it is about, and why.
GgufContainer ParseGguf(const std::string& path, std::string_view bytes);

}  // namespace temper
