#include "views/page/escape.h"

#include "cluster/base/utf8.h"

namespace temper {
namespace {

// Unicode marks that change the direction of what follows or show nothing at all; their name, or null.
const char* ReorderingMark(std::string_view character) {
  if (character == "\xE2\x80\x8B") return "U+200B";
  if (character == "\xE2\x80\x8E") return "U+200E";
  if (character == "\xE2\x80\x8F") return "U+200F";
  if (character == "\xE2\x80\xAA") return "U+202A";
  if (character == "\xE2\x80\xAB") return "U+202B";
  if (character == "\xE2\x80\xAC") return "U+202C";
  if (character == "\xE2\x80\xAD") return "U+202D";
  if (character == "\xE2\x80\xAE") return "U+202E";
  if (character == "\xE2\x81\xA6") return "U+2066";
  if (character == "\xE2\x81\xA7") return "U+2067";
  if (character == "\xE2\x81\xA8") return "U+2068";
  if (character == "\xE2\x81\xA9") return "U+2069";
  return nullptr;
}

// Control characters (C0 but newline and tab, DEL, C1): one character each.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (lead < 0x20 && lead != '\n' && lead != '\t') || lead == 0x7F;
  return character.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

std::string VisibleText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    const std::string_view character = text.substr(i, length == 0 ? 1 : length);
    i += character.size();
    if (length == 0 || IsControl(character)) {
      out += "\xEF\xBF\xBD";
    } else if (const char* mark = ReorderingMark(character)) {
      out += std::string("[") + mark + "]";
    } else {
      out += character;
    }
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : VisibleText(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string EscapeJsonForHtml(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i, 3);
    if (json[i] == '<' || json[i] == '>' || json[i] == '&') {
      out += json[i] == '<' ? "\\u003c" : json[i] == '>' ? "\\u003e" : "\\u0026";
    } else if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      out += rest == "\xE2\x80\xA8" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string EscapeTerminal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    const std::string_view character = text.substr(i, length == 0 ? 1 : length);
    i += character.size();
    const bool unsafe =
        length == 0 || IsControl(character) || character == "\n" || character == "\t" || ReorderingMark(character) != nullptr;
    out += unsafe ? std::string_view("?") : character;
  }
  return out;
}

std::string EscapeCsv(std::string_view text) {
  std::string repaired = RepairUtf8(text);
  if (!repaired.empty() && std::string_view("=+-@\t\r").find(repaired[0]) != std::string_view::npos) repaired.insert(0, "'");
  if (repaired.find_first_of(",\"\r\n") == std::string::npos) return repaired;
  std::string out = "\"";
  for (const char c : repaired) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace temper
