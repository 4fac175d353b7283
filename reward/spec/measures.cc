#include "reward/spec/measures.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "reward/spec/text_words.h"

namespace temper {
namespace {

constexpr size_t kStemLetters = 5;
constexpr size_t kContentLetters = 4;
constexpr size_t kSentenceWords = 3;

// The first letters of a word as a number.
uint64_t StemOf(std::string_view word) {
  uint64_t stem = 0;
  for (const char c : word.substr(0, kStemLetters)) stem = stem << 8 | static_cast<unsigned char>(c);
  return stem;
}

// Rising, each once.
std::vector<uint64_t> ContentStems(const MeasuredText& text, const WordList& ignored) {
  std::vector<uint64_t> stems;
  for (const std::string_view word : text.words())
    if (word.size() >= kContentLetters && !ignored.contains(word)) stems.push_back(StemOf(word));
  std::sort(stems.begin(), stems.end());
  stems.erase(std::unique(stems.begin(), stems.end()), stems.end());
  return stems;
}

double Share(size_t part, size_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

// Share of `stems` that are in `others`.
double ShareIn(const std::vector<uint64_t>& stems, const std::vector<uint64_t>& others) {
  const auto hits =
      std::count_if(stems.begin(), stems.end(), [&](uint64_t stem) { return std::binary_search(others.begin(), others.end(), stem); });
  return Share(static_cast<size_t>(hits), stems.size());
}

bool HasWords(std::string_view text, size_t least) {
  size_t words = 0;
  for (size_t i = 0; i < text.size() && words < least; ++i) {
    const bool starts = i == 0 || !IsTextWordByte(static_cast<unsigned char>(text[i - 1]));
    words += starts && IsTextWordByte(static_cast<unsigned char>(text[i]));
  }
  return words >= least;
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

MeasuredText::MeasuredText(Read, std::string_view text) : text_(text), lower_(text) {
  const auto word_at = [this](size_t at) { return at < lower_.size() && IsTextWordByte(static_cast<unsigned char>(lower_[at])); };
  for (char& c : lower_)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (size_t at = 0; at < lower_.size(); ++at) {
    const size_t begin = at;
    while (word_at(at)) ++at;
    if (at > begin) words_.push_back(std::string_view(lower_).substr(begin, at - begin));
  }
}

double RequestOverlap(const MeasuredText& request, const MeasuredText& response, const WordList& ignored) {
  return ShareIn(ContentStems(request, ignored), ContentStems(response, ignored));
}

double EchoShare(const MeasuredText& request, const MeasuredText& response, const WordList& ignored) {
  return ShareIn(ContentStems(response, ignored), ContentStems(request, ignored));
}

double ListedShare(const WordList& listed, const MeasuredText& text) {
  const auto hits = std::count_if(text.words().begin(), text.words().end(), [&](std::string_view word) { return listed.contains(word); });
  return Share(static_cast<size_t>(hits), text.words().size());
}

double RepeatedShare(const MeasuredText& text) {
  const std::vector<std::string_view>& words = text.words();
  if (words.size() < 4) return 0;
  std::unordered_map<std::string_view, uint32_t> numbers;
  std::vector<uint32_t> number_of;
  for (const std::string_view word : words) number_of.push_back(numbers.emplace(word, static_cast<uint32_t>(numbers.size())).first->second);
  std::vector<std::array<uint32_t, 3>> triples;
  for (size_t i = 0; i + 2 < words.size(); ++i) triples.push_back({number_of[i], number_of[i + 1], number_of[i + 2]});
  std::sort(triples.begin(), triples.end());
  const auto different = std::unique(triples.begin(), triples.end()) - triples.begin();
  return Share(triples.size() - static_cast<size_t>(different), words.size() - 2);
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

double MatchShare(const std::vector<Regex>& patterns, const MeasuredText& text) {
  size_t matches = 0;
  for (const Regex& pattern : patterns) {
    pattern.ForEachMatch(text.text(), [&](size_t, size_t) {
      ++matches;
      return true;
    });
  }
  return Share(matches, text.words().size());
}

double SentenceShare(const std::vector<Regex>& patterns, std::string_view text) {
  size_t sentences = 0, hits = 0, begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find_first_of(".!?\n", begin), text.size());
    const std::string_view sentence = text.substr(begin, end - begin);
    begin = end + 1;
    if (!HasWords(sentence, kSentenceWords)) continue;
    ++sentences;
    hits += AnyMatches(patterns, sentence);
  }
  return Share(hits, sentences);
}

}  // namespace temper
