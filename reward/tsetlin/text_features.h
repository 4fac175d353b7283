#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace temper {

// Words of a text as features see them: runs of ASCII letters, digits and bytes above 127, in lower
// case. An apostrophe between two of them belongs to the word, and the typographic one (U+2019)
// counts as the plain one. All else parts words.
std::vector<std::string> FeatureWords(std::string_view text);

// Names of the terms that a text has: every word and every run of up to max_words words, separated
// by one space. Those among its first `opening_words` words stand there once more with kOpeningMark
// in front. Each once, in the order of their first place.
inline constexpr std::string_view kOpeningMark = "^";
inline constexpr int64_t kMaxTermWords = 8;
struct TermOptions {
  int64_t max_words = 2;      // of a term; at most kMaxTermWords
  int64_t opening_words = 0;  // that the opening has; 0 = no terms of the opening
};
std::vector<std::string> TermsOf(std::string_view text, const TermOptions& options);

struct TermChoice {
  int64_t count = 2000;  // terms to choose at most
  int64_t min_rows = 3;  // that a term occurs in
};

// The terms that tell the classes apart best, by the chi-square statistic of (class) x (sum of the
// term's presence) as scikit-learn's chi2 computes it. O are the rows of a class that have the
// term, and E = rows that have it * share of the class. The statistic is the sum over classes of (O
// - E)^2 / E. Equals are taken in the order of their names. labels: a class in [0, num_classes) for
// each text.
std::vector<std::string> ChooseTerms(std::span<const std::string> texts, std::span<const int32_t> labels, size_t num_classes,
                                     const TermOptions& options, const TermChoice& choice);

// Tells which of its terms a text has. Immutable, so that several threads may ask it.
class TextBinariser {
 public:
  // Throws ConfigError for a term that no text can have with these options, and for one that is given twice.
  TextBinariser(std::vector<std::string> terms, const TermOptions& options);

  const std::vector<std::string>& terms() const { return terms_; }
  const TermOptions& options() const { return options_; }
  size_t num_words() const;  // of 64 bits that a text's features take
  // Sets bit k of `features`, of num_words() words, where the text has term k, and clears the others.
  void Read(std::string_view text, std::span<uint64_t> features) const;

 private:
  // Terms are paths of words in a tree. Its roots are those of terms anywhere (0) and of terms of the opening (1).
  struct Node {
    int64_t term = -1;     // index of the term that ends here; -1 = none
    bool opening = false;  // below the root of the opening
  };
  struct PathHash {
    size_t operator()(uint64_t key) const { return static_cast<size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15u >> 7); }
  };
  struct WordHash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const;
  };

  uint32_t Child(uint32_t node, uint32_t word) const;
  void AddTerm(std::string_view term, int64_t index);

  std::vector<std::string> terms_;
  TermOptions options_;
  std::unordered_map<std::string, uint32_t, WordHash, std::equal_to<>> words_;  // that occur in terms
  std::unordered_map<uint64_t, uint32_t, PathHash> children_;                   // by node and word
  std::vector<Node> nodes_;
};

}  // namespace temper
