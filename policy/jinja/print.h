#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/jinja/value.h"

namespace temper {

// How Python writes values.

std::string JinjaIntText(JinjaInt value);
std::string JinjaFloatText(double value);  // repr(): the shortest digits that read back as the same number
// Appends str() and repr().
void JinjaPrint(JinjaHeap* heap, const JinjaValue& value, std::string* out);
void JinjaRepr(JinjaHeap* heap, const JinjaValue& value, std::string* out);
// str() as a value; a text is returned as it is.
std::string_view JinjaText(JinjaHeap* heap, const JinjaValue& value);

// The arguments of json.dumps that transformers' tojson passes on.
struct JinjaJsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;          // of one level; absent: all in one line
  std::optional<std::string> item_separator;  // absent: ", ", or "," where there is an indent
  std::string key_separator = ": ";
  bool sort_keys = false;
};
std::string JinjaToJson(JinjaHeap* heap, const JinjaValue& value, const JinjaJsonStyle& style);

}  // namespace temper
