#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "cluster/base/error.h"

namespace temper {

// Fixed-width little-endian writer for wire messages and the journal; a big-endian machine does not compile.
static_assert(std::endian::native == std::endian::little);
class ByteWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void Put(T value) {
    const auto* bytes = reinterpret_cast<const char*>(&value);
    out_.append(bytes, sizeof(T));
  }
  void PutString(std::string_view text) {
    Put<uint64_t>(text.size());
    out_.append(text);
  }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void PutVector(const std::vector<T>& values) {
    Put<uint64_t>(values.size());
    out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  const std::string& bytes() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what ByteWriter wrote. Every length is checked against what is left before anything is allocated; a short or oversized
// buffer throws Error. The buffer is borrowed.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T> T Get() {
    T value;
    std::memcpy(&value, Need(sizeof(T)), sizeof(T));
    return value;
  }
  std::string GetString() {
    const auto size = Get<uint64_t>();
    const char* data = Need(size);
    return std::string(data, size);
  }
  template <typename T>
  requires std::is_arithmetic_v<T> std::vector<T> GetVector() {
    const auto count = Get<uint64_t>();
    TEMPER_CHECK(count <= rest_.size() / sizeof(T), "message cut short: ", count, " values announced, ", rest_.size(), " bytes left");
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), Need(count * sizeof(T)), count * sizeof(T));
    return values;
  }
  // A count of things that each take at least `min_bytes`: refused when the rest cannot hold them.
  uint64_t GetCount(size_t min_bytes) {
    const auto count = Get<uint64_t>();
    TEMPER_CHECK(count <= rest_.size() / min_bytes, "message cut short: ", count, " items announced, ", rest_.size(), " bytes left");
    return count;
  }
  bool done() const { return rest_.empty(); }
  void ExpectEnd() const { TEMPER_CHECK(rest_.empty(), "message too long: ", rest_.size(), " bytes after its end"); }

 private:
  const char* Need(uint64_t size) {
    TEMPER_CHECK(size <= rest_.size(), "message cut short: ", size, " bytes needed, ", rest_.size(), " left");
    const char* data = rest_.data();
    rest_.remove_prefix(size);
    return data;
  }
  std::string_view rest_;
};

}  // namespace temper
