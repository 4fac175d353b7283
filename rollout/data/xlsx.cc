#include "rollout/data/xlsx.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "rollout/data/zip_entries.h"

namespace temper {
namespace {

constexpr char kStrings[] = "xl/sharedStrings.xml";
constexpr std::string_view kSheets = "xl/worksheets/";

bool IsWanted(std::string_view name) { return name == kStrings || (name.starts_with(kSheets) && name.ends_with(".xml")); }

// An element of an XML text without a notion of more than such files need: its opening tag, and what stands before its closing one.
struct Element {
  std::string_view tag;   // `<c r="A1" t="s"`
  std::string_view text;  // "" of an empty one
};

// The next element `name` at or behind *at, which moves behind it; false where there is none. Elements of a name do not nest in such files.
bool NextElement(std::string_view xml, std::string_view name, size_t* at, Element* element) {
  const std::string open = Concat("<", name), close = Concat("</", name, ">");
  for (size_t begin = xml.find(open, *at); begin != std::string_view::npos; begin = xml.find(open, begin + 1)) {
    const size_t behind = begin + open.size();
    if (behind >= xml.size() || std::string_view(" \t\r\n/>").find(xml[behind]) == std::string_view::npos) continue;
    const size_t end = xml.find('>', behind);
    if (end == std::string_view::npos) throw ConfigError("its XML is damaged: a tag has no end");
    element->tag = xml.substr(begin, end - begin);
    element->text = {};
    *at = end + 1;
    if (xml[end - 1] == '/') return true;
    const size_t last = xml.find(close, end);
    if (last == std::string_view::npos) throw ConfigError(Concat("its XML is damaged: an element ", name, " has no end"));
    element->text = xml.substr(end + 1, last - end - 1);
    *at = last + close.size();
    return true;
  }
  return false;
}

std::string_view AttributeOf(std::string_view tag, std::string_view name) {
  const std::string key = Concat(" ", name, "=\"");
  const size_t at = tag.find(key);
  if (at == std::string_view::npos) return {};
  const size_t begin = at + key.size(), end = tag.find('"', begin);
  return end == std::string_view::npos ? std::string_view{} : tag.substr(begin, end - begin);
}

template <typename Int>
bool ParseNumber(std::string_view digits, int base, Int* value) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *value, base);
  return error == std::errc() && end == digits.data() + digits.size();
}

// One character that the text spells at `at`, behind an ampersand: "&lt;" or "&#x41;". Its length, 0 where it is none.
size_t AppendEntity(std::string_view text, size_t at, std::string* out) {
  static const std::map<std::string_view, char> kNamed = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  const size_t end = text.find(';', at);
  if (end == std::string_view::npos || end - at > 10) return 0;
  const std::string_view name = text.substr(at + 1, end - at - 1);
  if (const auto found = kNamed.find(name); found != kNamed.end()) {
    *out += found->second;
    return end + 1 - at;
  }
  uint32_t code = 0;
  const bool hex = name.starts_with("#x");
  if (!name.starts_with("#") || !ParseNumber(name.substr(hex ? 2 : 1), hex ? 16 : 10, &code)) return 0;
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
  AppendUtf8(code, out);
  return end + 1 - at;
}

// The format's own escape "_x000D_" at `at`; its length, 0 where it is none.
size_t AppendEscape(std::string_view text, size_t at, std::string* out) {
  uint32_t code = 0;
  const bool is_one =
      text.substr(at).size() >= 7 && text[at + 1] == 'x' && text[at + 6] == '_' && ParseNumber(text.substr(at + 2, 4), 16, &code);
  if (!is_one || code == 0 || (code >= 0xD800 && code < 0xE000)) return 0;
  AppendUtf8(code, out);
  return 7;
}

std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\r') {  // a line break of XML is one line feed
      out += '\n';
      at += text.substr(at).starts_with("\r\n") ? 2 : 1;
      continue;
    }
    const size_t length = text[at] == '&' ? AppendEntity(text, at, &out) : text[at] == '_' ? AppendEscape(text, at, &out) : 0;
    if (length == 0) out += text[at];
    at += std::max<size_t>(length, 1);
  }
  return out;
}

// The text of a string item or an inline string: its runs, without phonetic guides.
std::string TextOf(std::string_view item) {
  std::string plain;
  size_t at = 0;
  for (Element guide;;) {
    const size_t begin = item.find("<rPh", at);
    plain += item.substr(at, begin == std::string_view::npos ? begin : begin - at);
    if (begin == std::string_view::npos || !NextElement(item, "rPh", &(at = begin), &guide)) break;
  }
  std::string text;
  size_t next = 0;
  for (Element run; NextElement(plain, "t", &next, &run);) text += Decoded(run.text);
  return text;
}

// The memory that texts and cells may still take.
class Budget {
 public:
  explicit Budget(uint64_t bytes) : bytes_(bytes), left_(bytes) {}
  void Take(uint64_t bytes) {
    if (bytes > left_) throw ConfigError(Concat("its texts and cells take more than ", bytes_, " bytes"));
    left_ -= bytes;
  }

 private:
  uint64_t bytes_, left_;
};

std::vector<std::string> SharedStrings(std::string_view xml, Budget* budget) {
  std::vector<std::string> strings;
  size_t at = 0;
  for (Element item; NextElement(xml, "si", &at, &item);) {
    strings.push_back(TextOf(item.text));
    budget->Take(sizeof(std::string) + strings.back().size());
  }
  return strings;
}

// "BC12" -> 54 (0-based).
size_t ColumnOf(std::string_view reference) {
  size_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<size_t>(c - 'A') + 1;
    if (column > kMaxXlsxColumns) throw ConfigError(Concat("a row has more than ", kMaxXlsxColumns, " columns"));
  }
  if (column == 0) throw ConfigError("its XML is damaged: a cell has no place");
  return column - 1;
}

std::string CellText(const Element& cell, const std::vector<std::string>& strings) {
  const std::string_view type = AttributeOf(cell.tag, "t");
  if (type == "inlineStr") return TextOf(cell.text);
  size_t at = 0;
  Element value;
  if (!NextElement(cell.text, "v", &at, &value)) return "";
  if (type != "s") return Decoded(value.text);
  size_t index = 0;
  if (!ParseNumber(value.text, 10, &index) || index >= strings.size())
    throw ConfigError("it is damaged: a cell names a text that is not there");
  return strings[index];
}

}  // namespace

std::vector<std::vector<std::string>> ReadXlsx(std::string_view workbook, uint64_t max_bytes) {
  const std::map<std::string, std::string> files = ReadZip(workbook, max_bytes, IsWanted);
  Budget budget(max_bytes);
  std::vector<std::string> strings;
  if (const auto shared = files.find(kStrings); shared != files.end()) strings = SharedStrings(shared->second, &budget);
  auto sheet = files.find("xl/worksheets/sheet1.xml");
  if (sheet == files.end()) sheet = files.lower_bound(std::string(kSheets));
  if (sheet == files.end()) throw ConfigError("there is no sheet in it");
  std::vector<std::vector<std::string>> rows;
  size_t at = 0;
  for (Element row; NextElement(sheet->second, "row", &at, &row);) {
    std::vector<std::string>& cells = rows.emplace_back();
    budget.Take(sizeof(cells));
    size_t next = 0;
    for (Element cell; NextElement(row.text, "c", &next, &cell);) {
      const size_t column = ColumnOf(AttributeOf(cell.tag, "r"));
      if (cells.size() <= column) {
        budget.Take((column + 1 - cells.size()) * sizeof(std::string));
        cells.resize(column + 1);
      }
      cells[column] = CellText(cell, strings);
      budget.Take(cells[column].size());
    }
  }
  return rows;
}

}  // namespace temper
