#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace temper {

// A text that a pattern should match by its parts, keyed by `seed`. It has one alternative of each
// group, one character of each class, each repetition at its least or up to two more. Where the
// parts contradict each other (a\bb) the pattern does not match it. Nothing for a pattern with what
// this does not read: lookarounds, backreferences, \K, Unicode properties, POSIX classes,
// possessive repetitions, flags other than i.
std::optional<std::string> SampleOfPattern(std::string_view pattern, uint64_t seed);

// Whether the pattern matches the empty text, or each of a letter, a digit, a mark and a letter beyond ASCII: then it matches all there is.
// `pattern` must compile.
bool MatchesEverything(const std::string& pattern, bool case_sensitive);

// Whether none of `tries` of its samples is matched; false where it has none.
bool MatchesNoSample(const std::string& pattern, bool case_sensitive, int tries);

}  // namespace temper
