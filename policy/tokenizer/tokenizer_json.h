#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/text/unicode_regex.h"

namespace temper {

// Fields of tokenizer.json's objects, with a ConfigError that says which is missing or of the wrong type. `where` names the object.
const nlohmann::json& JsonField(const nlohmann::json& object, const char* key, std::string_view where);
bool JsonBool(const nlohmann::json& object, const char* key, std::string_view where);
bool JsonBoolOr(const nlohmann::json& object, const char* key, bool otherwise, std::string_view where);  // `otherwise`: absent or null
std::string JsonString(const nlohmann::json& object, const char* key, std::string_view where);
char32_t JsonCharacter(const nlohmann::json& object, const char* key, std::string_view where);  // a string of one code point
const nlohmann::json& JsonList(const nlohmann::json& object, const char* key, std::string_view where);
bool IsNullOrAbsent(const nlohmann::json& object, const char* key);

// The "type" of a component; "null" where it is absent.
std::string ComponentType(const nlohmann::json& component);
// A component's field "pattern": {"String": ...} or {"Regex": ...}.
UnicodeRegex JsonPattern(const nlohmann::json& component, std::string_view where);
// The literal text where the pattern is a String that is not empty, otherwise "".
std::string JsonLiteralPattern(const nlohmann::json& component);

// The components behind a Sequence, in order; Sequences within are opened too. `list` is the field that holds them.
std::vector<const nlohmann::json*> OpenSequence(const nlohmann::json& component, const char* list, std::string_view where);

[[noreturn]] void RefuseComponent(std::string_view where, const nlohmann::json& component);

}  // namespace temper
