#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluation/figures.h"

namespace temper {

// Numbers and words as reports print them. None depends on the locale.

// Fixed-point with `digits` decimals; never "-0.00".
std::string Fixed(double value, int digits);
// The same with its sign, "+0.21".
std::string Signed(double value, int digits);
// "1,440"
std::string Thousands(int64_t value);
// "0.975 [0.95, 0.99]", "undefined" where there is no sample, "0.975 (no interval)" where nothing is known of its precision; with
// FewMark, the signed one with DifferenceMark.
std::string WithInterval(const Estimate& estimate, int digits = 3);
std::string SignedWithInterval(const Estimate& estimate, int digits = 3);
// A dagger after a figure with too little behind it, "" after others; and what the mark says.
std::string FewMark(const Estimate& estimate);
std::string FewLegend();
// What marks a difference: "*" its sign is settled, the dagger, a double dagger for both; and what a settled sign means.
std::string DifferenceMark(const Estimate& difference);
std::string SettledLegend();
// Names as prose: dual_use -> dual-use, safe_completion -> safe-completion, held_out_topics -> held-out topics.
std::string Prose(std::string_view name);

// Text in which nothing hides: bytes that are not UTF-8 and control characters as U+FFFD, marks that reorder text by name.
std::string VisibleText(std::string_view text);

// Text made safe for HTML and SVG, in content and in quoted attributes: VisibleText with markup characters as references, so that no
// completion can forge or hide part of a page.
std::string EscapeHtml(std::string_view text);

// A legend of coloured squares: (style class, label), escaped here.
std::string HtmlSwatches(const std::vector<std::pair<std::string, std::string>>& classes_and_labels);

// JSON made safe within a <script> element: what could end the element, open a comment or end a line of script (<, >, &, U+2028, U+2029)
// as \u escapes. These occur within strings only, so the value is the same.
std::string EscapeJsonForHtml(std::string_view json);

// Text made safe for a terminal: UTF-8, control characters and reordering marks as '?'.
std::string EscapeTerminal(std::string_view text);

// A field of CSV per RFC 4180; a leading =, +, - or @ of text is preceded by a quote mark, so that spreadsheets take it as text.
std::string EscapeCsv(std::string_view text);

// A paragraph broken into lines of at most `columns` characters; lines after the first begin with `indent`.
std::string Wrap(const std::string& text, size_t columns, const std::string& indent);

}  // namespace temper
