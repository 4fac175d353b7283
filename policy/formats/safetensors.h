#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model/named_tensors.h"

namespace temper {

// The safetensors format: u64 header length, JSON header, little-endian data. The reader trusts nothing: header at most 100 MB and
// inside the file, no duplicate names, offsets contiguous and covering the data, sizes equal to shape x dtype without overflow.
// A violation throws ConfigError with the file, the tensor and what is wrong. Tensors own their memory.
std::map<std::string, at::Tensor> ReadSafetensors(const std::string& path);

// The same without copying: tensors are read-only views of the mapped file (a copy only where the data lies unaligned), which stays
// mapped as long as one of them lives. Nobody may write or shorten the file meanwhile; renaming and deleting it do no harm.
std::map<std::string, at::Tensor> MapSafetensors(const std::string& path);

// Written under a temporary name, flushed to disk, renamed. Tensors must be on the CPU. With `type` each floating tensor is written in
// that type, converted one at a time; a finite value that it cannot hold throws ConfigError.
void WriteSafetensors(const std::string& path, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                      std::optional<at::ScalarType> type = std::nullopt);

}  // namespace temper
