#include <algorithm>
#include <cmath>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/config/overrides.h"
#include "cluster/config/reader.h"
#include "cluster/config/value.h"

namespace temper {
namespace {

constexpr size_t kCommentColumns = 120;
constexpr const char* kExampleKey = "example";

std::string Spaces(size_t count) { return std::string(count, ' '); }

// Text as comment lines of at most kCommentColumns columns.
std::string Comment(const std::string& text, const std::string& indent) {
  std::string result;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) result += indent + "#" + line + "\n";
    line.clear();
  };
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    if (indent.size() + line.size() + word.size() + 2 > kCommentColumns) flush();
    if (!word.empty()) line += " " + word;
    word.clear();
    if (c == '\n') flush();
  }
  flush();
  return result;
}

std::string CommentedOut(const std::string& text, const std::string& indent) {
  std::string result;
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    const std::string line = text.substr(start, end - start);
    result += indent + "# " + line.substr(std::min(indent.size(), line.size())) + "\n";
    start = end + 1;
  }
  return result;
}

// Writes a section with its defaults. Fields are kept apart until the end, as Require may come before or after the field it names.
class ReferenceWriter : public ConfigFields {
 public:
  explicit ReferenceWriter(size_t level) : level_(level) {}

  std::string Text() const {
    std::string text;
    for (const Item& item : items_) {
      const bool required = std::find(required_.begin(), required_.end(), item.name) != required_.end();
      text += Comment(item.help + (required ? " Required." : "") + (item.kind.empty() ? "" : " [" + item.kind + "]"), Indent()) +
              (required && !item.required_body.empty() ? item.required_body : item.body);
    }
    for (const std::string& rule : rules_) text += Comment("Rule: " + rule, Indent());
    return text;
  }

  void Bool(std::string_view name, bool* target, std::string_view help) override { Add(name, help, "true or false", YamlOf(*target)); }

  void Int(std::string_view name, int64_t* target, IntRange range, std::string_view help) override {
    // A default out of range stands for "not given" in a required key; the example is then the nearest allowed number.
    Add(name, help, "Whole number" + Bounds(RangeText(range)), YamlOf(std::clamp(*target, range.min, range.max)));
  }

  void Real(std::string_view name, double* target, RealRange range, std::string_view help) override {
    const double value = std::isfinite(*target) ? std::clamp(*target, range.min, range.max) : *target;
    Add(name, help, "Number" + Bounds(RangeText(range)), YamlOf(value));
  }

  void String(std::string_view name, std::string* target, std::string_view help) override { Add(name, help, "Text", YamlOf(*target)); }

  void Path(std::string_view name, std::string* target, std::string_view help) override {
    const bool relative = !target->empty() && target->front() != '/';
    // Written here, a relative path would be taken from the folder of this file.
    Add(name, help, relative ? "Path; default: " + YamlOf(*target) + " in the working directory" : "Path",
        relative ? "null" : YamlOf(*target));
  }

  void Enum(std::string_view name, std::string* target, const std::vector<std::string>& allowed, std::string_view help) override {
    std::string words;
    for (const std::string& word : allowed) words += (words.empty() ? "" : " | ") + word;
    const bool valid = std::find(allowed.begin(), allowed.end(), *target) != allowed.end();
    Add(name, help, words, YamlOf(valid || allowed.empty() ? *target : allowed.front()));
  }

  void StringList(std::string_view name, std::vector<std::string>* target, std::string_view help) override {
    Add(name, help, "List of texts", YamlOf(*target));
  }

  void IntList(std::string_view name, std::vector<int64_t>* target, IntRange range, std::string_view help) override {
    Add(name, help, "List of whole numbers" + Bounds(RangeText(range)), YamlOf(*target));
  }

  void RealMap(std::string_view name, std::map<std::string, double>* target, RealRange range, std::string_view help) override {
    Add(name, help, "Map of names to numbers" + Bounds(RangeText(range)), YamlOf(*target));
  }

  void StringMap(std::string_view name, std::map<std::string, std::string>* target, std::string_view help) override {
    Add(name, help, "Map of names to texts", YamlOf(*target));
  }

  void PathMap(std::string_view name, std::map<std::string, std::string>* target, std::string_view help) override {
    Add(name, help, "Map of names to paths", YamlOf(*target));
  }

  void OverrideMaps(std::string_view name, std::vector<std::pair<std::string, std::map<std::string, std::string>>>* target,
                    std::string_view help) override {
    std::string maps;
    for (const auto& [entry, overrides] : *target) {
      std::string values;
      for (const auto& [key, value] : overrides) values += (values.empty() ? "" : ", ") + QuoteYaml(key) + ": " + value;
      maps += (maps.empty() ? "" : ", ") + QuoteYaml(entry) + ": {" + values + "}";
    }
    Add(name, help, "Map of names to maps of dotted keys and values, e.g. {name: {section.key: 1}}", "{" + maps + "}");
  }

  void OverrideGrid(std::string_view name, std::vector<OverrideAxis>* target, std::string_view help) override {
    Add(name, help, "Map of keys to lists of values, e.g. {section.key: [1, 2]}", YamlOf(*target));
  }

  void OverrideList(std::string_view name, std::vector<OverrideSet>* target, std::string_view help) override {
    Add(name, help, "List of maps of keys and values, e.g. [{section.key: 1}, {section.key: 2}]", YamlOf(*target));
  }

  void Section(std::string_view name, std::string_view help, const std::function<void(ConfigFields&)>& describe) override {
    ReferenceWriter writer(level_ + 1);
    describe(writer);
    const std::string text = writer.Text();
    AddBlock(name, help, "", Indent() + QuoteYaml(std::string(name)) + ":" + (text.empty() ? " {}\n" : "\n" + text));
  }

  void MapOf(std::string_view name, std::string_view help, const std::function<void(const std::string&, ConfigFields&)>& add) override {
    ReferenceWriter writer(level_ + 2);
    add(kExampleKey, writer);
    AddExample(name, help, "Map of names to sections", Indent() + Spaces(2) + kExampleKey + ":\n" + writer.Text());
  }

  void ListOf(std::string_view name, std::string_view help, const std::function<void(size_t, ConfigFields&)>& add,
              size_t examples) override {
    std::string entries;
    for (size_t i = 0; i < examples; ++i) {
      ReferenceWriter writer(level_ + 2);
      add(i, writer);
      entries += Indent() + Spaces(2) + "-\n" + writer.Text();
    }
    AddExample(name, help, "List of sections", entries);
  }

  void Require(std::string_view name) override { required_.emplace_back(name); }

  void Rule(std::function<bool()> /*holds*/, std::string message) override { rules_.push_back(std::move(message)); }

 private:
  struct Item {
    std::string name;
    std::string help;  // a sentence
    std::string kind;  // what values are allowed; empty for a section
    std::string body;
    std::string required_body;  // in place of `body` where the key is required; empty = no other
  };

  std::string Indent() const { return Spaces(2 * level_); }

  static std::string Bounds(const std::string& range) { return range.empty() ? "" : ", " + range; }

  static std::string Sentence(std::string_view text) {
    std::string sentence(text);
    if (!sentence.empty() && sentence.back() != '.') sentence += '.';
    return sentence;
  }

  void Add(std::string_view name, std::string_view help, const std::string& kind, const std::string& value) {
    const std::string body = Indent() + QuoteYaml(std::string(name)) + ": " + value + "\n";
    items_.push_back({std::string(name), Sentence(help), kind, body, ""});
  }

  void AddBlock(std::string_view name, std::string_view help, const std::string& kind, const std::string& body) {
    // The outermost sections stand apart.
    if (level_ == 0 && !items_.empty()) {
      items_.back().body += "\n";
      if (!items_.back().required_body.empty()) items_.back().required_body += "\n";
    }
    items_.push_back({std::string(name), Sentence(help), kind, body, ""});
  }

  void AddExample(std::string_view name, std::string_view help, const char* kind, const std::string& entry) {
    const std::string body = Indent() + QuoteYaml(std::string(name)) + ":\n" + entry;
    AddBlock(name, help, kind, CommentedOut(body, Indent()));
    items_.back().required_body = body;
  }

  const size_t level_;
  std::vector<Item> items_;
  std::vector<std::string> required_;
  std::vector<std::string> rules_;
};

}  // namespace

std::string ReferenceYaml(const DescribeConfig& describe) {
  ReferenceWriter writer(0);
  describe(writer);
  return "# Every key of this configuration with its default and meaning. Written from the schema; do not edit.\n"
         "# A [Path] in a file is relative to that file, in an override (a.b=value) to the working directory. Of two overrides of one key\n"
         "# the last counts.\n\n" +
         writer.Text();
}

}  // namespace temper
