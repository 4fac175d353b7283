#include "reward/spec/pattern_tree.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace temper {
namespace {

using Kind = PatternTree::Kind;
constexpr int kMaxDepth = 50, kMaxCount = 1000;
constexpr size_t kMaxSize = 20000;

// What the reader does not read.
struct Unread {};

ByteSet HighBytes() {
  ByteSet set;
  for (size_t c = kFirstHighByte; c < 256; ++c) set.set(c);
  return set;
}

template <typename Is>
ByteSet AsciiWhere(Is is) {
  ByteSet set;
  for (size_t c = 0; c < kFirstHighByte; ++c) set[c] = is(static_cast<unsigned char>(c));
  return set;
}

// All but the set, with the characters beyond ASCII.
ByteSet Complement(const ByteSet& set) { return (~set & ~HighBytes()) | HighBytes(); }

ByteSet Words() { return AsciiWhere(IsPatternWord); }
ByteSet Digits() {
  return AsciiWhere([](unsigned char c) { return c >= '0' && c <= '9'; });
}
ByteSet Spaces() {
  return AsciiWhere([](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

bool RepeatsWithoutLimit(const PatternTree& tree) {
  return (tree.kind == Kind::kRepetition && tree.most == PatternTree::kNoLimit) ||
         std::any_of(tree.children.begin(), tree.children.end(), RepeatsWithoutLimit);
}

// Bytes and assertions with each repetition written out; no more than kMaxSize.
size_t SizeOf(const PatternTree& tree) {
  size_t size = 1;
  for (const PatternTree& child : tree.children) size += SizeOf(child);
  if (tree.kind == Kind::kRepetition) size *= static_cast<size_t>(std::max({tree.least, tree.most, 1}));
  return std::min(size, kMaxSize);
}

class Reader {
 public:
  Reader(std::string_view pattern, bool case_sensitive) : pattern_(pattern), case_sensitive_(case_sensitive) {}

  PatternTree Read() {
    PatternTree tree = Alternatives(0);
    if (at_ != pattern_.size() || SizeOf(tree) == kMaxSize) throw Unread{};
    return tree;
  }

 private:
  bool Ended() const { return at_ == pattern_.size(); }
  char Peek() const { return Ended() ? '\0' : pattern_[at_]; }
  char Next() {
    if (Ended()) throw Unread{};
    return pattern_[at_++];
  }
  bool Take(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  PatternTree Alternatives(int depth) {
    if (depth > kMaxDepth) throw Unread{};
    PatternTree tree{Kind::kAlternatives};
    do tree.children.push_back(Sequence(depth));
    while (Take("|"));
    return tree;
  }

  PatternTree Sequence(int depth) {
    PatternTree tree;
    while (!Ended() && Peek() != '|' && Peek() != ')') tree.children.push_back(Repeated(Atom(depth)));
    return tree;
  }

  PatternTree Repeated(PatternTree atom) {
    int least = 1, most = 1;
    if (!Count(&least, &most)) return atom;
    if (!Take("?")) Take("+");
    if (std::string_view("*+?").find(Peek()) != std::string_view::npos && !Ended()) throw Unread{};
    if (most == PatternTree::kNoLimit && RepeatsWithoutLimit(atom)) throw Unread{};
    PatternTree tree{Kind::kRepetition};
    tree.least = least;
    tree.most = most;
    tree.children.push_back(std::move(atom));
    return tree;
  }

  // Reads the count of a repetition, if one stands here.
  bool Count(int* least, int* most) {
    const char c = Peek();
    if (Ended() || std::string_view("*+?{").find(c) == std::string_view::npos) return false;
    ++at_;
    if (c == '{') {
      *least = *most = Number();
      if (Take(",")) *most = Peek() == '}' ? PatternTree::kNoLimit : Number();
      if (!Take("}") || (*most != PatternTree::kNoLimit && *most < *least)) throw Unread{};
      return true;
    }
    *least = c == '+' ? 1 : 0;
    *most = c == '?' ? 1 : PatternTree::kNoLimit;
    return true;
  }
  int Number() {
    if (std::isdigit(static_cast<unsigned char>(Peek())) == 0) throw Unread{};
    int number = 0;
    while (std::isdigit(static_cast<unsigned char>(Peek())) != 0) {
      number = number * 10 + (Next() - '0');
      if (number > kMaxCount) throw Unread{};
    }
    return number;
  }

  PatternTree Atom(int depth) {
    const char c = Next();
    if (c == '(') return Group(depth);
    if (c == '[') return Bytes(Class());
    if (c == '.') return Bytes(Complement({}));
    if (c == '^') return Holds(Assertion::kLineStart);
    if (c == '$') return Holds(Assertion::kLineEnd);
    if (c == '\\' && (Peek() == 'b' || Peek() == 'B')) return Holds(Next() == 'b' ? Assertion::kWordBoundary : Assertion::kNoWordBoundary);
    if (c == '\\') return Bytes(Escape());
    if (c == '*' || c == '+' || c == '?' || c == '{') throw Unread{};
    return Bytes(Literal(c));
  }

  PatternTree Group(int depth) {
    bool always = false;
    if (Take("?")) {
      always = Take("=") || Take("!") || Take("<=") || Take("<!");
      const bool named = !always && (Take("<") || Take("P<"));
      if (named && pattern_.find('>', at_) == std::string_view::npos) throw Unread{};
      if (named) at_ = pattern_.find('>', at_) + 1;
      if (!always && !named && !Take(":")) throw Unread{};
    } else if (Peek() == '*') {
      throw Unread{};
    }
    PatternTree tree = Alternatives(depth + 1);
    if (!Take(")")) throw Unread{};
    return always ? PatternTree{} : tree;
  }

  // The set of an escape; what is no letter or digit stands for itself.
  ByteSet Escape() {
    const char c = Next();
    if (c == 'w' || c == 'W') return c == 'w' ? Words() : Complement(Words());
    if (c == 'd' || c == 'D') return c == 'd' ? Digits() : Complement(Digits());
    if (c == 's' || c == 'S') return c == 's' ? Spaces() : Complement(Spaces());
    if (c == 'n' || c == 't' || c == 'r') return Literal(c == 'n' ? '\n' : c == 't' ? '\t' : '\r');
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) throw Unread{};
    return Literal(c);
  }

  // The set of a character that stands for itself; the rest of one beyond ASCII is read over. The Kelvin sign and the long s, which are k
  // and s in other letter cases, are not read.
  ByteSet Literal(char c) {
    if ((static_cast<unsigned char>(c) & 0x80) != 0) {
      const std::string_view character = pattern_.substr(at_ - 1);
      if (character.starts_with("\xE2\x84\xAA") || character.starts_with("\xC5\xBF")) throw Unread{};
      while ((static_cast<unsigned char>(Peek()) & 0xC0) == 0x80) ++at_;
      return HighBytes();
    }
    ByteSet set;
    set.set(static_cast<unsigned char>(c));
    return WithOtherCase(set);
  }

  ByteSet WithOtherCase(ByteSet set) const {
    if (case_sensitive_) return set;
    for (size_t c = 'a'; c <= 'z'; ++c) set[c] = set[c - 'a' + 'A'] = set[c] || set[c - 'a' + 'A'];
    return set['k'] || set['s'] ? set | HighBytes() : set;
  }

  ByteSet Class() {
    const bool negated = Take("^");
    ByteSet set;
    for (bool first = true; first || Peek() != ']'; first = false) AddToClass(&set);
    ++at_;
    set = WithOtherCase(set);
    return negated ? Complement(set) : set;
  }
  bool RangeFollows() const { return Peek() == '-' && !pattern_.substr(at_).starts_with("-]"); }
  void AddToClass(ByteSet* set) {
    const char c = Next();
    if (c == '[' && (Peek() == ':' || Peek() == '.' || Peek() == '=')) throw Unread{};
    if (c == '\\' && Peek() == 'b') throw Unread{};
    const ByteSet one = c == '\\' ? Escape() : Literal(c);
    if (!RangeFollows()) {
      *set |= one;
      return;
    }
    ++at_;
    const char last = Next();
    const auto ascii = [](char each) { return (static_cast<unsigned char>(each) & 0x80) == 0; };
    if (c == '\\' || last == '\\' || last == '[' || !ascii(c) || !ascii(last)) throw Unread{};
    for (auto each = static_cast<unsigned char>(c); each <= static_cast<unsigned char>(last); ++each) set->set(each);
  }

  static PatternTree Bytes(const ByteSet& bytes) {
    PatternTree tree{Kind::kBytes};
    tree.bytes = bytes;
    return tree;
  }
  static PatternTree Holds(Assertion assertion) {
    PatternTree tree{Kind::kAssertion};
    tree.assertion = assertion;
    return tree;
  }

  std::string_view pattern_;
  bool case_sensitive_;
  size_t at_ = 0;
};

}  // namespace

bool IsPatternWord(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::optional<PatternTree> ReadPatternTree(std::string_view pattern, bool case_sensitive) {
  try {
    return Reader(pattern, case_sensitive).Read();
  } catch (const Unread&) {
    return std::nullopt;
  }
}

}  // namespace temper
