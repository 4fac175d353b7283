// json.dumps, as transformers' tojson calls it.
#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/print.h"

namespace temper::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(Heap* heap, const JsonStyle& style) : heap_(heap), style_(style) {
    separator_ = style.item_separator.value_or(style.indent.has_value() ? "," : ", ");
  }

  void Write(const Value& value) {
    heap_->Step();
    const Heap::Depth depth(heap_);
    if (out.size() > heap_->limits().bytes) heap_->Charge(out.size());
    switch (value.kind()) {
      case Kind::kString:
        heap_->Scan(value.text().size());
        WriteText(value.text());
        break;
      case Kind::kList:
      case Kind::kTuple:
        WriteItems(value.items());
        break;
      case Kind::kDict:
        WriteDict(value.dict());
        break;
      default:
        out += ScalarText(value);
    }
  }

  std::string out;

 private:
  std::string ScalarText(const Value& value) {
    switch (value.kind()) {
      case Kind::kNone:
        return "null";
      case Kind::kBool:
        return value.integer() != 0 ? "true" : "false";
      case Kind::kInt:
        return IntText(value.integer());
      case Kind::kFloat:
        if (std::isnan(value.real())) return "NaN";
        if (std::isinf(value.real())) return value.real() < 0 ? "-Infinity" : "Infinity";
        return FloatText(value.real());
      default:
        throw Failure(Concat("Object of type ", TypeName(value), " is not JSON serializable"));
    }
  }

  void WriteUnicodeEscape(uint32_t unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[unit >> shift & 0xF]);
  }

  void WriteCharacter(char32_t c) {
    static constexpr std::string_view kShort = "\"\"\\\\\nn\rr\tt\bb\ff";  // a character, then its letter
    for (size_t i = 0; i < kShort.size(); i += 2) {
      if (c != static_cast<unsigned char>(kShort[i])) continue;
      out.push_back('\\');
      out.push_back(kShort[i + 1]);
      return;
    }
    if (c >= 0x20 && (c < 0x7F || !style_.ensure_ascii)) {
      AppendUtf8(c, &out);
    } else if (c > 0xFFFF) {
      WriteUnicodeEscape(0xD800 + ((c - 0x10000) >> 10));
      WriteUnicodeEscape(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      WriteUnicodeEscape(c);
    }
  }

  void WriteText(std::string_view text) {
    out.push_back('"');
    for (size_t at = 0; at < text.size();) WriteCharacter(NextCodePoint(text, &at));
    out.push_back('"');
  }

  void NewLine() {
    if (!style_.indent.has_value()) return;
    heap_->Charge(static_cast<size_t>(level_) * style_.indent->size());
    out.push_back('\n');
    for (int i = 0; i < level_; ++i) out += *style_.indent;
  }

  void WriteItems(const std::vector<Value>& items) {
    out.push_back('[');
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += separator_;
      NewLine();
      Write(items[i]);
    }
    --level_;
    if (!items.empty()) NewLine();
    out.push_back(']');
  }

  void WriteKey(const Value& key) {
    if (key.is_string()) return WriteText(key.text());
    if (!key.is_number() && !key.is_none()) {
      throw Failure(Concat("keys must be str, int, float, bool or None, not ", TypeName(key)));
    }
    out += '"' + ScalarText(key) + '"';
  }

  void WriteDict(const Dict& dict) {
    auto items = dict.items;
    if (style_.sort_keys) {
      for (const auto& item : items) {
        if (!item.first.is_string()) throw Failure("tojson(sort_keys=true) needs keys that are all texts");
      }
      std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first.text() < b.first.text(); });
    }
    out.push_back('{');
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += separator_;
      NewLine();
      WriteKey(items[i].first);
      out += style_.key_separator;
      Write(items[i].second);
    }
    --level_;
    if (!items.empty()) NewLine();
    out.push_back('}');
  }

  Heap* heap_;
  const JsonStyle& style_;
  std::string separator_;
  int level_ = 0;
};

}  // namespace

std::string ToJson(Heap* heap, const Value& value, const JsonStyle& style) {
  JsonWriter writer(heap, style);
  writer.Write(value);
  return std::move(writer.out);
}

}  // namespace temper::jinja
