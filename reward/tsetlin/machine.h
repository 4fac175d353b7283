#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reward/tsetlin/automata.h"

namespace temper {

struct TsetlinOptions {
  int64_t clauses = 200;     // of a bank, even: half of them vote for, half against
  int64_t threshold = 20;    // T: clauses stop to learn of an example as its votes approach T; > 0
  double specificity = 5;    // s: the larger, the more literals a clause takes up; > 1
  bool boost = true;         // boosted true positives
  bool weighted = true;      // clauses learn a weight; otherwise each has the weight 1
  int64_t max_literals = 8;  // of a clause
  uint64_t seed = 1;
};

// Truth values of the literals of many examples. Literal k < num_features says that feature k is present, literal negated(k) that it is
// not; negations begin at a word of their own.
class LiteralTable {
 public:
  explicit LiteralTable(size_t num_features);
  static size_t NumWords(size_t num_features) { return 2 * WordsFor(num_features); }
  static size_t Negated(size_t feature, size_t num_features) { return WordsFor(num_features) * kWordBits + feature; }

  // Adds an example; `features` has a bit for each feature, none beyond.
  void Add(std::span<const uint64_t> features);
  size_t num_features() const { return num_features_; }
  size_t num_words() const { return valid_.size(); }
  size_t size() const { return words_.size() / num_words(); }
  LiteralWords row(size_t index) const { return {&words_[index * num_words()], num_words()}; }
  // A bit for every literal that there is.
  LiteralWords valid() const { return valid_; }

 private:
  size_t num_features_;
  std::vector<uint64_t> valid_;
  std::vector<uint64_t> words_;
};

// Clauses in banks. With two classes there is one bank, whose clauses vote for class 1 or for class
// 0 (Granmo, arXiv 1804.01508, section 3). With more, each class has a bank, whose clauses vote for
// or against it (section 6). A clause is a conjunction of the literals that its automata include;
// where it matches it adds its weight to the votes of its bank or takes it off. Weights are
// integers of at least 1 (Abeyrathna et al., arXiv 2002.01245, after the real ones of Phoulady et
// al., arXiv 1911.12607). Not thread-safe.
class TsetlinMachine {
 public:
  // All automata begin in the last state that excludes, all weights at 1.
  TsetlinMachine(size_t num_features, size_t num_classes, const TsetlinOptions& options);

  const TsetlinOptions& options() const { return options_; }
  size_t num_features() const { return num_features_; }
  size_t num_classes() const { return num_classes_; }
  size_t num_banks() const { return num_classes_ == 2 ? 1 : num_classes_; }
  size_t clauses_in_bank() const { return static_cast<size_t>(options_.clauses); }
  size_t num_clauses() const { return weights_.size(); }
  size_t bank_of(size_t clause) const { return clause / clauses_in_bank(); }
  bool votes_for(size_t clause) const { return clause % 2 == 0; }
  int32_t weight(size_t clause) const { return weights_[clause]; }
  void set_weight(size_t clause, int32_t weight) { weights_[clause] = weight; }
  int64_t signed_weight(size_t clause) const { return votes_for(clause) ? weights_[clause] : -weights_[clause]; }
  // A locked clause is not trained.
  bool locked(size_t clause) const { return locked_[clause] != 0; }
  void set_locked(size_t clause, bool locked) { locked_[clause] = locked ? 1 : 0; }
  AutomataTeam team(size_t clause) { return AutomataTeam(std::span(planes_).subspan(clause * team_words_, team_words_)); }
  const std::vector<uint64_t>& planes() const { return planes_; }  // of all teams
  void set_planes(std::vector<uint64_t> planes);                   // of the same size

  bool Includes(size_t clause, uint32_t literal) const {
    return (planes_[clause * team_words_ + literal / kWordBits * kStateBits + kStateBits - 1] >> literal % kWordBits & 1) != 0;
  }
  // Literals that the clause includes, in rising order.
  std::vector<uint32_t> Included(size_t clause) const;
  // Back to the beginning: no literal, weight 1, not locked.
  void Reset(size_t clause);
  // Makes the clause include these literals alone, as firmly as automata can.
  void SetLiterals(size_t clause, std::span<const uint32_t> literals);
  // Excludes the least firmly included literals (the last of equals first) until no more than max_literals are left.
  void Trim(size_t clause);

 private:
  size_t num_features_, num_classes_;
  TsetlinOptions options_;
  size_t team_words_;
  std::vector<uint64_t> planes_;
  std::vector<int32_t> weights_;
  std::vector<uint8_t> locked_;
};

}  // namespace temper
