#include "policy/jinja/print.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/loop.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendHex(uint32_t value, int digits, std::string* out) {
  for (int i = digits - 1; i >= 0; --i) out->push_back(kHex[value >> (4 * i) & 0xF]);
}

void AppendReprOfCharacter(char32_t c, char quote, std::string* out) {
  if (c == '\\' || c == static_cast<unsigned char>(quote)) {
    out->push_back('\\');
    out->push_back(static_cast<char>(c));
  } else if (c == '\n' || c == '\r' || c == '\t') {
    *out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
  } else if (IsPythonPrintable(c)) {
    AppendUtf8(c, out);
  } else {
    const int digits = c <= 0xFF ? 2 : c <= 0xFFFF ? 4 : 8;
    *out += digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
    AppendHex(c, digits, out);
  }
}

void ReprOfText(std::string_view text, std::string* out) {
  const bool double_quoted = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quoted ? '"' : '\'';
  out->push_back(quote);
  for (size_t at = 0; at < text.size();) AppendReprOfCharacter(NextCodePoint(text, &at), quote, out);
  out->push_back(quote);
}

void ReprOfItems(Heap* heap, const std::vector<Value>& items, std::string_view open, std::string_view close, std::string* out) {
  *out += open;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) *out += ", ";
    Repr(heap, items[i], out);
  }
  *out += close;
}

void ReprOfDict(Heap* heap, const Dict& dict, std::string* out) {
  *out += "{";
  for (size_t i = 0; i < dict.items.size(); ++i) {
    if (i > 0) *out += ", ";
    Repr(heap, dict.items[i].first, out);
    *out += ": ";
    Repr(heap, dict.items[i].second, out);
  }
  *out += "}";
}

void ReprOfRange(const Range& range, std::string* out) {
  *out += Concat("range(", range.start, ", ", range.At(range.size));
  *out += range.step == 1 ? ")" : Concat(", ", range.step, ")");
}

}  // namespace

std::string IntText(Integer value) {
  const bool negative = value < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(value % 10);
    digits.push_back(static_cast<char>('0' + (negative ? -digit : digit)));
    value /= 10;
  } while (value != 0);
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string FloatText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer;
  const auto scientific = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<size_t>(scientific.ptr - buffer.data()));
  const int exponent = std::atoi(std::string(text.substr(text.find('e') + 1)).c_str());
  if (exponent < -4 || exponent >= 16) return std::string(text);
  std::array<char, 400> plain;
  const auto fixed = std::to_chars(plain.data(), plain.data() + plain.size(), value, std::chars_format::fixed);
  std::string out(plain.data(), fixed.ptr);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

void Repr(Heap* heap, const Value& value, std::string* out) {
  heap->Step();
  const Heap::Depth depth(heap);
  const size_t before = out->size();
  switch (value.kind()) {
    case Kind::kString:
      heap->Scan(value.text().size());
      if (value.markup()) *out += "Markup(";
      ReprOfText(value.text(), out);
      if (value.markup()) *out += ")";
      break;
    case Kind::kList:
      ReprOfItems(heap, value.items(), "[", "]", out);
      break;
    case Kind::kTuple:
      ReprOfItems(heap, value.items(), "(", value.items().size() == 1 ? ",)" : ")", out);
      break;
    case Kind::kDict:
      ReprOfDict(heap, value.dict(), out);
      break;
    case Kind::kDictView:
      *out += TypeName(value);
      ReprOfItems(heap, Items(heap, value), "([", "])", out);
      break;
    case Kind::kNamespace:
      *out += "<Namespace ";
      ReprOfDict(heap, value.object<Namespace>()->attributes, out);
      *out += ">";
      break;
    case Kind::kUndefined:
      *out += "Undefined";
      break;
    default:
      Print(heap, value, out);
  }
  if (out->size() - before > heap->limits().bytes) heap->Charge(out->size() - before);  // one value alone is too long
}

void Print(Heap* heap, const Value& value, std::string* out) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kUndefined:
      break;
    case Kind::kNone:
      *out += "None";
      break;
    case Kind::kBool:
      *out += value.integer() != 0 ? "True" : "False";
      break;
    case Kind::kInt:
      *out += IntText(value.integer());
      break;
    case Kind::kFloat:
      *out += FloatText(value.real());
      break;
    case Kind::kString:
      *out += value.text();
      break;
    case Kind::kRange:
      ReprOfRange(*value.object<Range>(), out);
      break;
    case Kind::kMacro:
      *out += "<Macro ";
      ReprOfText(value.object<Macro>()->name, out);
      *out += ">";
      break;
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
    case Kind::kDictView:
    case Kind::kNamespace:
      Repr(heap, value, out);
      break;
    default:
      // Python would print an address.
      throw Failure(Concat("a ", TypeName(value), " cannot be printed; a lazy sequence needs |list first, a method its ()"));
  }
}

std::string_view Text(Heap* heap, const Value& value) {
  if (value.is_string()) return value.text();
  std::string text;
  Print(heap, value, &text);
  return heap->Text(std::move(text)).text();
}

}  // namespace temper::jinja
