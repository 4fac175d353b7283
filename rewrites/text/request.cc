#include "rewrites/text/request.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_set>

#include "rewrites/text/english_words.h"

namespace temper {
namespace {

using Kind = EnglishRequest::Kind;

constexpr size_t kMostWordsBeforeHowTo = 9;

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || c == '\'' ||
         c == '-';
}

bool IsRequestSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsRequestSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsRequestSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Without the marks that end a sentence, and those that quote it.
std::string_view WithoutMarks(std::string_view text) {
  text = Trimmed(text);
  while (!text.empty() && std::string_view(".?!\"'").find(text.back()) != std::string_view::npos)
    text = Trimmed(text.substr(0, text.size() - 1));
  while (!text.empty() && (text.front() == '"' || text.front() == '\'')) text = Trimmed(text.substr(1));
  return text;
}

// What stands before words that ask: none of it is about the matter. The longest that fits is taken.
constexpr std::array kPolite = std::to_array<std::string_view>(
    {"please ", "kindly ", "hi, ", "hello, ", "hey, ", "can you ", "could you ", "would you ", "will you ", "i want you to ",
     "i need you to ", "i would like you to ", "i'd like you to ", "can you please ", "could you please ", "would you please "});

constexpr std::array kHowTo = std::to_array<std::string_view>({"how do i ",
                                                               "how can i ",
                                                               "how could i ",
                                                               "how would i ",
                                                               "how should i ",
                                                               "how do you ",
                                                               "how can you ",
                                                               "how does one ",
                                                               "how can one ",
                                                               "how would one ",
                                                               "how do we ",
                                                               "how can we ",
                                                               "how do people ",
                                                               "how can people ",
                                                               "how does someone ",
                                                               "how can someone ",
                                                               "how would someone ",
                                                               "how to ",
                                                               "i want to ",
                                                               "i need to ",
                                                               "i would like to ",
                                                               "i'd like to ",
                                                               "help me to ",
                                                               "help me ",
                                                               "what is the best way to ",
                                                               "what's the best way to ",
                                                               "what are some ways to ",
                                                               "what are ways to ",
                                                               "what are the best ways to ",
                                                               "is there a way to ",
                                                               "what are the steps to ",
                                                               "what steps do i take to ",
                                                               "where can i learn to ",
                                                               "i want to know how to ",
                                                               "i need to know how to ",
                                                               "i would like to know how to ",
                                                               "i'd like to know how to "});

// Length of the longest of `openings` that the text begins with.
template <typename Openings>
size_t OpeningOf(const std::string& lower, const Openings& openings) {
  size_t longest = 0;
  for (const std::string_view opening : openings)
    if (lower.starts_with(opening)) longest = std::max(longest, opening.size());
  return longest;
}

bool IsAuxiliary(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords = {"do",  "does",  "did",   "is",   "are",   "was",   "were",
                                                              "am",  "will",  "would", "can",  "could", "shall", "should",
                                                              "may", "might", "has",   "have", "had",   "must"};
  return kWords.contains(word);
}

bool IsQuestionWord(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords = {"what", "who", "whom", "whose", "which", "when", "where", "why", "how", "in"};
  return kWords.contains(word);
}

bool IsPronoun(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords = {"i", "you", "he", "she", "it", "we", "they", "there", "someone", "people"};
  return kWords.contains(word);
}

// An order begins with its verb: one that is known, or whatever stands before a noun phrase.
bool IsOrder(const std::vector<EnglishWord>& words) {
  if (words.empty()) return false;
  const std::string& first = words[0].lower;
  if (first == "don't" || (first == "do" && words.size() > 1 && words[1].lower == "not")) return false;
  // "do the dishes", and not "do birds sing".
  if (first == "do") return words.size() > 1 && (IsDeterminer(words[1].lower) || words[1].lower == "it");
  if (IsRequestVerb(first)) return true;
  if (words.size() < 2 || IsDeterminer(first) || IsQuestionWord(first) || IsPronoun(first) || IsAuxiliary(first)) return false;
  if (first.ends_with("ing") || first.ends_with("ly") || first.ends_with("ed")) return false;
  static const std::unordered_set<std::string_view> kNoVerbs = {"if", "on",   "at",   "for", "from", "with", "about", "under", "as",
                                                                "to", "when", "once", "by",  "and",  "but",  "or",    "of",    "not"};
  return !kNoVerbs.contains(first) && (IsDeterminer(words[1].lower) || words[1].lower == "me" || words[1].lower == "how");
}

// "me" and "me with" behind a verb of telling go: "give me a list" -> "give a list".
std::string WithoutMe(std::string_view core, const std::vector<EnglishWord>& words) {
  if (words.size() < 3 || words[1].lower != "me" || !IsRequestVerb(words[0].lower)) return std::string(core);
  const size_t next = words[2].lower == "with" && words.size() > 3 ? 3 : 2;
  return std::string(core.substr(0, words[0].end)) + " " + std::string(core.substr(words[next].begin));
}

// What shall be done, where an order to tell holds "how to": "a guide on how to pick a lock" -> "pick a lock".
std::string InnerOf(std::string_view core, const std::vector<EnglishWord>& words) {
  for (size_t i = 1; i + 2 < words.size() && i <= kMostWordsBeforeHowTo; ++i)
    if (words[i].lower == "how" && words[i + 1].lower == "to") return std::string(core.substr(words[i + 2].begin));
  return "";
}

std::string LowerFirst(std::string text) {
  // An acronym stays what it is.
  const bool acronym = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!acronym && !text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

EnglishRequest Do(std::string_view core) {
  EnglishRequest request;
  request.kind = Kind::kDo;
  const auto words = WordsOf(core);
  request.core = LowerFirst(WithoutMe(core, words));
  request.inner = IsRequestVerb(words[0].lower) ? InnerOf(core, words) : "";
  return request;
}

// One sentence without its marks; nothing where no rule reads it.
std::optional<EnglishRequest> ReadSentence(std::string_view sentence) {
  std::string lower = LowerAscii(sentence);
  while (const size_t polite = OpeningOf(lower, kPolite)) {
    sentence = Trimmed(sentence.substr(polite));
    lower = LowerAscii(sentence);
  }
  if (const size_t opening = OpeningOf(lower, kHowTo)) {
    const std::string_view core = Trimmed(sentence.substr(opening));
    const auto words = WordsOf(core);
    // "how do you do" and the like name nothing to be done.
    if (!words.empty() && words[0].begin == 0) return Do(core);
  }
  const auto words = WordsOf(sentence);
  if (IsOrder(words) && words[0].begin == 0) return Do(sentence);
  if (words.empty() || !(IsQuestionWord(words[0].lower) || IsAuxiliary(words[0].lower))) return std::nullopt;
  if (std::none_of(words.begin(), words.end(), [](const EnglishWord& word) { return IsAuxiliary(word.lower); })) return std::nullopt;
  EnglishRequest request;
  request.kind = Kind::kQuestion;
  request.core = std::string(sentence);
  return request;
}

// Whether a full stop at `at` ends a sentence: not that of "U.S." and "e.g.".
bool EndsSentence(std::string_view text, size_t at) {
  if (text[at] == '\n') return true;
  if (std::string_view(".?!").find(text[at]) == std::string_view::npos) return false;
  if (at + 1 < text.size() && !IsRequestSpace(text[at + 1])) return false;
  if (text[at] != '.') return true;
  size_t begin = at;
  while (begin > 0 && !IsRequestSpace(text[begin - 1])) --begin;
  const std::string_view word = text.substr(begin, at - begin);
  static const std::unordered_set<std::string_view> kShort = {"Mr", "Mrs", "Ms", "Dr", "Prof", "St", "vs", "etc", "No"};
  return word.size() > 1 && word.find('.') == std::string_view::npos && !kShort.contains(word);
}

}  // namespace

std::vector<EnglishWord> WordsOf(std::string_view text) {
  std::vector<EnglishWord> words;
  for (size_t at = 0; at < text.size();) {
    if (!IsWordByte(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && IsWordByte(text[at])) ++at;
    words.push_back({LowerAscii(text.substr(begin, at - begin)), begin, at});
  }
  return words;
}

EnglishRequest ReadRequest(std::string_view text) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && !EndsSentence(text, end)) ++end;
    end = std::min(end + 1, text.size());
    if (auto request = ReadSentence(WithoutMarks(text.substr(begin, end - begin)))) {
      request->before = std::string(Trimmed(text.substr(0, begin)));
      request->after = std::string(Trimmed(text.substr(end)));
      return *std::move(request);
    }
    begin = end;
  }
  EnglishRequest other;
  other.core = std::string(Trimmed(text));
  return other;
}

std::string InThirdPerson(std::string_view text) {
  static const std::map<std::string_view, std::string_view> kThird = {{"i", "they"},
                                                                      {"me", "them"},
                                                                      {"my", "their"},
                                                                      {"myself", "themselves"},
                                                                      {"you", "they"},
                                                                      {"your", "their"},
                                                                      {"yourself", "themselves"},
                                                                      {"we", "they"},
                                                                      {"us", "them"},
                                                                      {"our", "their"},
                                                                      {"i'm", "they are"},
                                                                      {"you're", "they are"},
                                                                      {"am", "are"},
                                                                      {"ourselves", "themselves"},
                                                                      {"i'd", "they would"},
                                                                      {"i've", "they have"}};
  std::string out;
  size_t copied = 0;
  for (const EnglishWord& word : WordsOf(text)) {
    const auto found = kThird.find(word.lower);
    // "US" is a country.
    if (found == kThird.end() || (word.lower == "us" && text.substr(word.begin, 2) == "US")) continue;
    out += text.substr(copied, word.begin - copied);
    out += found->second;
    copied = word.end;
  }
  return out + std::string(text.substr(copied));
}

}  // namespace temper
