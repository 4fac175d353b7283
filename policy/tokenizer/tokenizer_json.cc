#include "policy/tokenizer/tokenizer_json.h"

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"

namespace temper {

const nlohmann::json& JsonField(const nlohmann::json& object, const char* key, std::string_view where) {
  if (!object.is_object() || !object.contains(key)) throw ConfigError(Concat("tokenizer.json: ", where, " has no field ", key));
  return object.at(key);
}

bool JsonBool(const nlohmann::json& object, const char* key, std::string_view where) {
  const auto& value = JsonField(object, key, where);
  if (!value.is_boolean()) throw ConfigError(Concat("tokenizer.json: ", where, ".", key, " must be true or false"));
  return value.get<bool>();
}

bool JsonBoolOr(const nlohmann::json& object, const char* key, bool otherwise, std::string_view where) {
  return IsNullOrAbsent(object, key) ? otherwise : JsonBool(object, key, where);
}

std::string JsonString(const nlohmann::json& object, const char* key, std::string_view where) {
  const auto& value = JsonField(object, key, where);
  if (!value.is_string()) throw ConfigError(Concat("tokenizer.json: ", where, ".", key, " must be a string"));
  return value.get<std::string>();
}

char32_t JsonCharacter(const nlohmann::json& object, const char* key, std::string_view where) {
  const std::string text = JsonString(object, key, where);
  size_t at = 0;
  const char32_t character = text.empty() ? 0 : NextCodePoint(text, &at);
  if (text.empty() || at != text.size()) throw ConfigError(Concat("tokenizer.json: ", where, ".", key, " must be one character"));
  return character;
}

const nlohmann::json& JsonList(const nlohmann::json& object, const char* key, std::string_view where) {
  const auto& value = JsonField(object, key, where);
  if (!value.is_array()) throw ConfigError(Concat("tokenizer.json: ", where, ".", key, " must be a list"));
  return value;
}

bool IsNullOrAbsent(const nlohmann::json& object, const char* key) { return !object.contains(key) || object.at(key).is_null(); }

std::string ComponentType(const nlohmann::json& component) {
  if (component.is_null()) return "null";
  if (!component.is_object() || !component.contains("type") || !component.at("type").is_string()) return "(without a type)";
  return component.at("type").get<std::string>();
}

UnicodeRegex JsonPattern(const nlohmann::json& component, std::string_view where) {
  const auto& pattern = JsonField(component, "pattern", where);
  const std::string name = Concat(where, ".pattern");
  if (pattern.is_object() && pattern.size() == 1 && pattern.contains("String")) {
    return UnicodeRegex::Literal(JsonString(pattern, "String", name));
  }
  if (pattern.is_object() && pattern.size() == 1 && pattern.contains("Regex")) {
    return UnicodeRegex(JsonString(pattern, "Regex", name));
  }
  throw ConfigError(Concat("tokenizer.json: ", name, " must be {\"String\": ...} or {\"Regex\": ...}"));
}

std::string JsonLiteralPattern(const nlohmann::json& component) {
  const auto& pattern = component.at("pattern");
  return pattern.contains("String") ? pattern.at("String").get<std::string>() : "";
}

std::vector<const nlohmann::json*> OpenSequence(const nlohmann::json& component, const char* list, std::string_view where) {
  if (component.is_null()) return {};
  if (ComponentType(component) != "Sequence") return {&component};
  std::vector<const nlohmann::json*> parts;
  for (const auto& part : JsonList(component, list, where)) {
    const auto inner = OpenSequence(part, list, where);
    parts.insert(parts.end(), inner.begin(), inner.end());
  }
  return parts;
}

void RefuseComponent(std::string_view where, const nlohmann::json& component) {
  throw ConfigError(Concat("tokenizer.json: ", where, " ", Quoted(ComponentType(component)), " is not supported"));
}

}  // namespace temper
