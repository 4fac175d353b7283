#include "reward/spec/regex_sample.h"

#include <algorithm>
#include <array>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "reward/spec/regex.h"

namespace temper {
namespace {

constexpr int kMaxPatternDepth = 50;
constexpr size_t kMaxSampleBytes = 20000;
constexpr int64_t kSteps = 200000;

// What a sampler does not read.
struct UnreadPattern {};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Sampler {
 public:
  Sampler(std::string_view pattern, uint64_t seed) : pattern_(pattern), seed_(seed) {}

  std::string Sample() {
    std::string text = Alternatives(0);
    if (at_ != pattern_.size()) throw UnreadPattern{};
    return text;
  }

 private:
  using Set = std::array<bool, 128>;

  char Peek(size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  char Next() {
    if (at_ == pattern_.size()) throw UnreadPattern{};
    return pattern_[at_++];
  }
  bool Take(char c) {
    if (at_ == pattern_.size() || pattern_[at_] != c) return false;
    ++at_;
    return true;
  }
  uint64_t Below(uint64_t bound) { return KeyOf(Concat(seed_, "/", ++drawn_)) % bound; }

  std::string Alternatives(int depth) {
    if (depth > kMaxPatternDepth) throw UnreadPattern{};
    std::vector<std::string> all = {Sequence(depth)};
    while (Take('|')) all.push_back(Sequence(depth));
    return all[Below(all.size())];
  }

  std::string Sequence(int depth) {
    std::string out;
    while (at_ < pattern_.size() && Peek() != '|' && Peek() != ')') {
      const size_t begin = at_;
      std::string once = Atom(depth);
      const size_t end = at_;
      uint64_t least = 1, most = 1;
      Repetition(&least, &most);
      const size_t after = at_;
      const uint64_t count = least + Below(std::min<uint64_t>(most - least, 2) + 1);
      for (uint64_t i = 0; i < count; ++i) {
        out += once;
        if (out.size() > kMaxSampleBytes) throw UnreadPattern{};
        if (i + 1 == count) break;
        at_ = begin;  // each repetition draws again
        once = Atom(depth);
        if (at_ != end) throw UnreadPattern{};
      }
      at_ = after;
    }
    return out;
  }

  void Repetition(uint64_t* least, uint64_t* most) {
    if (Take('*')) {
      *least = 0, *most = 2;
    } else if (Take('+')) {
      *most = 3;
    } else if (Take('?')) {
      *least = 0;
    } else if (Peek() == '{' && IsDigit(Peek(1))) {
      ++at_;
      *least = Number();
      *most = *least;
      if (Take(',')) *most = Peek() == '}' ? *least + 2 : Number();
      if (!Take('}') || *most < *least) throw UnreadPattern{};
    } else {
      return;
    }
    if (Peek() == '+') throw UnreadPattern{};  // possessive
    Take('?');
  }

  uint64_t Number() {
    uint64_t number = 0;
    while (IsDigit(Peek())) {
      number = number * 10 + static_cast<uint64_t>(Next() - '0');
      if (number > 1000) throw UnreadPattern{};
    }
    return number;
  }

  std::string Atom(int depth) {
    const char c = Next();
    if (c == '(') return Group(depth);
    if (c == '[') return Class();
    if (c == '\\') return Escape();
    if (c == '^' || c == '$') return "";
    if (c == '.') return std::string(1, "ax5 "[Below(4)]);
    if (c == '*' || c == '+' || c == '?') throw UnreadPattern{};
    return std::string(1, c);
  }

  std::string Group(int depth) {
    if (Take('?')) {
      if (Take('i')) {
        if (Take(')')) return "";
        if (!Take(':')) throw UnreadPattern{};
      } else if (Take('P') || Peek() == '<') {
        if (!Take('<') || Peek() == '=' || Peek() == '!') throw UnreadPattern{};
        while (Next() != '>') {
        }
      } else if (!Take(':')) {
        throw UnreadPattern{};
      }
    } else if (Peek() == '*') {
      throw UnreadPattern{};
    }
    std::string text = Alternatives(depth + 1);
    if (!Take(')')) throw UnreadPattern{};
    return text;
  }

  std::string Escape() {
    const char c = Next();
    switch (c) {
      case 'b':
      case 'B':
      case 'A':
      case 'z':
      case 'Z':
        return "";
      case 'd':
        return std::string(1, static_cast<char>('0' + Below(10)));
      case 'w':
        return std::string(1, static_cast<char>('a' + Below(26)));
      case 's':
        return " ";
      case 'D':
      case 'S':
        return "x";
      case 'W':
        return " ";
      case 'n':
        return "\n";
      case 't':
        return "\t";
      default:
        break;
    }
    if (IsWord(c)) throw UnreadPattern{};
    return std::string(1, c);
  }

  static void AddShorthand(char c, Set* set) {
    for (size_t i = 0; i < set->size(); ++i) {
      const char each = static_cast<char>(i);
      const bool in = c == 'd' || c == 'D' ? IsDigit(each) : c == 'w' || c == 'W' ? IsWord(each) : IsSpace(each);
      if (in == (c >= 'a')) (*set)[i] = true;
    }
  }

  // One character of a class; those beyond ASCII are passed over.
  std::string Class() {
    Set set{};
    const bool negated = Take('^');
    for (bool first = true; first || Peek() != ']'; first = false) {
      char low = Next();
      if (low == '[' && (Peek() == ':' || Peek() == '=' || Peek() == '.')) throw UnreadPattern{};
      if (low == '\\') {
        low = Next();
        if (low == 'd' || low == 'w' || low == 's' || low == 'D' || low == 'W' || low == 'S') {
          AddShorthand(low, &set);
          continue;
        }
        if (low == 'n')
          low = '\n';
        else if (low == 't')
          low = '\t';
        else if (IsWord(low))
          throw UnreadPattern{};
      }
      char high = low;
      if (Peek() == '-' && Peek(1) != ']' && Peek(1) != '\0') {
        ++at_;
        high = Next();
        if (high == '\\') throw UnreadPattern{};
      }
      for (int i = static_cast<unsigned char>(low); i <= static_cast<unsigned char>(high) && i < 128; ++i)
        set[static_cast<size_t>(i)] = true;
    }
    if (!Take(']')) throw UnreadPattern{};
    std::string choices;
    for (size_t i = ' '; i < 127; ++i)
      if (set[i] != negated) choices += static_cast<char>(i);
    if (choices.empty()) {
      for (const size_t i : {'\n', '\t'})
        if (set[i] != negated) choices += static_cast<char>(i);
    }
    if (choices.empty()) throw UnreadPattern{};
    return std::string(1, choices[Below(choices.size())]);
  }

  const std::string_view pattern_;
  const uint64_t seed_;
  uint64_t drawn_ = 0;
  size_t at_ = 0;
};

bool Matches(const Regex& regex, std::string_view text) {
  bool matches = false;
  regex.ForEachMatch(text, [&](size_t, size_t) {
    matches = true;
    return false;
  });
  return matches;
}

}  // namespace

std::optional<std::string> SampleOfPattern(std::string_view pattern, uint64_t seed) {
  try {
    return Sampler(pattern, seed).Sample();
  } catch (const UnreadPattern&) {
    return std::nullopt;
  }
}

bool MatchesEverything(const std::string& pattern, bool case_sensitive) {
  const Regex regex(pattern, case_sensitive, kSteps);
  if (Matches(regex, "")) return true;
  for (const char* text : {"a", "7", "?", "\xE4\xB8\xAD"})
    if (!Matches(regex, text)) return false;
  return true;
}

bool MatchesNoSample(const std::string& pattern, bool case_sensitive, int tries) {
  const Regex regex(pattern, case_sensitive, kSteps);
  for (int seed = 0; seed < tries; ++seed) {
    const std::optional<std::string> sample = SampleOfPattern(pattern, static_cast<uint64_t>(seed));
    if (!sample) return false;
    try {
      // In a line of its own, and amid a text: what stands at an end of a line or word matches there.
      if (Matches(regex, *sample) || Matches(regex, "x " + *sample + " x") || Matches(regex, "x" + *sample + "x")) return false;
    } catch (const RegexLimitError&) {
      return false;
    }
  }
  return tries > 0;
}

}  // namespace temper
