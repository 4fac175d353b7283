#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/base/bytes.h"
#include "cluster/base/enum_names.h"

namespace temper {

// Messages as structs: one function beside each struct lists its fields once, and writer and reader walk the same list.
//
//   struct Order { int64_t step = 0; std::string folder; };
//   template <typename Visitor>
//   void Fields(Visitor& v, Order& o) { v(o.step, o.folder); }
//   const std::string bytes = EncodeFields(order);
//   const auto same = DecodeFields<Order>(bytes);
//
// Fields stands in namespace temper (the visitors find it by their argument). A field is a number,
// an enum, a bool (one byte), a text or such a struct. It may be a vector or a map from text of any
// of them, or a variant of them (one byte: which).

class FieldWriter {
 public:
  template <typename... Members>
  void operator()(const Members&... members) {
    (Field(members), ...);
  }
  std::string Take() { return out_.Take(); }

 private:
  template <typename T>
  void Field(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      out_.Put<uint8_t>(value ? 1 : 0);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      out_.Put(value);
    } else {
      Fields(*this, const_cast<T&>(value));
    }
  }
  void Field(const std::string& text) { out_.PutString(text); }
  template <typename T>
  void Field(const std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T>) {
      out_.PutVector(values);
    } else {
      out_.Put<uint64_t>(values.size());
      for (const T& value : values) Field(value);
    }
  }
  template <typename T>
  void Field(const std::map<std::string, T>& values) {
    out_.Put<uint64_t>(values.size());
    for (const auto& [name, value] : values) (*this)(name, value);
  }
  template <typename... Kinds>
  void Field(const std::variant<Kinds...>& value) {
    out_.Put(static_cast<uint8_t>(value.index()));
    std::visit([this](const auto& kind) { Field(kind); }, value);
  }

  ByteWriter out_;
};

// Checks every length before anything is allocated; throws Error on anything malformed. The bytes are borrowed.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : in_(bytes) {}

  template <typename... Members>
  void operator()(Members&... members) {
    (Field(members), ...);
  }
  bool done() const { return in_.done(); }
  void ExpectEnd() const { in_.ExpectEnd(); }

 private:
  template <typename T>
  void Field(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = in_.Get<uint8_t>();
      TEMPER_CHECK(byte <= 1, "message malformed: a flag of ", static_cast<int>(byte));
      value = byte == 1;
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      value = in_.Get<T>();
      if constexpr (requires { EnumNames<T>::kWhat; })
        TEMPER_CHECK(NameOf(value) != "invalid", "message malformed: ", EnumNames<T>::kWhat, " ", static_cast<int>(value));
    } else {
      Fields(*this, value);
    }
  }
  void Field(std::string& text) { text = in_.GetString(); }
  template <typename T>
  void Field(std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T>) {
      values = in_.GetVector<T>();
    } else {
      values.resize(in_.GetCount(8));  // every text and every struct of a list takes at least eight bytes
      for (T& value : values) Field(value);
    }
  }
  template <typename T>
  void Field(std::map<std::string, T>& values) {
    values.clear();
    for (uint64_t n = in_.GetCount(8); n > 0; --n) {
      const std::string name = in_.GetString();
      Field(values[name]);
    }
  }
  template <typename... Kinds>
  void Field(std::variant<Kinds...>& value) {
    const auto index = in_.Get<uint8_t>();
    TEMPER_CHECK(index < sizeof...(Kinds), "message of the unknown kind ", static_cast<int>(index));
    size_t kind = 0;
    ((kind++ == index ? Field(value.template emplace<Kinds>()) : void()), ...);
  }

  ByteReader in_;
};

template <typename T>
std::string EncodeFields(const T& message) {
  FieldWriter writer;
  writer(message);
  return writer.Take();
}

// Throws Error unless the bytes are one whole message.
template <typename T>
T DecodeFields(std::string_view bytes) {
  FieldReader reader(bytes);
  T message;
  reader(message);
  reader.ExpectEnd();
  return message;
}

}  // namespace temper
