#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/jinja/value.h"

namespace temper::jinja {

// How Python writes values.

std::string IntText(Integer value);
std::string FloatText(double value);  // repr(): the shortest digits that read back as the same number
// Appends str() and repr().
void Print(Heap* heap, const Value& value, std::string* out);
void Repr(Heap* heap, const Value& value, std::string* out);
// str() as a value; a text is returned as it is.
std::string_view Text(Heap* heap, const Value& value);

// The arguments of json.dumps that transformers' tojson passes on.
struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;          // of one level; absent: all in one line
  std::optional<std::string> item_separator;  // absent: ", ", or "," where there is an indent
  std::string key_separator = ": ";
  bool sort_keys = false;
};
std::string ToJson(Heap* heap, const Value& value, const JsonStyle& style);

}  // namespace temper::jinja
