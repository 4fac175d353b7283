#include "reward/tsetlin/classifier.h"

#include <algorithm>

namespace temper {

TsetlinTextClassifier::TsetlinTextClassifier(const TsetlinModel& model)
    : labels_(model.labels),
      binariser_(model.binariser),
      threshold_(model.machine.options().threshold),
      num_banks_(model.machine.num_banks()) {
  const TsetlinMachine& machine = model.machine;
  const auto first_negated = static_cast<uint32_t>(LiteralTable::Negated(0, machine.num_features()));
  for (size_t clause = 0; clause < machine.num_clauses(); ++clause) {
    Clause read{.first = static_cast<uint32_t>(literals_.size()),
                .bank = static_cast<uint32_t>(machine.bank_of(clause)),
                .vote = machine.signed_weight(clause)};
    for (const uint32_t literal : machine.Included(clause))
      literals_.push_back(literal < first_negated ? 2 * literal : 2 * (literal - first_negated) + 1);
    read.last = static_cast<uint32_t>(literals_.size());
    if (read.last > read.first) clauses_.push_back(read);
  }
}

TsetlinVerdict TsetlinTextClassifier::Classify(std::string_view text) const {
  std::vector<uint64_t> features(binariser_.num_words());
  binariser_.Read(text, features);
  TsetlinVerdict verdict;
  verdict.votes.assign(num_banks_, 0);
  for (const Clause& clause : clauses_) {
    const bool match = std::all_of(literals_.begin() + clause.first, literals_.begin() + clause.last, [&](uint32_t literal) {
      const uint32_t feature = literal / 2;
      return (features[feature / kWordBits] >> feature % kWordBits & 1) != literal % 2;
    });
    if (match) verdict.votes[clause.bank] += clause.vote;
  }
  const auto share = [&](int64_t votes) {
    return static_cast<double>(threshold_ + std::clamp(votes, -threshold_, threshold_)) / static_cast<double>(2 * threshold_);
  };
  if (num_banks_ == 1) {
    verdict.label = verdict.votes[0] >= 0 ? 1 : 0;
    verdict.shares = {1 - share(verdict.votes[0]), share(verdict.votes[0])};
    return verdict;
  }
  verdict.label = static_cast<size_t>(std::max_element(verdict.votes.begin(), verdict.votes.end()) - verdict.votes.begin());
  double sum = 0;
  for (const int64_t votes : verdict.votes) sum += share(votes);
  for (const int64_t votes : verdict.votes) verdict.shares.push_back(sum > 0 ? share(votes) / sum : 1 / static_cast<double>(num_banks_));
  return verdict;
}

}  // namespace temper
