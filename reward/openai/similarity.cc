#include "reward/openai/similarity.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace temper {
namespace {

using Tokens = std::vector<std::string>;
using Counts = std::map<std::string, int64_t>;

constexpr int kLongest = 4;  // n-grams of BLEU

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

Tokens RougeTokens(std::string_view text) {
  Tokens tokens;
  std::string token;
  const auto end = [&] {
    if (!token.empty()) tokens.push_back(token);
    token.clear();
  };
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      token += lower;
    } else {
      end();
    }
  }
  end();
  return tokens;
}

// Every run of n tokens, with how often it occurs. Tokens hold no white space, so a space parts them.
Counts NGrams(const Tokens& tokens, size_t n) {
  Counts counts;
  for (size_t at = 0; at + n <= tokens.size(); ++at) {
    std::string gram;
    for (size_t i = 0; i < n; ++i) gram += tokens[at + i] + " ";
    ++counts[gram];
  }
  return counts;
}

int64_t Shared(const Counts& a, const Counts& b) {
  int64_t shared = 0;
  for (const auto& [gram, count] : a) {
    const auto other = b.find(gram);
    if (other != b.end()) shared += std::min(count, other->second);
  }
  return shared;
}

int64_t NumGrams(const Tokens& tokens, int n) { return std::max<int64_t>(0, static_cast<int64_t>(tokens.size()) - n + 1); }

double FMeasure(int64_t shared, int64_t of_input, int64_t of_reference) {
  if (shared == 0) return 0;
  const double precision = static_cast<double>(shared) / static_cast<double>(of_input);
  const double recall = static_cast<double>(shared) / static_cast<double>(of_reference);
  return 2 * precision * recall / (precision + recall);
}

}  // namespace

std::vector<std::string> WordPunctTokens(std::string_view text) {
  Tokens tokens;
  for (size_t at = 0; at < text.size();) {
    if (IsSpace(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    const bool word = IsWordByte(text[at]);
    while (at < text.size() && !IsSpace(text[at]) && IsWordByte(text[at]) == word) ++at;
    tokens.emplace_back(text.substr(begin, at - begin));
  }
  return tokens;
}

double Bleu(std::string_view input, std::string_view reference) {
  const Tokens given = WordPunctTokens(input), wanted = WordPunctTokens(reference);
  if (given.empty() || wanted.empty()) return 0;
  const int longest = std::min<int>(kLongest, static_cast<int>(given.size()));
  double sum = 0;
  int zeros = 0;
  for (int n = 1; n <= longest; ++n) {
    const int64_t shared = Shared(NGrams(given, static_cast<size_t>(n)), NGrams(wanted, static_cast<size_t>(n)));
    if (n == 1 && shared == 0) return 0;
    const double all = static_cast<double>(NumGrams(given, n));
    sum += std::log(shared > 0 ? static_cast<double>(shared) / all : 1 / (std::ldexp(1.0, ++zeros) * all));
  }
  const double ratio = static_cast<double>(wanted.size()) / static_cast<double>(given.size());
  const double brevity = given.size() >= wanted.size() ? 1 : std::exp(1 - ratio);
  return brevity * std::exp(sum / longest);
}

double Gleu(std::string_view input, std::string_view reference) {
  const Tokens given = WordPunctTokens(input), wanted = WordPunctTokens(reference);
  int64_t shared = 0, of_given = 0, of_wanted = 0;
  for (int n = 1; n <= kLongest; ++n) {
    shared += Shared(NGrams(given, static_cast<size_t>(n)), NGrams(wanted, static_cast<size_t>(n)));
    of_given += NumGrams(given, n);
    of_wanted += NumGrams(wanted, n);
  }
  const int64_t all = std::max(of_given, of_wanted);
  return all == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(all);
}

double RougeN(std::string_view input, std::string_view reference, int n) {
  const Tokens given = RougeTokens(input), wanted = RougeTokens(reference);
  return FMeasure(Shared(NGrams(given, static_cast<size_t>(n)), NGrams(wanted, static_cast<size_t>(n))), NumGrams(given, n),
                  NumGrams(wanted, n));
}

double RougeL(std::string_view input, std::string_view reference) {
  Tokens given = RougeTokens(input), wanted = RougeTokens(reference);
  given.resize(std::min(given.size(), kMaxRougeTokens));
  wanted.resize(std::min(wanted.size(), kMaxRougeTokens));
  std::vector<int64_t> longest(wanted.size() + 1, 0);  // common subsequence of `given` so far and the first j of `wanted`
  for (const std::string& token : given) {
    int64_t before = 0;  // of one token less of both
    for (size_t j = 1; j <= wanted.size(); ++j) {
      const int64_t here = longest[j];
      longest[j] = token == wanted[j - 1] ? before + 1 : std::max(here, longest[j - 1]);
      before = here;
    }
  }
  return FMeasure(longest.back(), static_cast<int64_t>(given.size()), static_cast<int64_t>(wanted.size()));
}

}  // namespace temper
