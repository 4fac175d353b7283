#include "reward/spec/measures.h"

#include <algorithm>
#include <string>

#include "reward/spec/text_words.h"

namespace temper {
namespace {

constexpr size_t kStemLetters = 5;
constexpr size_t kContentLetters = 4;
constexpr size_t kSentenceWords = 3;

std::set<std::string> ContentStems(std::string_view text, const std::set<std::string>& ignored) {
  std::set<std::string> stems;
  for (const TextWord& word : ReadTextWords(text))
    if (word.letters && word.text.size() >= kContentLetters && !ignored.contains(word.text))
      stems.insert(word.text.substr(0, kStemLetters));
  return stems;
}

double Share(size_t part, size_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

// Share of `stems` that are in `others`.
double ShareIn(const std::set<std::string>& stems, const std::set<std::string>& others) {
  const auto hits = std::count_if(stems.begin(), stems.end(), [&](const std::string& stem) { return others.contains(stem); });
  return Share(static_cast<size_t>(hits), stems.size());
}

bool AnyMatches(const std::vector<Regex>& patterns, std::string_view text) {
  for (const Regex& pattern : patterns) {
    bool found = false;
    pattern.ForEachMatch(text, [&](size_t, size_t) {
      found = true;
      return false;
    });
    if (found) return true;
  }
  return false;
}

}  // namespace

double RequestOverlap(std::string_view request, std::string_view response, const std::set<std::string>& ignored) {
  return ShareIn(ContentStems(request, ignored), ContentStems(response, ignored));
}

double EchoShare(std::string_view request, std::string_view response, const std::set<std::string>& ignored) {
  return ShareIn(ContentStems(response, ignored), ContentStems(request, ignored));
}

double ListedShare(const std::set<std::string>& listed, std::string_view text) {
  const std::vector<std::string> words = LetterWords(ReadTextWords(text));
  const auto hits = std::count_if(words.begin(), words.end(), [&](const std::string& word) { return listed.contains(word); });
  return Share(static_cast<size_t>(hits), words.size());
}

double RepeatedShare(std::string_view text) {
  const std::vector<std::string> words = LetterWords(ReadTextWords(text));
  if (words.size() < 4) return 0;
  std::set<std::string> seen;
  size_t repeats = 0;
  for (size_t i = 0; i + 2 < words.size(); ++i)
    if (!seen.insert(words[i] + " " + words[i + 1] + " " + words[i + 2]).second) ++repeats;
  return Share(repeats, words.size() - 2);
}

double LetterShare(std::string_view text) {
  size_t letters = 0, visible = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) continue;
    ++visible;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) ++letters;
  }
  return Share(letters, visible);
}

double MatchShare(const std::vector<Regex>& patterns, std::string_view text) {
  size_t matches = 0;
  for (const Regex& pattern : patterns) {
    pattern.ForEachMatch(text, [&](size_t, size_t) {
      ++matches;
      return true;
    });
  }
  return Share(matches, LetterWords(ReadTextWords(text)).size());
}

double SentenceShare(const std::vector<Regex>& patterns, std::string_view text) {
  size_t sentences = 0, hits = 0, begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find_first_of(".!?\n", begin), text.size());
    const std::string_view sentence = text.substr(begin, end - begin);
    begin = end + 1;
    if (LetterWords(ReadTextWords(sentence)).size() < kSentenceWords) continue;
    ++sentences;
    hits += AnyMatches(patterns, sentence);
  }
  return Share(hits, sentences);
}

}  // namespace temper
