#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/gguf/value.h"

namespace temper {

// The settings of a GGUF file by their key. A value of another type than the one asked for throws
// ConfigError with the file and the key. One that is absent, or null in the sense of the call, is
// nothing.
class GgufMetadata {
 public:
  explicit GgufMetadata(std::string path = "") : path_(std::move(path)) {}

  // False where the key is there already.
  bool Add(std::string_view key, const GgufValue& value);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  std::optional<int64_t> Whole(std::string_view key) const;  // of any width
  std::optional<double> Real(std::string_view key) const;  // a float32 is the shortest decimal that rounds to it: 1e-05, not 9.99999975e-06
  std::optional<bool> Truth(std::string_view key) const;
  std::optional<std::string> Text(std::string_view key) const;                // valid UTF-8, or ConfigError
  std::optional<std::vector<std::string>> Texts(std::string_view key) const;  // the same for each
  std::optional<std::vector<int64_t>> Wholes(std::string_view key) const;
  std::optional<std::vector<double>> Reals(std::string_view key) const;

  // The same where the file must have it.
  int64_t WholeAt(std::string_view key) const;
  std::string TextAt(std::string_view key) const;
  std::vector<std::string> TextsAt(std::string_view key) const;

  const std::string& path() const { return path_; }
  const std::map<std::string, GgufValue, std::less<>>& values() const { return values_; }

  // Throws ConfigError "FILE: KEY: WHY".
  [[noreturn]] void Refuse(std::string_view key, const std::string& why) const;

 private:
  const GgufValue* Find(std::string_view key) const;
  const GgufValue& At(std::string_view key) const;
  const GgufValue& One(std::string_view key, const GgufValue& value, const char* expected) const;
  const GgufValue& List(std::string_view key, const GgufValue& value, const char* expected) const;
  int64_t ToWhole(std::string_view key, GgufValueType type, std::string_view bytes) const;
  double ToReal(std::string_view key, GgufValueType type, std::string_view bytes) const;
  std::string ToText(std::string_view key, std::string_view* bytes) const;  // takes one text from the front

  std::string path_;
  std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace temper
