#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace temper::jinja {

// What Python's str does, over valid UTF-8. Places and lengths are counted in code points unless said otherwise. As in Python 3.11; the
// versions of Unicode are those of PCRE2 (properties) and ICU (case).

// Bytes before the code point of that number; all of them where there are fewer.
size_t ByteOffset(std::string_view text, size_t code_point);

// Byte of the first, or of the last, place of `part` at or behind `begin`; npos where there is none. FindPart takes time that grows with
// text and part, never with their product: 'a' * 500000 ~ 'b' in 'a' * 1000000 is an attack. FindLastPart may take the product: charge
// CostOfLastPart before.
size_t FindPart(std::string_view text, std::string_view part, size_t begin = 0);
size_t FindLastPart(std::string_view text, std::string_view part);
size_t CostOfLastPart(std::string_view text, std::string_view part);  // bytes looked at, as for Heap::Scan

bool IsPythonSpace(char32_t code_point);  // str.isspace of one character
bool IsPythonPrintable(char32_t code_point);

// str.strip, lstrip and rstrip; `chars` absent: whitespace.
std::string_view PythonStrip(std::string_view text, bool left, bool right, std::optional<std::string_view> chars = std::nullopt);

// str.split and rsplit; `separator` absent: runs of whitespace; `limit` < 0: none. The separator must not be empty.
std::vector<std::string_view> PythonSplit(std::string_view text, std::optional<std::string_view> separator, int64_t limit);
std::vector<std::string_view> PythonSplitFromRight(std::string_view text, std::optional<std::string_view> separator, int64_t limit);
std::vector<std::string_view> PythonSplitLines(std::string_view text, bool keep_ends);

// str.replace; `count` < 0: all.
std::string PythonReplace(std::string_view text, std::string_view from, std::string_view to, int64_t count);
size_t PythonCount(std::string_view text, std::string_view part);

std::string PythonUpper(std::string_view text);
std::string PythonLower(std::string_view text);
std::string PythonCapitalize(std::string_view text);
std::string PythonTitle(std::string_view text);

// isalpha, isalnum, isdigit, isdecimal, isspace, islower, isupper, isascii; nothing where the name is none of these.
std::optional<bool> PythonIs(std::string_view name, std::string_view text);

}  // namespace temper::jinja
