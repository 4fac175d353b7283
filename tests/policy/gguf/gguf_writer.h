#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/bytes.h"
#include "policy/gguf/value.h"

namespace temper::testing {

// Writes small GGUF files, whole ones and damaged ones.
class GgufWriter {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;

  GgufWriter& Text(std::string_view key, std::string_view value) {
    Begin(key, GgufValueType::kText).PutString(value);
    return *this;
  }
  GgufWriter& Whole(std::string_view key, uint32_t value) { return Number(key, GgufValueType::kUint32, value); }
  GgufWriter& Real(std::string_view key, float value) { return Number(key, GgufValueType::kFloat32, value); }
  template <typename T>
  GgufWriter& Number(std::string_view key, GgufValueType type, T value) {
    Begin(key, type).Put(value);
    return *this;
  }
  GgufWriter& Texts(std::string_view key, const std::vector<std::string>& values) {
    ByteWriter& out = BeginList(key, GgufValueType::kText, values.size());
    for (const std::string& value : values) out.PutString(value);
    return *this;
  }
  template <typename T>
  GgufWriter& Numbers(std::string_view key, GgufValueType type, const std::vector<T>& values) {
    ByteWriter& out = BeginList(key, type, values.size());
    for (const T value : values) out.Put(value);
    return *this;
  }
  ByteWriter& BeginList(std::string_view key, GgufValueType type, uint64_t count) {
    ByteWriter& out = Begin(key, GgufValueType::kList);
    out.Put(type);
    out.Put(count);
    return out;
  }
  ByteWriter& Begin(std::string_view key, GgufValueType type) {
    ++settings_;
    metadata_.PutString(key);
    metadata_.Put(type);
    return metadata_;
  }

  // `shape`: the outermost dimension first.
  GgufWriter& Tensor(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type, std::string_view data) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment);
    Announce(name, shape, type, data_.size());
    data_ += data;
    return *this;
  }
  GgufWriter& Floats(std::string_view name, const std::vector<uint64_t>& shape, const std::vector<float>& values) {
    return Tensor(name, shape, 0, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  // A tensor whose data are elsewhere, or nowhere.
  GgufWriter& Announce(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    ++tensors_;
    infos_.PutString(name);
    infos_.Put(static_cast<uint32_t>(shape.size()));
    for (auto size = shape.rbegin(); size != shape.rend(); ++size) infos_.Put(*size);
    infos_.Put(type);
    infos_.Put(offset);
    return *this;
  }

  std::string Bytes() const {
    ByteWriter head;
    for (const char c : std::string_view("GGUF")) head.Put(c);
    head.Put(version);
    head.Put(tensors_);
    head.Put(settings_);
    std::string bytes = head.bytes() + metadata_.bytes() + infos_.bytes();
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes + data_;
  }

 private:
  uint64_t tensors_ = 0, settings_ = 0;
  ByteWriter metadata_, infos_;
  std::string data_;
};

}  // namespace temper::testing
