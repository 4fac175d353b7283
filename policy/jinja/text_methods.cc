// Methods of str.
#include <algorithm>
#include <map>

#include "cluster/base/error.h"
#include "policy/jinja/access.h"
#include "policy/jinja/call.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper {
namespace {

using Kind = JinjaKind;

// A method at work: its receiver and its arguments.
struct Call {
  JinjaHeap* heap;
  const JinjaValue& receiver;
  std::string_view name;
  const JinjaArguments& arguments;

  std::string_view text() const { return receiver.text(); }
  bool markup() const { return receiver.markup(); }
  std::vector<JinjaValue> Bind(std::initializer_list<std::string_view> names, size_t required = 0) const {
    return JinjaBind(arguments, name, names, required);
  }
  JinjaValue Part(std::string_view part) const { return JinjaValue::String(part, markup()); }
  // An argument that goes into the text: escaped where the text is markup.
  std::string_view Inserted(const JinjaValue& value) const {
    JinjaTextArgument(value, Concat("the argument of ", name, "()"));
    return markup() ? JinjaEscape(heap, value).text() : value.text();
  }
};

std::optional<std::string_view> OptionalText(const JinjaValue& value, std::string_view what) {
  if (value.Is(Kind::kMissing) || value.is_none()) return std::nullopt;
  return JinjaTextArgument(value, what);
}

JinjaValue Strip(const Call& call) {
  const auto bound = call.Bind({"chars"});
  const auto chars = OptionalText(bound[0], "the argument of strip()");
  if (chars.has_value()) call.heap->Step(static_cast<int64_t>(call.text().size() / 16 * (1 + chars->size() / 64)));
  return call.Part(PythonStrip(call.text(), call.name != "rstrip", call.name != "lstrip", chars));
}

JinjaValue Split(const Call& call) {
  const auto bound = call.Bind({"sep", "maxsplit"});
  const auto separator = OptionalText(bound[0], "the separator of split()");
  const int64_t limit = JinjaIntArgument(bound[1], "maxsplit", -1);
  if (separator.has_value() && separator->empty()) throw JinjaFailure("empty separator");
  call.heap->Scan(8 * call.text().size());
  call.heap->Charge(separator.has_value() ? PythonCount(call.text(), *separator) * sizeof(JinjaValue) : 4 * call.text().size());
  const auto parts =
      call.name == "split" ? PythonSplit(call.text(), separator, limit) : PythonSplitFromRight(call.text(), separator, limit);
  return JinjaTextList(call.heap, parts, call.markup());
}

JinjaValue SplitLines(const Call& call) {
  const auto bound = call.Bind({"keepends"});
  call.heap->Scan(8 * call.text().size());
  call.heap->Charge(4 * call.text().size());
  return JinjaTextList(call.heap, PythonSplitLines(call.text(), JinjaTruth(bound[0])), call.markup());
}

JinjaValue Partition(const Call& call) {
  const auto separator = JinjaTextArgument(call.Bind({"sep"}, 1)[0], "the separator of partition()");
  if (separator.empty()) throw JinjaFailure("empty separator");
  const bool from_left = call.name == "partition";
  const size_t at = from_left ? call.text().find(separator) : call.text().rfind(separator);
  const JinjaValue empty = call.Part("");
  if (at == std::string_view::npos) {
    const JinjaValue whole = call.Part(call.text());
    return from_left ? call.heap->Tuple({whole, empty, empty}) : call.heap->Tuple({empty, empty, whole});
  }
  return call.heap->Tuple(
      {call.Part(call.text().substr(0, at)), call.Part(separator), call.Part(call.text().substr(at + separator.size()))});
}

// The part of the text that the arguments start and end of a search leave; nothing where start lies behind the end of the text.
std::optional<std::string_view> Window(const Call& call, const JinjaValue& start, const JinjaValue& end, int64_t* first) {
  call.heap->Scan(2 * call.text().size());
  const auto length = static_cast<int64_t>(CountCodePoints(call.text()));
  const auto bound = [&](const JinjaValue& value, int64_t absent) {
    const int64_t at = value.is_none() ? absent : JinjaIntArgument(value, Concat("a bound of ", call.name, "()"), absent);
    return std::max<int64_t>(at < 0 ? at + length : at, 0);
  };
  *first = bound(start, 0);
  const int64_t last = std::min(bound(end, length), length);
  if (*first > last) return std::nullopt;
  const size_t begin = ByteOffset(call.text(), static_cast<size_t>(*first));
  return call.text().substr(begin, ByteOffset(call.text().substr(begin), static_cast<size_t>(last - *first)));
}

JinjaValue Edge(const Call& call) {
  const auto bound = call.Bind({"prefix", "start", "end"}, 1);
  const bool starts = call.name == "startswith";
  int64_t first = 0;
  const bool whole = bound[1].Is(Kind::kMissing) && bound[2].Is(Kind::kMissing);
  const auto window = whole ? std::optional(call.text()) : Window(call, bound[1], bound[2], &first);
  const auto matches = [&](const JinjaValue& value) {
    const auto part = JinjaTextArgument(value, Concat(call.name, " first arg"));
    return window.has_value() && (starts ? window->starts_with(part) : window->ends_with(part));
  };
  if (!bound[0].Is(Kind::kTuple)) return JinjaValue::Bool(matches(bound[0]));
  return JinjaValue::Bool(std::any_of(bound[0].items().begin(), bound[0].items().end(), matches));
}

JinjaValue Find(const Call& call) {
  const auto bound = call.Bind({"sub", "start", "end"}, 1);
  const auto part = JinjaTextArgument(bound[0], Concat("the argument of ", call.name, "()"));
  int64_t first = 0;
  const auto window = Window(call, bound[1], bound[2], &first);
  if (call.name == "count") return JinjaValue::Int(window.has_value() ? static_cast<JinjaInt>(PythonCount(*window, part)) : 0);
  const bool from_left = call.name == "find" || call.name == "index";
  const size_t at = !window.has_value() ? std::string_view::npos : from_left ? window->find(part) : window->rfind(part);
  if (at != std::string_view::npos) return JinjaValue::Int(first + static_cast<int64_t>(CountCodePoints(window->substr(0, at))));
  if (call.name.ends_with("index")) throw JinjaFailure("substring not found");
  return JinjaValue::Int(-1);
}

JinjaValue Replace(const Call& call) {
  const auto bound = call.Bind({"old", "new", "count"}, 2);
  const auto from = JinjaTextArgument(bound[0], "the first argument of replace()");
  return JinjaReplaceText(call.heap, call.text(), from, call.Inserted(bound[1]), JinjaIntArgument(bound[2], "count", -1), call.markup());
}

JinjaValue Join(const Call& call) {
  const auto items = JinjaItems(call.heap, call.Bind({"iterable"}, 1)[0]);
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_string()) {
      throw JinjaFailure(Concat("sequence item ", i, ": expected str instance, ", JinjaTypeName(items[i]), " found"));
    }
    const std::string_view item = call.Inserted(items[i]);
    call.heap->Charge(item.size() + call.text().size());
    if (i > 0) out += call.text();
    out += item;
  }
  return call.heap->Text(std::move(out), call.markup());
}

JinjaValue Convert(const Call& call) {
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

JinjaValue RemoveEdge(const Call& call) {
  const auto part = JinjaTextArgument(call.Bind({"affix"}, 1)[0], Concat("the argument of ", call.name, "()"));
  std::string_view text = call.text();
  if (call.name == "removeprefix") {
    if (text.starts_with(part)) text.remove_prefix(part.size());
  } else if (text.ends_with(part)) {
    text.remove_suffix(part.size());
  }
  return call.Part(text);
}

// ljust, rjust, center and zfill.
JinjaValue Justify(const Call& call) {
  const auto bound = call.Bind({"width", "fillchar"}, 1);
  const bool zeros = call.name == "zfill";
  const std::string_view fill = zeros ? "0" : bound[1].Is(Kind::kMissing) ? " " : call.Inserted(bound[1]);
  if (CountCodePoints(fill) != 1) throw JinjaFailure("The fill character must be exactly one character long");
  call.heap->Scan(call.text().size());
  const int64_t width = JinjaIntArgument(bound[0], "width", 0);
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
JinjaValue FormatField(const Call& call, std::string_view field, size_t* next) {
  if (field.find_first_of("!:{") != std::string_view::npos) {
    throw JinjaFailure(Concat("'{", field, "}' in format(): conversions and format specifications are not supported"));
  }
  const size_t end = std::min(field.find_first_of(".["), field.size());
  const std::string_view name = field.substr(0, end);
  if (end != field.size()) throw JinjaFailure(Concat("'{", field, "}' in format(): attributes and items are not supported"));
  const bool number = PythonIs("isdigit", name).value_or(false) && name.size() < 10;
  if (name.empty() || number) {
    const size_t at = number ? static_cast<size_t>(std::atoi(std::string(name).c_str())) : (*next)++;
    if (at < call.arguments.positional.size()) return call.arguments.positional[at];
    throw JinjaFailure(Concat("Replacement index ", at, " out of range for positional args tuple"));
  }
  for (const auto& [key, value] : call.arguments.keyword) {
    if (key == name) return value;
  }
  throw JinjaFailure(Concat("format() has no argument '", name, "'"));
}

JinjaValue Format(const Call& call) {
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
      if (text[i] == '}' || close == std::string_view::npos)
        throw JinjaFailure(Concat("Single '", text[i], "' encountered in format string"));
      const JinjaValue value = FormatField(call, text.substr(i + 1, close - i - 1), &next);
      const std::string_view shown = JinjaText(call.heap, value);
      const std::string_view inserted =
          call.markup() ? JinjaEscape(call.heap, value.is_string() ? value : JinjaValue::String(shown)).text() : shown;
      call.heap->Charge(inserted.size());
      out += inserted;
      i = close;
    }
  }
  return call.heap->Text(std::move(out), call.markup());
}

using Method = JinjaValue (*)(const Call&);

const std::map<std::string_view, Method>& Methods() {
  static const std::map<std::string_view, Method> kMethods = {{"strip", Strip},
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

JinjaValue JinjaCallTextMethod(JinjaHeap* heap, const JinjaMethod& method, const JinjaArguments& arguments) {
  const Call call{heap, method.receiver, method.name, arguments};
  heap->Scan(call.text().size());
  if (const auto found = Methods().find(method.name); found != Methods().end()) return found->second(call);
  if (method.name.starts_with("is")) {
    if (const auto is = PythonIs(method.name, call.text())) return JinjaValue::Bool((call.Bind({}), *is));
  }
  throw JinjaFailure(Concat("the method '", method.name, "' of str is not supported"));
}

}  // namespace temper
