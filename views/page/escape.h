#pragma once

#include <string>
#include <string_view>

namespace temper {

// Text made safe for where it is shown. Whatever a person, a model or a file gave passes through here before it is part of a page, of a
// report on a terminal or of a CSV file.

// Text in which nothing hides: bytes that are not UTF-8 and control characters as U+FFFD, marks that reorder text by name.
std::string VisibleText(std::string_view text);

// Text made safe for HTML and SVG, in content and in quoted attributes. It is VisibleText with
// markup characters as references, so that no completion can forge or hide part of a page.
std::string EscapeHtml(std::string_view text);

// JSON made safe within a <script> element: what could end the element, open a comment or end a line of script (<, >, &, U+2028, U+2029)
// as \u escapes. These occur within strings only, so the value is the same.
std::string EscapeJsonForHtml(std::string_view json);

// Text made safe for a terminal: UTF-8, control characters and reordering marks as '?'.
std::string EscapeTerminal(std::string_view text);

// A field of CSV per RFC 4180; a leading =, +, - or @ of text is preceded by a quote mark, so that spreadsheets take it as text.
std::string EscapeCsv(std::string_view text);

}  // namespace temper
