#pragma once

#include <optional>
#include <string_view>

namespace temper {

// Fuzzy string matches of rapidfuzz 3, in [0, 1]. Both texts are lower-cased, what is neither letter nor digit becomes a space, and spaces
// at the ends go (rapidfuzz's default_process). 0 where nothing is left of either.

// 1 - (insertions and deletions that make one of the other) / (length of both): rapidfuzz.fuzz.ratio / 100.
double FuzzyRatio(std::string_view input, std::string_view reference);

// rapidfuzz.fuzz.WRatio / 100: the best of the ratio, that of sorted words and that of the words
// that differ. Where one text is at least 1.5 times as long as the other, it is the best of its
// alignments with the shorter, times .9 (.6 from 8 times on). A single word in common then gives
// .855 at least: a policy finds that out. Nothing where the texts are so long that it would take
// more than some seconds.
std::optional<double> FuzzyWRatio(std::string_view input, std::string_view reference);

}  // namespace temper
