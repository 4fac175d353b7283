#include "policy/tokenizer/pre_tokenizer.h"

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/text/unicode_regex.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/split_behavior.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

constexpr char kWhere[] = "pre_tokenizer";
constexpr char kGpt2Words[] = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// The library's own classes: \w of its language's regular expressions, and numbers of Unicode 17.
constexpr char kWhitespaceWords[] =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+|[^\s\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+)";
constexpr char kNumeric[] = R"([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}])";

struct SplitStep : PreTokenizer::Step {
  UnicodeRegex pattern;
  SplitBehavior behavior;
  bool invert;

  SplitStep(UnicodeRegex p, SplitBehavior b, bool i) : pattern(std::move(p)), behavior(b), invert(i) {}

  void Apply(PreToken token, std::deque<std::string>*, std::vector<PreToken>* out) const override {
    for (const auto& [begin, end] : SplitAt(pattern.FindAll(token.text), token.text.size(), behavior, invert)) {
      out->push_back({token.text.substr(begin, end - begin), token.at_start && begin == 0});
    }
  }
};

struct PrefixSpace : PreTokenizer::Step {
  void Apply(PreToken token, std::deque<std::string>* storage, std::vector<PreToken>* out) const override {
    if (!token.text.starts_with(' ')) token.text = storage->emplace_back(Concat(" ", token.text));
    out->push_back(token);
  }
};

struct SpellBytes : PreTokenizer::Step {
  void Apply(PreToken token, std::deque<std::string>* storage, std::vector<PreToken>* out) const override {
    std::string& spelled = storage->emplace_back();
    AppendByteSymbols(token.text, &spelled);
    out->push_back({spelled, token.at_start});
  }
};

enum class PrependScheme { kAlways, kFirst, kNever };

struct Metaspace : PreTokenizer::Step {
  std::string replacement;
  PrependScheme scheme = PrependScheme::kAlways;
  bool split = true;

  void Apply(PreToken token, std::deque<std::string>* storage, std::vector<PreToken>* out) const override {
    std::string& text = storage->emplace_back();
    text.reserve(token.text.size() + token.text.size() / 2 + replacement.size());
    const bool wanted = scheme == PrependScheme::kAlways || (scheme == PrependScheme::kFirst && token.at_start);
    if (wanted && !token.text.starts_with(' ') && !token.text.starts_with(replacement)) text += replacement;
    for (const char c : token.text) {
      if (c == ' ') {
        text += replacement;
      } else {
        text += c;
      }
    }
    if (split) {
      PutWords(text, token.at_start, out);
    } else {
      out->push_back({text, token.at_start});
    }
  }

 private:
  // Every replacement starts a word.
  void PutWords(std::string_view text, bool at_start, std::vector<PreToken>* out) const {
    for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
      end = std::min(text.find(replacement, begin + 1), text.size());
      out->push_back({text.substr(begin, end - begin), at_start && begin == 0});
    }
  }
};

std::unique_ptr<Metaspace> ReadMetaspace(const nlohmann::json& component) {
  auto step = std::make_unique<Metaspace>();
  AppendUtf8(JsonCharacter(component, "replacement", kWhere), &step->replacement);
  const std::string scheme = IsNullOrAbsent(component, "prepend_scheme") ? "always" : JsonString(component, "prepend_scheme", kWhere);
  const bool add = JsonBoolOr(component, "add_prefix_space", true, kWhere);  // the older spelling: false is "never"
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    throw ConfigError(Concat("tokenizer.json: ", kWhere, ".prepend_scheme is ", Quoted(scheme), "; known: always, first, never"));
  }
  if (!add && component.contains("prepend_scheme") && scheme != "never") {
    throw ConfigError(Concat("tokenizer.json: ", kWhere, ": add_prefix_space false contradicts prepend_scheme ", scheme));
  }
  step->scheme = !add || scheme == "never" ? PrependScheme::kNever : scheme == "first" ? PrependScheme::kFirst : PrependScheme::kAlways;
  step->split = JsonBoolOr(component, "split", true, kWhere);
  return step;
}

std::unique_ptr<PreTokenizer::Step> ReadStep(const nlohmann::json& component) {
  const std::string type = ComponentType(component);
  const auto split = [](const char* pattern, SplitBehavior behavior, bool invert) {
    return std::make_unique<SplitStep>(UnicodeRegex(pattern), behavior, invert);
  };
  if (type == "Split") {
    return std::make_unique<SplitStep>(JsonPattern(component, kWhere), SplitBehaviorNamed(JsonString(component, "behavior", kWhere)),
                                       JsonBool(component, "invert", kWhere));
  }
  if (type == "Digits") {
    const bool individual = JsonBool(component, "individual_digits", kWhere);
    return split(kNumeric, individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, false);
  }
  if (type == "Whitespace") return split(kWhitespaceWords, SplitBehavior::kRemoved, true);
  if (type == "WhitespaceSplit") return split(R"(\s)", SplitBehavior::kRemoved, false);
  if (type == "Metaspace") return ReadMetaspace(component);
  RefuseComponent(kWhere, component);
}

}  // namespace

PreTokenizer::PreTokenizer(const nlohmann::json& component) {
  const auto parts = OpenSequence(component, "pretokenizers", kWhere);
  for (const auto* part : parts) {
    if (ComponentType(*part) == "ByteLevel") {
      AddByteLevel(*part, part == parts.back());
    } else {
      steps_.push_back(ReadStep(*part));
    }
  }
}

PreTokenizer::~PreTokenizer() = default;

void PreTokenizer::AddByteLevel(const nlohmann::json& component, bool last) {
  if (JsonBool(component, "add_prefix_space", kWhere)) steps_.push_back(std::make_unique<PrefixSpace>());
  if (JsonBoolOr(component, "use_regex", true, kWhere)) {
    steps_.push_back(std::make_unique<SplitStep>(UnicodeRegex(kGpt2Words), SplitBehavior::kIsolated, false));
  }
  if (last) {
    spells_bytes_ = true;
  } else {
    steps_.push_back(std::make_unique<SpellBytes>());
  }
}

std::vector<PreToken> PreTokenizer::Split(PreToken text, std::deque<std::string>* storage) const {
  std::vector<PreToken> tokens = {text}, next;
  for (const auto& step : steps_) {
    next.clear();
    for (const PreToken& token : tokens) step->Apply(token, storage, &next);
    std::swap(tokens, next);
  }
  return tokens;
}

}  // namespace temper
