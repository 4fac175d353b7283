#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace temper {

// The safetensors format: u64 header length, JSON header, little-endian data. The reader trusts nothing: header at most 100 MB and
// inside the file, no duplicate names, offsets contiguous and covering the data, sizes equal to shape x dtype without overflow.
// A violation throws ConfigError with the file, the tensor and what is wrong. Tensors own their memory.
std::map<std::string, at::Tensor> ReadSafetensors(const std::string& path);

// Written under a temporary name, flushed to disk, renamed. Tensors must be contiguous CPU tensors.
void WriteSafetensors(const std::string& path, const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata);

}  // namespace temper
