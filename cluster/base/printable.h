#pragma once

#include <string>
#include <string_view>

namespace temper {

// A text of anybody's for a terminal or a log: what could steer the one, or mislead who reads the other, is shown instead of sent. Control
// characters (but line ends and tabs) become \xNN, those of Unicode (C1, marks of direction, separators of lines) \u{NNNN}, bytes that are
// no UTF-8 \xNN.
std::string PrintableText(std::string_view text);

}  // namespace temper
