// Methods of str.
#include <algorithm>
#include <map>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/access.h"
#include "policy/jinja/call.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

// A method at work: its receiver and its arguments.
struct Call {
  Heap* heap;
  const Value& receiver;
  std::string_view name;
  const Arguments& arguments;

  std::string_view text() const { return receiver.text(); }
  bool markup() const { return receiver.markup(); }
  std::vector<Value> Bind(std::initializer_list<std::string_view> names, size_t required = 0) const {
    return jinja::Bind(arguments, name, names, required);
  }
  Value Part(std::string_view part) const { return Value::String(part, markup()); }
  // An argument that goes into the text: escaped where the text is markup.
  std::string_view Inserted(const Value& value) const {
    TextArgument(value, Concat("the argument of ", name, "()"));
    return markup() ? Escape(heap, value).text() : value.text();
  }
};

std::optional<std::string_view> OptionalText(const Value& value, std::string_view what) {
  if (value.Is(Kind::kMissing) || value.is_none()) return std::nullopt;
  return TextArgument(value, what);
}

Value Strip(const Call& call) {
  const auto bound = call.Bind({"chars"});
  const auto chars = OptionalText(bound[0], "the argument of strip()");
  if (chars.has_value()) call.heap->Step(static_cast<int64_t>(call.text().size() / 16 * (1 + chars->size() / 64)));
  return call.Part(PythonStrip(call.text(), call.name != "rstrip", call.name != "lstrip", chars));
}

Value Split(const Call& call) {
  const auto bound = call.Bind({"sep", "maxsplit"});
  const auto separator = OptionalText(bound[0], "the separator of split()");
  const int64_t limit = IntArgument(bound[1], "maxsplit", -1);
  if (separator.has_value() && separator->empty()) throw Failure("empty separator");
  call.heap->Scan(8 * call.text().size());
  if (separator.has_value() && call.name != "split") call.heap->Scan(CostOfLastPart(call.text(), *separator));
  call.heap->Charge(separator.has_value() ? PythonCount(call.text(), *separator) * sizeof(Value) : 4 * call.text().size());
  const auto parts =
      call.name == "split" ? PythonSplit(call.text(), separator, limit) : PythonSplitFromRight(call.text(), separator, limit);
  return TextList(call.heap, parts, call.markup());
}

Value SplitLines(const Call& call) {
  const auto bound = call.Bind({"keepends"});
  call.heap->Scan(8 * call.text().size());
  call.heap->Charge(4 * call.text().size());
  return TextList(call.heap, PythonSplitLines(call.text(), Truth(bound[0])), call.markup());
}

Value Partition(const Call& call) {
  const auto separator = TextArgument(call.Bind({"sep"}, 1)[0], "the separator of partition()");
  if (separator.empty()) throw Failure("empty separator");
  const bool from_left = call.name == "partition";
  if (!from_left) call.heap->Scan(CostOfLastPart(call.text(), separator));
  const size_t at = from_left ? FindPart(call.text(), separator) : FindLastPart(call.text(), separator);
  const Value empty = call.Part("");
  if (at == std::string_view::npos) {
    const Value whole = call.Part(call.text());
    return from_left ? call.heap->Tuple({whole, empty, empty}) : call.heap->Tuple({empty, empty, whole});
  }
  return call.heap->Tuple(
      {call.Part(call.text().substr(0, at)), call.Part(separator), call.Part(call.text().substr(at + separator.size()))});
}

// The part of the text that the arguments start and end of a search leave; nothing where start lies behind the end of the text.
std::optional<std::string_view> Window(const Call& call, const Value& start, const Value& end, int64_t* first) {
  call.heap->Scan(2 * call.text().size());
  const auto length = static_cast<int64_t>(CountCodePoints(call.text()));
  const auto bound = [&](const Value& value, int64_t absent) {
    const int64_t at = value.is_none() ? absent : IntArgument(value, Concat("a bound of ", call.name, "()"), absent);
    return std::max<int64_t>(at < 0 ? at + length : at, 0);
  };
  *first = bound(start, 0);
  const int64_t last = std::min(bound(end, length), length);
  if (*first > last) return std::nullopt;
  const size_t begin = ByteOffset(call.text(), static_cast<size_t>(*first));
  return call.text().substr(begin, ByteOffset(call.text().substr(begin), static_cast<size_t>(last - *first)));
}

Value Edge(const Call& call) {
  const auto bound = call.Bind({"prefix", "start", "end"}, 1);
  const bool starts = call.name == "startswith";
  int64_t first = 0;
  const bool whole = bound[1].Is(Kind::kMissing) && bound[2].Is(Kind::kMissing);
  const auto window = whole ? std::optional(call.text()) : Window(call, bound[1], bound[2], &first);
  const auto matches = [&](const Value& value) {
    const auto part = TextArgument(value, Concat(call.name, " first arg"));
    return window.has_value() && (starts ? window->starts_with(part) : window->ends_with(part));
  };
  if (!bound[0].Is(Kind::kTuple)) return Value::Bool(matches(bound[0]));
  return Value::Bool(std::any_of(bound[0].items().begin(), bound[0].items().end(), matches));
}

Value Find(const Call& call) {
  const auto bound = call.Bind({"sub", "start", "end"}, 1);
  const auto part = TextArgument(bound[0], Concat("the argument of ", call.name, "()"));
  int64_t first = 0;
  const auto window = Window(call, bound[1], bound[2], &first);
  if (call.name == "count") return Value::Int(window.has_value() ? static_cast<Integer>(PythonCount(*window, part)) : 0);
  const bool from_left = call.name == "find" || call.name == "index";
  if (!from_left) call.heap->Scan(CostOfLastPart(call.text(), part));
  const size_t at = !window.has_value() ? std::string_view::npos : from_left ? FindPart(*window, part) : FindLastPart(*window, part);
  if (at != std::string_view::npos) return Value::Int(first + static_cast<int64_t>(CountCodePoints(window->substr(0, at))));
  if (call.name.ends_with("index")) throw Failure("substring not found");
  return Value::Int(-1);
}

Value Replace(const Call& call) {
  const auto bound = call.Bind({"old", "new", "count"}, 2);
  const auto from = TextArgument(bound[0], "the first argument of replace()");
  return ReplaceText(call.heap, call.text(), from, call.Inserted(bound[1]), IntArgument(bound[2], "count", -1), call.markup());
}

Value Join(const Call& call) {
  const auto items = Items(call.heap, call.Bind({"iterable"}, 1)[0]);
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_string()) {
      throw Failure(Concat("sequence item ", i, ": expected str instance, ", TypeName(items[i]), " found"));
    }
    const std::string_view item = call.Inserted(items[i]);
    call.heap->Charge(item.size() + call.text().size());
    if (i > 0) out += call.text();
    out += item;
  }
  return call.heap->Text(std::move(out), call.markup());
}

Value Convert(const Call& call) {
  call.Bind({});
  call.heap->Scan(16 * call.text().size());
  call.heap->Charge(5 * call.text().size());  // the code points, and a text that may be longer
  const std::string_view name = call.name;
  std::string out = name == "upper"   ? PythonUpper(call.text())
                    : name == "lower" ? PythonLower(call.text())
                    : name == "title" ? PythonTitle(call.text())
                                      : PythonCapitalize(call.text());
  return call.heap->Text(std::move(out), call.markup());
}

Value RemoveEdge(const Call& call) {
  const auto part = TextArgument(call.Bind({"affix"}, 1)[0], Concat("the argument of ", call.name, "()"));
  std::string_view text = call.text();
  if (call.name == "removeprefix") {
    if (text.starts_with(part)) text.remove_prefix(part.size());
  } else if (text.ends_with(part)) {
    text.remove_suffix(part.size());
  }
  return call.Part(text);
}

// ljust, rjust, center and zfill.
Value Justify(const Call& call) {
  const auto bound = call.Bind({"width", "fillchar"}, 1);
  const bool zeros = call.name == "zfill";
  const std::string_view fill = zeros ? "0" : bound[1].Is(Kind::kMissing) ? " " : call.Inserted(bound[1]);
  if (CountCodePoints(fill) != 1) throw Failure("The fill character must be exactly one character long");
  call.heap->Scan(call.text().size());
  const int64_t width = IntArgument(bound[0], "width", 0);
  const int64_t gap = width - static_cast<int64_t>(CountCodePoints(call.text()));
  if (gap <= 0) return call.receiver;
  call.heap->Charge(static_cast<size_t>(std::min<int64_t>(gap, 1 << 30)) * fill.size());
  const int64_t left = call.name == "ljust" ? 0 : call.name == "center" ? gap / 2 + (gap & width & 1) : gap;
  std::string out;
  std::string_view text = call.text();
  if (zeros && (text.starts_with('-') || text.starts_with('+'))) {
    out = text[0];
    text.remove_prefix(1);
  }
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (int64_t i = left; i < gap; ++i) out += fill;
  return call.heap->Text(std::move(out), call.markup());
}

// One field of str.format: {}, {0} or {name}, each with .attribute and [item] behind it.
Value FormatField(const Call& call, std::string_view field, size_t* next) {
  if (field.find_first_of("!:{") != std::string_view::npos) {
    throw Failure(Concat("'{", field, "}' in format(): conversions and format specifications are not supported"));
  }
  const size_t end = std::min(field.find_first_of(".["), field.size());
  const std::string_view name = field.substr(0, end);
  if (end != field.size()) throw Failure(Concat("'{", field, "}' in format(): attributes and items are not supported"));
  const bool number = PythonIs("isdigit", name).value_or(false) && name.size() < 10;
  if (name.empty() || number) {
    const size_t at = number ? static_cast<size_t>(std::atoi(std::string(name).c_str())) : (*next)++;
    if (at < call.arguments.positional.size()) return call.arguments.positional[at];
    throw Failure(Concat("Replacement index ", at, " out of range for positional args tuple"));
  }
  for (const auto& [key, value] : call.arguments.keyword) {
    if (key == name) return value;
  }
  throw Failure(Concat("format() has no argument '", name, "'"));
}

Value Format(const Call& call) {
  std::string out;
  size_t next = 0;
  const std::string_view text = call.text();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{' && text[i] != '}') {
      out.push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == text[i]) {
      out.push_back(text[i++]);
    } else {
      const size_t close = text.find('}', i);
      if (text[i] == '}' || close == std::string_view::npos) throw Failure(Concat("Single '", text[i], "' encountered in format string"));
      const Value value = FormatField(call, text.substr(i + 1, close - i - 1), &next);
      const std::string_view shown = Text(call.heap, value);
      const std::string_view inserted = call.markup() ? Escape(call.heap, value.is_string() ? value : Value::String(shown)).text() : shown;
      call.heap->Charge(inserted.size());
      out += inserted;
      i = close;
    }
  }
  return call.heap->Text(std::move(out), call.markup());
}

using TextMethod = Value (*)(const Call&);

const std::map<std::string_view, TextMethod>& Methods() {
  static const std::map<std::string_view, TextMethod> kMethods = {{"strip", Strip},
                                                                  {"lstrip", Strip},
                                                                  {"rstrip", Strip},
                                                                  {"split", Split},
                                                                  {"rsplit", Split},
                                                                  {"startswith", Edge},
                                                                  {"endswith", Edge},
                                                                  {"find", Find},
                                                                  {"rfind", Find},
                                                                  {"index", Find},
                                                                  {"rindex", Find},
                                                                  {"count", Find},
                                                                  {"replace", Replace},
                                                                  {"join", Join},
                                                                  {"upper", Convert},
                                                                  {"lower", Convert},
                                                                  {"title", Convert},
                                                                  {"capitalize", Convert},
                                                                  {"splitlines", SplitLines},
                                                                  {"partition", Partition},
                                                                  {"rpartition", Partition},
                                                                  {"removeprefix", RemoveEdge},
                                                                  {"removesuffix", RemoveEdge},
                                                                  {"ljust", Justify},
                                                                  {"rjust", Justify},
                                                                  {"center", Justify},
                                                                  {"zfill", Justify},
                                                                  {"format", Format}};
  return kMethods;
}

}  // namespace

Value CallTextMethod(Heap* heap, const Method& method, const Arguments& arguments) {
  const Call call{heap, method.receiver, method.name, arguments};
  heap->Scan(call.text().size());
  if (const auto found = Methods().find(method.name); found != Methods().end()) return found->second(call);
  if (method.name.starts_with("is")) {
    if (const auto is = PythonIs(method.name, call.text())) return Value::Bool((call.Bind({}), *is));
  }
  throw Failure(Concat("the method '", method.name, "' of str is not supported"));
}

}  // namespace temper::jinja
