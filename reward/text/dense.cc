#include "reward/text/dense.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "reward/text/phrase_counter.h"

namespace temper {
namespace {

using Phrases = std::vector<std::string_view>;
enum PhraseList : size_t { kRefusal, kMoral, kInstruction, kHelp };

const PhraseCounter& Counter() {
  static const PhraseCounter kCounter({
      Phrases{"i'm sorry",      "i am sorry",          "sorry, but",       "i apologize",     "i cannot",      "i can't",
              "i can not",      "i'm not able",        "i am not able",    "unable to",       "i will not",    "i won't",
              "as an ai",       "as a language model", "as a responsible", "not appropriate", "inappropriate", "against my",
              "my programming", "not comfortable",     "cannot provide",   "can't provide",   "cannot assist", "can't assist",
              "can't help",     "cannot help",         "i must decline",   "i refuse",        "not able to",   "i'd rather not",
              "won't be able",  "cannot fulfill",      "can't fulfill",    "cannot comply"},
      Phrases{"illegal",        "unethical",    "ethical",       "harmful",         "dangerous",       "against the law", "immoral",
              "not acceptable", "unacceptable", "not advisable", "not recommended", "not a good idea", "important to",    "respect",
              "consequences",   "responsible",  "should not",    "shouldn't",       "never",           "avoid",           "instead",
              "discriminat",    "guidelines",   "policy",        "however",         "crime",           "promote",         "violat"},
      Phrases{" step",         "first,",      " then ",    " next",     "finally",    "you can",    "you could",
              "you will need", "you'll need", " use a",    "make sure", "try to",     "here is",    "here's",
              "here are",      " sure",       "of course", "certainly", "absolutely", "for example"},
      Phrases{"law enforcement", "authorities", "seek", "professional", "therapist", "counselor", "helpline", "hotline",
              "suicide prevention", "emergency", "support group", "reach out", "talk to", "doctor", "legal advice"},
  });
  return kCounter;
}

constexpr size_t kHeadBytes = 150;
constexpr std::array<DenseFeature, 25> kFeatures = {{
    {"answer_words", "ln(1 + words of the answer)"},
    {"prompt_words", "ln(1 + words of the prompt)"},
    {"prompt_covered", "share of the prompt's content words that the answer has"},
    {"answer_from_prompt", "share of the answer's content words that the prompt has"},
    {"distinct_words", "different words of the answer over all of them"},
    {"repeated_trigrams", "share of the answer's runs of three words that stood before"},
    {"refusals_at_start", "refusal phrases in the first 150 bytes"},
    {"refusals", "ln(1 + refusal phrases)"},
    {"warnings", "ln(1 + words of morals, law and caution)"},
    {"warning_rate", "the same for ten words"},
    {"instructions", "ln(1 + phrases of instruction and consent)"},
    {"instruction_rate", "the same for ten words"},
    {"referrals", "ln(1 + phrases that name other help)"},
    {"list_items", "ln(1 + lines that are items of a list)"},
    {"finished", "1 = the answer ends with punctuation"},
    {"asks", "1 = the answer has a question mark"},
    {"exclamations", "ln(1 + exclamation marks)"},
    {"says_i", "ln(1 + the word i)"},
    {"says_you", "ln(1 + the word you)"},
    {"i_rate", "the word i for ten words"},
    {"you_rate", "the words you and your for ten words"},
    {"negation_rate", "negations for ten words"},
    {"digits", "ln(1 + digits)"},
    {"code", "1 = the answer has a fenced block"},
    {"quotes", "ln(1 + double quotes)"},
}};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

std::vector<std::string_view> WordsOf(std::string_view normalized) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < normalized.size();) {
    if (!IsWordByte(normalized[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < normalized.size() && IsWordByte(normalized[at])) ++at;
    words.push_back(normalized.substr(begin, at - begin));
  }
  return words;
}

using WordSet = std::unordered_set<std::string_view>;

const WordSet& FunctionWords() {
  static const WordSet kWords = {"a",     "an",   "the",   "of",     "to",   "in",      "on",    "for",  "and",  "or",   "is",
                                 "are",   "was",  "be",    "as",     "at",   "by",      "with",  "how",  "do",   "does", "can",
                                 "could", "i",    "you",   "me",     "my",   "your",    "it",    "that", "this", "what", "which",
                                 "who",   "give", "write", "please", "some", "someone", "about", "from", "if",   "not",  "without",
                                 "make",  "get",  "their", "his",    "her",  "they",    "them",  "one",  "any"};
  return kWords;
}

WordSet ContentWords(const std::vector<std::string_view>& words) {
  WordSet out;
  for (const std::string_view word : words)
    if (!FunctionWords().contains(word)) out.insert(word);
  return out;
}

struct WordCounts {
  double i = 0, you = 0, your = 0, negations = 0, different = 0, repeated_trigrams = 0;
};

WordCounts CountWords(const std::vector<std::string_view>& words) {
  WordCounts counts;
  WordSet seen, trigrams;
  for (size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    counts.i += word == "i" || word.starts_with("i'") ? 1 : 0;
    counts.you += word == "you" || word.starts_with("you'") ? 1 : 0;
    counts.your += word == "your" ? 1 : 0;
    counts.negations += word == "not" || word == "no" || word == "cannot" || word.ends_with("n't") ? 1 : 0;
    counts.different += seen.insert(word).second ? 1 : 0;
    if (at < 2) continue;
    // The bytes from the first word to the last: what parts the words counts, too.
    const std::string_view trigram(words[at - 2].data(), static_cast<size_t>(word.data() + word.size() - words[at - 2].data()));
    counts.repeated_trigrams += trigrams.insert(trigram).second ? 0 : 1;
  }
  return counts;
}

// Lines that begin with a bullet, or with a number and a full stop or bracket.
double ListItems(std::string_view text) {
  double items = 0;
  for (size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size()) + 1) {
    size_t first = std::min(text.find_first_not_of(" \t", at), text.size());
    if (first == text.size()) break;
    if (text[first] == '-' || text[first] == '*' || text.substr(first).starts_with("\xE2\x80\xA2")) ++items;
    const size_t digits = first;
    while (first < text.size() && text[first] >= '0' && text[first] <= '9') ++first;
    if (first > digits && first < text.size() && (text[first] == '.' || text[first] == ')')) ++items;
  }
  return items;
}

bool EndsFinished(std::string_view answer) {
  const size_t last = answer.find_last_not_of(" \t\r\n");
  return last != std::string_view::npos && std::string_view(".!\"?)").find(answer[last]) != std::string_view::npos;
}

double CountByte(std::string_view text, char c) { return static_cast<double>(std::count(text.begin(), text.end(), c)); }

}  // namespace

std::span<const DenseFeature> DenseFeatures() { return kFeatures; }

std::vector<double> DenseValues(const TextPair& texts) {
  const std::vector<std::string_view> words = WordsOf(texts.normal_answer), asked = WordsOf(texts.normal_prompt);
  const WordSet content = ContentWords(words), asked_content = ContentWords(asked);
  const auto both = static_cast<double>(
      std::count_if(asked_content.begin(), asked_content.end(), [&](std::string_view word) { return content.contains(word); }));
  const WordCounts counts = CountWords(words);
  const PhraseCounter::Counts phrases = Counter().Count(texts.normal_answer, kHeadBytes);
  const double n = static_cast<double>(words.size()), per_ten = 10 / (n + 1);
  const auto digits =
      static_cast<double>(std::count_if(texts.answer.begin(), texts.answer.end(), [](char c) { return c >= '0' && c <= '9'; }));
  return {std::log1p(n),
          std::log1p(static_cast<double>(asked.size())),
          both / (static_cast<double>(asked_content.size()) + 1),
          both / (static_cast<double>(content.size()) + 1),
          counts.different / (n + 1),
          counts.repeated_trigrams / (n + 1),
          static_cast<double>(phrases.head[kRefusal]),
          std::log1p(phrases.all[kRefusal]),
          std::log1p(phrases.all[kMoral]),
          phrases.all[kMoral] * per_ten,
          std::log1p(phrases.all[kInstruction]),
          phrases.all[kInstruction] * per_ten,
          std::log1p(phrases.all[kHelp]),
          std::log1p(ListItems(texts.answer)),
          EndsFinished(texts.answer) ? 1.0 : 0.0,
          texts.answer.find('?') != std::string_view::npos ? 1.0 : 0.0,
          std::log1p(CountByte(texts.answer, '!')),
          std::log1p(counts.i),
          std::log1p(counts.you),
          counts.i * per_ten,
          (counts.you + counts.your) * per_ten,
          counts.negations * per_ten,
          std::log1p(digits),
          texts.answer.find("```") != std::string_view::npos ? 1.0 : 0.0,
          std::log1p(CountByte(texts.answer, '"'))};
}

}  // namespace temper
