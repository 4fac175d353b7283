#pragma once

#include <string>
#include <string_view>

namespace temper {

// How a text is made even before it is read as n-grams. Part of a classifier: what was trained with one is asked with the same.
struct Normalization {
  bool fold = true;  // case, compatibility forms (full-width and mathematical letters), curly quotes and dashes, invisible characters
  bool join_spaced = true;  // "b o m b" and "b.o.m.b" become "bomb": three letters or more that stand alone, one separator between them
};

// The text with one space before it, one behind it and one wherever it has white space. So every
// n-gram inside a word, its ends included, is a piece of it. Folding is NFKC_Casefold of Unicode
// (UAX #31) for texts beyond ASCII. Bytes that are no UTF-8 count as U+FFFD. An empty text gives
// one space.
std::string NormalizeText(std::string_view text, const Normalization& how);

}  // namespace temper
