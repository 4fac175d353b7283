// Formatting with %, and HTML escaping.
#include <cstdio>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

// One conversion of a format: %[(key)][flags][width][.precision]conversion.
struct Conversion {
  std::string_view key;
  std::string flags;
  int width = 0;
  int precision = -1;
  char letter = 0;
};

constexpr int kWidest = 10'000;

class PercentFormatter {
 public:
  PercentFormatter(Heap* heap, const Value& format, const Value& arguments)
      : heap_(heap), format_(format.text()), escape_(format.markup()), arguments_(arguments) {}

  std::string Run() {
    std::string out;
    while (at_ < format_.size()) {
      if (format_[at_] != '%') {
        out.push_back(format_[at_++]);
        continue;
      }
      ++at_;
      const Conversion conversion = Parse();
      const std::string text = conversion.letter == '%' ? "%" : Convert(conversion);
      heap_->Charge(text.size());
      out += text;
    }
    const bool one_value = !arguments_.Is(Kind::kTuple) && !arguments_.Is(Kind::kDict) && !arguments_.Is(Kind::kList);
    const bool unused = arguments_.Is(Kind::kTuple) ? used_ < arguments_.items().size() : one_value && used_ == 0;
    if (unused) throw Failure("not all arguments converted during string formatting");
    return out;
  }

 private:
  Conversion Parse() {
    Conversion made;
    if (Peek() == '(') {
      const size_t close = format_.find(')', at_);
      if (close == std::string_view::npos) throw Failure("incomplete format key");
      made.key = format_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
    }
    while (Peek() != 0 && std::string_view("-+ 0#").find(Peek()) != std::string_view::npos) made.flags.push_back(format_[at_++]);
    made.width = ParseNumber();
    if (Peek() == '.') {
      ++at_;
      made.precision = ParseNumber();
    }
    if (Peek() == 0) throw Failure("incomplete format");
    made.letter = format_[at_++];
    return made;
  }

  char Peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  int ParseNumber() {
    if (Peek() == '*') throw Failure("a width of * in a format is not supported");
    int number = 0;
    for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
      number = number * 10 + (Peek() - '0');
      if (number > kWidest) throw Failure(Concat("a format wider than ", kWidest));
    }
    return number;
  }

  Value NextArgument(std::string_view key) {
    if (!key.empty()) {
      if (!arguments_.Is(Kind::kDict)) throw Failure("format requires a mapping");
      const Value* value = arguments_.dict().Find(key);
      if (value == nullptr) throw Failure(Concat("the format names '", key, "', which is not among its values"));
      return *value;
    }
    const size_t count = arguments_.Is(Kind::kTuple) ? arguments_.items().size() : 1;
    if (used_ >= count) throw Failure("not enough arguments for format string");
    return arguments_.Is(Kind::kTuple) ? arguments_.items()[used_++] : (++used_, arguments_);
  }

  std::string Convert(const Conversion& c) {
    const Value value = NextArgument(c.key);
    switch (c.letter) {
      case 's':
      case 'r':
        return Pad(TextOf(value, c), c);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return Integer(value, c);
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G':
        return Real(value, c);
      default:
        throw Failure(Concat("unsupported format character '", c.letter, "'"));
    }
  }

  std::string TextOf(const Value& value, const Conversion& c) {
    std::string text;
    if (c.letter == 'r') {
      Repr(heap_, value, &text);
    } else {
      Print(heap_, value, &text);
    }
    if (escape_ && !value.markup()) text = Escape(heap_, heap_->Text(text)).text();
    if (c.precision >= 0) text = text.substr(0, ByteOffset(text, static_cast<size_t>(c.precision)));
    return text;
  }

  std::string Pad(std::string text, const Conversion& c) {
    const size_t length = CountCodePoints(text);
    const auto width = static_cast<size_t>(c.width);
    if (length >= width) return text;
    const std::string spaces(width - length, ' ');
    return c.flags.find('-') != std::string::npos ? text + spaces : spaces + text;
  }

  std::string PrintfFormat(const Conversion& c, const char* length) {
    std::string format = "%" + c.flags + (c.width > 0 ? std::to_string(c.width) : "");
    if (c.precision >= 0) format += "." + std::to_string(c.precision);
    return format + length + (c.letter == 'u' ? 'd' : c.letter);
  }

  std::string Integer(const Value& value, const Conversion& c) {
    RequireDefined(value);
    if (!value.is_integral() && !(value.Is(Kind::kFloat) && std::string_view("diu").find(c.letter) != std::string_view::npos)) {
      throw Failure(Concat("%", c.letter, " format: a number is required, not ", TypeName(value)));
    }
    const double real = value.number();
    if (!(real > -9.2e18 && real < 9.2e18)) throw Failure("a number of more than 63 bits in a format");
    const long long number = value.is_integral() ? static_cast<long long>(value.integer()) : static_cast<long long>(real);
    const bool hexadecimal_or_octal = c.letter == 'x' || c.letter == 'X' || c.letter == 'o';
    if (hexadecimal_or_octal && number < 0) throw Failure("a negative number in a format of %x or %o is not supported");
    char text[2 * kWidest + 64];
    std::snprintf(text, sizeof(text), PrintfFormat(c, "ll").c_str(), number);
    return text;
  }

  std::string Real(const Value& value, const Conversion& c) {
    RequireDefined(value);
    if (!value.is_number()) throw Failure(Concat("must be real number, not ", TypeName(value)));
    char text[2 * kWidest + 512];
    std::snprintf(text, sizeof(text), PrintfFormat(c, "").c_str(), value.number());
    return text;
  }

  Heap* heap_;
  std::string_view format_;
  bool escape_;
  const Value& arguments_;
  size_t at_ = 0;
  size_t used_ = 0;
};

}  // namespace

Value PercentFormat(Heap* heap, const Value& format, const Value& arguments) {
  return heap->Text(PercentFormatter(heap, format, arguments).Run(), format.markup());
}

Value Escape(Heap* heap, const Value& value) {
  if (value.markup()) return value;
  const std::string_view text = Text(heap, value);
  std::string out;
  for (const char c : text) {
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
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return heap->Text(std::move(out), true);
}

}  // namespace temper::jinja
