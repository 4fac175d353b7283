#include "reward/openai/fuzzy.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <unicode/uchar.h>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr double kMaxWork = 2e9;  // steps of a word of 64 characters
constexpr double kWordScale = 0.95;

Text Processed(std::string_view text) {
  Text out;
  const std::string repaired = RepairUtf8(text);
  for (size_t at = 0; at < repaired.size();) {
    const char32_t c = NextCodePoint(repaired, &at);
    const auto code = static_cast<UChar32>(c);
    out += u_isalnum(code) != 0 || c == U'_' ? static_cast<char32_t>(u_tolower(code)) : U' ';
  }
  const size_t begin = out.find_first_not_of(U' ');
  if (begin == Text::npos) return {};
  return out.substr(begin, out.find_last_not_of(U' ') + 1 - begin);
}

// A text whose longest common subsequence with many others is asked for: bit-parallel, 64 characters a word (Hyyro 2004).
class Pattern {
 public:
  explicit Pattern(View text) : size_(text.size()), words_((text.size() + 63) / 64) {
    for (size_t i = 0; i < text.size(); ++i) {
      auto& bits = places_[text[i]];
      bits.resize(words_);
      bits[i / 64] |= uint64_t{1} << (i % 64);
    }
  }
  bool Has(char32_t c) const { return places_.contains(c); }
  size_t size() const { return size_; }

  size_t CommonWith(View other) const {
    std::vector<uint64_t> state(words_, ~uint64_t{0});  // bit i is 0 where the i-th character ends a longer subsequence
    for (const char32_t c : other) {
      const auto found = places_.find(c);
      if (found == places_.end()) continue;
      uint64_t carry = 0;
      for (size_t w = 0; w < words_; ++w) {
        const uint64_t matches = state[w] & found->second[w];
        const uint64_t sum = state[w] + matches, with_carry = sum + carry;
        carry = static_cast<uint64_t>(sum < matches) | static_cast<uint64_t>(with_carry < sum);
        state[w] = with_carry | (state[w] - matches);
      }
    }
    size_t common = 0;
    for (size_t w = 0; w < words_; ++w) {
      const uint64_t used = w + 1 == words_ && size_ % 64 != 0 ? (uint64_t{1} << (size_ % 64)) - 1 : ~uint64_t{0};
      common += static_cast<size_t>(std::popcount(~state[w] & used));
    }
    return common;
  }

  double RatioWith(View other) const {
    const size_t both = size_ + other.size();
    return both == 0 ? 1 : 2.0 * static_cast<double>(CommonWith(other)) / static_cast<double>(both);
  }

 private:
  size_t size_, words_;
  std::unordered_map<char32_t, std::vector<uint64_t>> places_;
};

double Ratio(View a, View b) { return Pattern(a).RatioWith(b); }

// The best ratio of the shorter text with a part of the longer one that is as long, or hangs over its beginning or end.
double BestWindow(View shorter, View longer) {
  const Pattern pattern(shorter);
  const size_t m = shorter.size(), n = longer.size();
  double best = 0;
  for (size_t end = 1; end < m; ++end)
    if (pattern.Has(longer[end - 1])) best = std::max(best, pattern.RatioWith(longer.substr(0, end)));
  for (size_t begin = 0; begin < n - m; ++begin)
    if (pattern.Has(longer[begin + m - 1])) best = std::max(best, pattern.RatioWith(longer.substr(begin, m)));
  for (size_t begin = n - m; begin < n; ++begin)
    if (pattern.Has(longer[begin])) best = std::max(best, pattern.RatioWith(longer.substr(begin)));
  return best;
}

double PartialRatio(View a, View b) {
  if (a.size() > b.size()) std::swap(a, b);
  const double best = BestWindow(a, b);
  return a.size() == b.size() ? std::max(best, BestWindow(b, a)) : best;
}

// Whether that takes too long.
bool IsTooMuch(View a, View b) {
  const auto shorter = static_cast<double>(std::min(a.size(), b.size())), both = static_cast<double>(a.size() + b.size());
  return both * shorter * (shorter / 64 + 1) > kMaxWork;
}

std::vector<Text> Words(View text) {
  std::vector<Text> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(U' ', at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

template <typename Range>
Text Joined(const Range& words) {
  Text out;
  for (const Text& word : words) out += (out.empty() ? U"" : U" ") + word;
  return out;
}

Text SortedWords(View text) {
  std::vector<Text> words = Words(text);
  std::sort(words.begin(), words.end());
  return Joined(words);
}

// The words of two texts: in both, in one alone.
struct WordSets {
  std::set<Text> both, first, second;
};
WordSets SplitWords(View a, View b) {
  const std::vector<Text> of_a = Words(a), of_b = Words(b);
  const std::set<Text> first(of_a.begin(), of_a.end()), second(of_b.begin(), of_b.end());
  WordSets sets;
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::inserter(sets.both, sets.both.end()));
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(), std::inserter(sets.first, sets.first.end()));
  std::set_difference(second.begin(), second.end(), first.begin(), first.end(), std::inserter(sets.second, sets.second.end()));
  return sets;
}

double TokenSetRatio(const WordSets& sets) {
  if (!sets.both.empty() && (sets.first.empty() || sets.second.empty())) return 1;
  const Text first = Joined(sets.first), second = Joined(sets.second);
  const size_t common = Joined(sets.both).size(), space = common != 0 ? 1 : 0;
  const size_t with_first = common + space + first.size(), with_second = common + space + second.size();
  const size_t distance = first.size() + second.size() - 2 * Pattern(first).CommonWith(second);
  const auto similarity = [](size_t edits, size_t length) {
    return length == 0 ? 1 : 1 - static_cast<double>(edits) / static_cast<double>(length);
  };
  const double result = similarity(distance, with_first + with_second);
  if (common == 0) return result;
  return std::max({result, similarity(space + first.size(), common + with_first), similarity(space + second.size(), common + with_second)});
}

double TokenRatio(View a, View b) { return std::max(TokenSetRatio(SplitWords(a, b)), Ratio(SortedWords(a), SortedWords(b))); }

double PartialTokenRatio(View a, View b) {
  const WordSets sets = SplitWords(a, b);
  if (!sets.both.empty()) return 1;
  return std::max(PartialRatio(SortedWords(a), SortedWords(b)), PartialRatio(Joined(sets.first), Joined(sets.second)));
}

}  // namespace

double FuzzyRatio(std::string_view input, std::string_view reference) {
  const Text a = Processed(input), b = Processed(reference);
  return a.empty() || b.empty() ? 0 : Ratio(a, b);
}

std::optional<double> FuzzyWRatio(std::string_view input, std::string_view reference) {
  const Text a = Processed(input), b = Processed(reference);
  if (a.empty() || b.empty()) return 0;
  const double ratio = Ratio(a, b);
  const auto longer = static_cast<double>(std::max(a.size(), b.size())), shorter = static_cast<double>(std::min(a.size(), b.size()));
  if (longer / shorter < 1.5) return std::max(ratio, TokenRatio(a, b) * kWordScale);
  if (IsTooMuch(a, b)) return std::nullopt;
  const double scale = longer / shorter <= 8 ? 0.9 : 0.6;
  return std::max({ratio, PartialRatio(a, b) * scale, PartialTokenRatio(a, b) * kWordScale * scale});
}

}  // namespace temper
