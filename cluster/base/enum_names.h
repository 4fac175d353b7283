#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cluster/base/error.h"

namespace temper {

// The names of an enum, in the one table that lies beside it:
//
//   enum class Severity : uint8_t { kNone, kLow };
//   template <>
//   struct EnumNames<Severity> {
//     static constexpr std::string_view kWhat = "severity";  // as messages say it
//     static constexpr EnumTable<Severity, 2> kTable{{{Severity::kNone, "none"}, {Severity::kLow, "low"}}};
//   };
//
// A table lists every enumerator once, in the order in which people read the names.
template <typename Enum>
struct EnumNames;

template <typename Enum, size_t N>
using EnumTable = std::array<std::pair<Enum, std::string_view>, N>;

// The name of a value; "invalid" for a number that is no enumerator.
template <typename Enum>
requires std::is_enum_v<Enum>
constexpr std::string_view NameOf(Enum value) {
  for (const auto& [each, name] : EnumNames<Enum>::kTable) {
    if (each == value) return name;
  }
  return "invalid";
}

// The value of a name; nothing for a word that is none of the names.
template <typename Enum>
constexpr std::optional<Enum> ValueOf(std::string_view word) {
  for (const auto& [value, name] : EnumNames<Enum>::kTable) {
    if (name == word) return value;
  }
  return std::nullopt;
}

// Every name, as "none, low".
template <typename Enum>
std::string AllNames() {
  std::string all;
  for (const auto& [value, name] : EnumNames<Enum>::kTable) (all += all.empty() ? "" : ", ") += name;
  return all;
}

// The value of a name. Throws ConfigError "unknown severity 'x'; one of none, low".
template <typename Enum>
Enum ParseEnum(std::string_view word) {
  const auto value = ValueOf<Enum>(word);
  if (!value) throw ConfigError(Concat("unknown ", EnumNames<Enum>::kWhat, " '", word, "'; one of ", AllNames<Enum>()));
  return *value;
}

}  // namespace temper
