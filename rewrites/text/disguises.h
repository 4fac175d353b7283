#pragma once

#include <string>
#include <string_view>

namespace temper {

// Ways to write a text so that who looks for words does not find them. Each takes and gives valid UTF-8.
std::string Base64(std::string_view text);
std::string Hexadecimal(std::string_view text);
std::string Rot13(std::string_view text);
std::string LeetSpeak(std::string_view text);   // a e i o s t as 4 3 1 0 5 7
std::string Homoglyphs(std::string_view text);  // a c e o p x y as the Cyrillic letters that look alike
std::string FullWidth(std::string_view text);   // ASCII as U+FF01 .. U+FF5E
std::string Reversed(std::string_view text);    // by code point
std::string UpperCase(std::string_view text);   // ASCII alone, as the next
std::string AlternatingCase(std::string_view text);
// `separator` between the code points of each word.
std::string Spelled(std::string_view text, std::string_view separator);
// `separator` in place of each run of white space.
std::string JoinedBy(std::string_view text, std::string_view separator);

}  // namespace temper
