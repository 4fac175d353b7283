#include "reward/tsetlin/machine.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "cluster/base/error.h"

namespace temper {

LiteralTable::LiteralTable(size_t num_features) : num_features_(num_features), valid_(NumWords(num_features)) {
  const size_t half = WordsFor(num_features);
  for (size_t feature = 0; feature < num_features; ++feature) valid_[feature / kWordBits] |= uint64_t{1} << feature % kWordBits;
  for (size_t word = 0; word < half; ++word) valid_[half + word] = valid_[word];
}

void LiteralTable::Add(std::span<const uint64_t> features) {
  const size_t half = WordsFor(num_features_);
  words_.insert(words_.end(), features.begin(), features.end());
  for (size_t word = 0; word < half; ++word) words_.push_back(~features[word] & valid_[word]);
}

TsetlinMachine::TsetlinMachine(size_t num_features, size_t num_classes, const TsetlinOptions& options)
    : num_features_(num_features),
      num_classes_(num_classes),
      options_(options),
      team_words_(AutomataTeam::PlaneWords(LiteralTable::NumWords(num_features))) {
  TEMPER_CHECK(num_classes >= 2, "a Tsetlin machine of ", num_classes, " classes");
  TEMPER_CHECK(options.clauses > 0 && options.clauses % 2 == 0, "a bank of ", options.clauses, " clauses; it needs an even number");
  const size_t num_clauses = num_banks() * clauses_in_bank();
  weights_.assign(num_clauses, 1);
  locked_.assign(num_clauses, 0);
  planes_.resize(num_clauses * team_words_);
  for (size_t clause = 0; clause < num_clauses; ++clause) Reset(clause);
}

void TsetlinMachine::set_planes(std::vector<uint64_t> planes) {
  TEMPER_CHECK(planes.size() == planes_.size(), planes.size(), " words of states where there are ", planes_.size());
  planes_ = std::move(planes);
}

std::vector<uint32_t> TsetlinMachine::Included(size_t clause) const {
  std::vector<uint32_t> literals;
  const uint64_t* planes = &planes_[clause * team_words_];
  for (size_t word = 0; word * kStateBits < team_words_; ++word) {
    for (uint64_t left = planes[word * kStateBits + kStateBits - 1]; left != 0; left &= left - 1)
      literals.push_back(static_cast<uint32_t>(word * kWordBits) + static_cast<uint32_t>(std::countr_zero(left)));
  }
  return literals;
}

void TsetlinMachine::Reset(size_t clause) {
  weights_[clause] = 1;
  locked_[clause] = 0;
  uint64_t* planes = &planes_[clause * team_words_];
  for (size_t i = 0; i < team_words_; ++i) planes[i] = i % kStateBits == kStateBits - 1 ? 0 : ~uint64_t{0};
}

void TsetlinMachine::SetLiterals(size_t clause, std::span<const uint32_t> literals) {
  uint64_t* planes = &planes_[clause * team_words_];
  std::fill(planes, planes + team_words_, 0);
  for (const uint32_t literal : literals) team(clause).SetState(literal, kMaxState);
}

void TsetlinMachine::Trim(size_t clause) {
  std::vector<uint32_t> literals = Included(clause);
  const auto limit = static_cast<size_t>(options_.max_literals);
  if (literals.size() <= limit) return;
  AutomataTeam states = team(clause);
  std::stable_sort(literals.begin(), literals.end(), [&](uint32_t a, uint32_t b) { return states.StateOf(a) > states.StateOf(b); });
  for (size_t i = limit; i < literals.size(); ++i) states.SetState(literals[i], kFirstIncluded - 1);
}

}  // namespace temper
