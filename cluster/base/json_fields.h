#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace temper {

// Fields of JSON that another process wrote, or that may be damaged: what is absent or of another kind is no error.

// The text of object[name]; "" where there is none. Json: nlohmann::json or ordered_json.
template <typename Json>
std::string TextField(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->template get<std::string>() : "";
}

// The number of object[name]; nothing where there is none.
inline std::optional<double> NumberField(const nlohmann::json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

}  // namespace temper
