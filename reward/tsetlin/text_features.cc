#include "reward/tsetlin/text_features.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

constexpr std::string_view kCurlyApostrophe = "\xE2\x80\x99";
constexpr uint32_t kNone = ~uint32_t{0};
constexpr uint32_t kAnywhere = 0, kOpeningFlag = 1;  // roots

bool IsWordByte(std::string_view text, size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c >= 0x80 && text.substr(at, kCurlyApostrophe.size()) != kCurlyApostrophe);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Bytes of the apostrophe at `at`; 0 where there is none.
size_t ApostropheAt(std::string_view text, size_t at) {
  if (text.substr(at, 1) == "'") return 1;
  return text.substr(at, kCurlyApostrophe.size()) == kCurlyApostrophe ? kCurlyApostrophe.size() : 0;
}

// Reads the word that begins at or after *at into *word; false at the end of the text.
bool NextWord(std::string_view text, size_t* at, std::string* word) {
  while (*at < text.size() && !IsWordByte(text, *at)) *at += std::max<size_t>(ApostropheAt(text, *at), 1);
  if (*at >= text.size()) return false;
  word->clear();
  while (*at < text.size()) {
    if (IsWordByte(text, *at)) {
      word->push_back(Lower(text[(*at)++]));
      continue;
    }
    const size_t apostrophe = ApostropheAt(text, *at);
    if (apostrophe == 0 || *at + apostrophe >= text.size() || !IsWordByte(text, *at + apostrophe)) break;
    word->push_back('\'');
    *at += apostrophe;
  }
  return true;
}

}  // namespace

std::vector<std::string> FeatureWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (size_t at = 0; NextWord(text, &at, &word);) words.push_back(word);
  return words;
}

std::vector<std::string> TermsOf(std::string_view text, const TermOptions& options) {
  const std::vector<std::string> words = FeatureWords(text);
  std::vector<std::string> terms;
  std::unordered_set<std::string> seen;
  const auto add = [&](size_t end, std::string prefix) {
    for (size_t begin = 0; begin < end; ++begin) {
      std::string term = prefix;
      for (size_t at = begin; at < std::min(end, begin + static_cast<size_t>(options.max_words)); ++at) {
        term += (at == begin ? "" : " ") + words[at];
        if (seen.insert(term).second) terms.push_back(term);
      }
    }
  };
  add(words.size(), "");
  add(std::min(words.size(), static_cast<size_t>(options.opening_words)), std::string(kOpeningMark));
  return terms;
}

std::vector<std::string> ChooseTerms(std::span<const std::string> texts, std::span<const int32_t> labels, size_t num_classes,
                                     const TermOptions& options, const TermChoice& choice) {
  std::map<std::string, std::vector<int64_t>> rows_with;  // term -> rows of each class that have it
  std::vector<int64_t> rows_of(num_classes);
  for (size_t row = 0; row < texts.size(); ++row) {
    const auto label = static_cast<size_t>(labels[row]);
    ++rows_of[label];
    for (const std::string& term : TermsOf(texts[row], options)) {
      std::vector<int64_t>& counts = rows_with[term];
      counts.resize(num_classes);
      ++counts[label];
    }
  }
  std::vector<std::pair<double, const std::string*>> ranked;
  for (const auto& [term, counts] : rows_with) {
    int64_t all = 0;
    for (const int64_t count : counts) all += count;
    if (all < choice.min_rows) continue;
    double chi_square = 0;
    for (size_t label = 0; label < num_classes; ++label) {
      if (rows_of[label] == 0) continue;
      const double expected = static_cast<double>(all) * static_cast<double>(rows_of[label]) / static_cast<double>(texts.size());
      const double difference = static_cast<double>(counts[label]) - expected;
      chi_square += difference * difference / expected;
    }
    ranked.emplace_back(-chi_square, &term);
  }
  const size_t count = std::min(ranked.size(), static_cast<size_t>(choice.count));
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> terms;
  for (size_t i = 0; i < count; ++i) terms.push_back(*ranked[i].second);
  return terms;
}

size_t TextBinariser::WordHash::operator()(std::string_view word) const { return Hash64(word); }

TextBinariser::TextBinariser(std::vector<std::string> terms, const TermOptions& options)
    : terms_(std::move(terms)), options_(options), nodes_{Node{}, Node{.opening = true}} {
  for (size_t i = 0; i < terms_.size(); ++i) AddTerm(terms_[i], static_cast<int64_t>(i));
}

size_t TextBinariser::num_words() const { return (terms_.size() + 63) / 64; }

uint32_t TextBinariser::Child(uint32_t node, uint32_t word) const {
  const auto found = children_.find(uint64_t{node} << 32 | word);
  return found == children_.end() ? kNone : found->second;
}

void TextBinariser::AddTerm(std::string_view term, int64_t index) {
  const bool opening = term.starts_with(kOpeningMark);
  const std::string_view path = opening ? term.substr(kOpeningMark.size()) : term;
  const std::vector<std::string> words = FeatureWords(path);
  std::string again;
  for (const std::string& word : words) again += (again.empty() ? "" : " ") + word;
  if (words.empty() || again != path) throw ConfigError(Concat("term '", term, "': expected words in lower case, separated by one space"));
  const int64_t most = opening ? std::min(options_.max_words, options_.opening_words) : options_.max_words;
  if (static_cast<int64_t>(words.size()) > most) throw ConfigError(Concat("term '", term, "': ", words.size(), " words; at most ", most));
  uint32_t node = opening ? kOpeningFlag : kAnywhere;
  for (const std::string& word : words) {
    const uint32_t id = words_.emplace(word, static_cast<uint32_t>(words_.size())).first->second;
    uint32_t& child = children_.emplace(uint64_t{node} << 32 | id, kNone).first->second;
    if (child == kNone) {
      child = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({.opening = opening});
    }
    node = child;
  }
  if (nodes_[node].term >= 0) throw ConfigError(Concat("term '", term, "' is given twice"));
  nodes_[node].term = index;
}

void TextBinariser::Read(std::string_view text, std::span<uint64_t> features) const {
  std::fill(features.begin(), features.end(), 0);
  const auto max_words = static_cast<size_t>(options_.max_words);
  std::vector<uint32_t> open;  // nodes that the words before lead to, which the next word may lead on from
  std::vector<uint32_t> next;
  open.reserve(2 * max_words + 2);
  next.reserve(2 * max_words + 2);
  std::string word;
  int64_t number = 0;
  for (size_t at = 0; NextWord(text, &at, &word); ++number) {
    const auto known = words_.find(std::string_view(word));
    next.clear();
    if (known != words_.end()) {
      open.push_back(kAnywhere);
      open.push_back(kOpeningFlag);
      for (const uint32_t node : open) {
        if (nodes_[node].opening && number >= options_.opening_words) continue;
        const uint32_t child = Child(node, known->second);
        if (child == kNone) continue;
        const int64_t term = nodes_[child].term;
        if (term >= 0) features[static_cast<size_t>(term) / 64] |= uint64_t{1} << term % 64;
        next.push_back(child);
      }
    }
    std::swap(open, next);
  }
}

}  // namespace temper
