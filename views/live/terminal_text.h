#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// Text of a model, or of anybody, for a terminal: what could drive it is shown instead of sent. Control characters become \xNN, those of
// Unicode (C1, bidirectional overrides, zero-width and line separators, tags) \u{NNNN}, bytes that are no UTF-8 \xNN. Line ends and tabs
// stay when `lines`, else they become \n and \t.
std::string SafeText(std::string_view text, bool lines);

// Columns a safe text takes: wide characters (East Asian, emoji) two, combining ones none.
size_t Columns(std::string_view text);
// Cut to at most `width` columns, filled up with spaces to that many when `fill`.
std::string Fit(std::string_view text, size_t width, bool fill);

// The same, cut between words and with "…" (of ASCII "...") at its end where it does not fit.
std::string FitWords(std::string_view text, size_t width, bool unicode);

// Values as a line of `width` characters from low to high, scaled to the range they span; the newest is last. Where there are more than
// `width` each character is the mean of its share. `unicode` false: of ASCII. A value that is not finite is a gap.
std::string Sparkline(const std::vector<double>& values, size_t width, bool unicode);

// Whether the locale's characters are UTF-8 (LC_ALL, LC_CTYPE, LANG).
bool TerminalIsUtf8();
// Whether colours are wanted: standard output is a terminal, NO_COLOR is not set, TERM is not dumb.
bool WantsColor();

}  // namespace temper
