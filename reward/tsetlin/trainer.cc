#include "reward/tsetlin/trainer.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <cmath>
#include <numeric>
#include <thread>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

// 64 draws at once, each 1 with the probability p: bits of p are compared with random ones from the highest down until all have parted.
class KeyedErasure : public ErasureDraws {
 public:
  KeyedErasure(KeyedStream* stream, double p) : stream_(stream), fraction_(static_cast<uint64_t>(std::ldexp(p, 64))) {}

  uint64_t Word() override {
    uint64_t ones = 0, equal = ~uint64_t{0};
    for (uint64_t left = fraction_; left != 0 && equal != 0; left <<= 1) {
      const uint64_t random = stream_->Next();
      if (left >> 63 != 0) {
        ones |= equal & ~random;
        equal &= random;
      } else {
        equal &= ~random;
      }
    }
    return ones;
  }

 private:
  KeyedStream* stream_;
  uint64_t fraction_;  // p * 2^64
};

void EnforceVetoesOn(const std::vector<TsetlinVeto>& vetoes, TsetlinMachine* machine, size_t clause) {
  for (const TsetlinVeto& veto : vetoes) {
    if (!Fulfils(*machine, clause, veto)) continue;
    AutomataTeam team = machine->team(clause);
    const auto weakest = std::min_element(veto.literals.begin(), veto.literals.end(),
                                          [&](uint32_t a, uint32_t b) { return team.StateOf(a) < team.StateOf(b); });
    team.SetState(*weakest, kFirstIncluded - 1);
  }
}

// One epoch, run by all threads side by side. A thread owns a range of the clauses of each bank. At each example it adds up the votes of
// its own, waits for the others', and gives its own clauses their feedback. Since it needs nobody else's clauses, it may be ahead of the
// others by one example, so that the sums of two examples are kept.
class EpochRun {
 public:
  EpochRun(TsetlinMachine* machine, const LiteralTable* rows, std::span<const int32_t> labels, const std::vector<TsetlinVeto>* vetoes,
           int num_threads, int64_t epoch)
      : machine_(machine),
        rows_(rows),
        labels_(labels),
        vetoes_(vetoes),
        num_threads_(static_cast<size_t>(num_threads)),
        epoch_(static_cast<uint64_t>(epoch)),
        order_(rows->size()),
        barrier_(num_threads),
        partial_votes_(2 * num_threads_) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    KeyedStream(machine->options().seed, "tsetlin order", epoch_).Shuffle(order_);
  }

  void RunThread(size_t thread) {
    std::vector<uint8_t> matches(2 * machine_->clauses_in_bank());
    for (size_t i = 0; i < order_.size(); ++i) {
      const size_t row = order_[i];
      const std::array<Update, 2> updates = UpdatesOf(row);
      const size_t slot = i % 2 * num_threads_;
      for (size_t u = 0; u < num_updates(); ++u) partial_votes_[slot + thread][u] = MatchAndVote(thread, updates[u], row, &matches, u);
      barrier_.arrive_and_wait();
      for (size_t u = 0; u < num_updates(); ++u) {
        int64_t votes = 0;
        for (size_t other = 0; other < num_threads_; ++other) votes += partial_votes_[slot + other][u];
        GiveFeedback(thread, updates[u], row, votes, &matches, u);
      }
    }
  }

 private:
  struct Update {  // of a bank by an example
    size_t bank = 0;
    bool target = false;  // the example is of the bank's class
  };

  size_t num_updates() const { return machine_->num_banks() == 1 ? 1 : 2; }
  uint64_t ExampleIndex(size_t row) const { return epoch_ * rows_->size() + row; }

  std::array<Update, 2> UpdatesOf(size_t row) const {
    const auto label = static_cast<size_t>(labels_[row]);
    if (machine_->num_banks() == 1) return {Update{0, label == 1}, Update{}};
    const size_t other = KeyedStream(machine_->options().seed, "tsetlin other class", ExampleIndex(row)).Below(machine_->num_banks() - 1);
    return {Update{label, true}, Update{other < label ? other : other + 1, false}};
  }

  // The clauses [first, last) of a bank that the thread owns.
  std::pair<size_t, size_t> OwnClauses(size_t thread, size_t bank) const {
    const size_t all = machine_->clauses_in_bank();
    return {bank * all + all * thread / num_threads_, bank * all + all * (thread + 1) / num_threads_};
  }

  int64_t MatchAndVote(size_t thread, const Update& update, size_t row, std::vector<uint8_t>* matches, size_t u) const {
    int64_t votes = 0;
    const auto [first, last] = OwnClauses(thread, update.bank);
    for (size_t clause = first; clause < last; ++clause) {
      const bool match = machine_->team(clause).Matches(rows_->row(row));
      (*matches)[u * machine_->clauses_in_bank() + clause % machine_->clauses_in_bank()] = match ? 1 : 0;
      if (match) votes += machine_->signed_weight(clause);
    }
    return votes;
  }

  void GiveFeedback(size_t thread, const Update& update, size_t row, int64_t votes, const std::vector<uint8_t>* matches, size_t u) const {
    const int64_t limit = machine_->options().threshold;
    const int64_t sum = std::clamp(votes, -limit, limit);
    const double probability = static_cast<double>(update.target ? limit - sum : limit + sum) / static_cast<double>(2 * limit);
    const auto [first, last] = OwnClauses(thread, update.bank);
    for (size_t clause = first; clause < last; ++clause) {
      if (machine_->locked(clause)) continue;
      const bool match = (*matches)[u * machine_->clauses_in_bank() + clause % machine_->clauses_in_bank()] != 0;
      KeyedStream stream(machine_->options().seed, "tsetlin feedback", ExampleIndex(row) * machine_->num_clauses() + clause);
      if (stream.Uniform() >= probability) continue;
      if (machine_->votes_for(clause) == update.target) {
        Strengthen(clause, row, match, &stream);
      } else if (match) {
        TypeIIFeedback(machine_->team(clause), rows_->row(row), rows_->valid());
        if (machine_->options().weighted && machine_->weight(clause) > 1) machine_->set_weight(clause, machine_->weight(clause) - 1);
      }
      EnforceVetoesOn(*vetoes_, machine_, clause);
    }
  }

  void Strengthen(size_t clause, size_t row, bool match, KeyedStream* stream) const {
    const TsetlinOptions& options = machine_->options();
    AutomataTeam team = machine_->team(clause);
    if (match && options.weighted) machine_->set_weight(clause, machine_->weight(clause) + 1);
    KeyedErasure erasure(stream, 1 / options.specificity);
    TypeIFeedback(team, match && team.NumIncluded() <= options.max_literals, rows_->row(row), options.boost, &erasure);
  }

  TsetlinMachine* machine_;
  const LiteralTable* rows_;
  std::span<const int32_t> labels_;
  const std::vector<TsetlinVeto>* vetoes_;
  size_t num_threads_;
  uint64_t epoch_;
  std::vector<size_t> order_;
  std::barrier<> barrier_;
  std::vector<std::array<int64_t, 2>> partial_votes_;  // [parity of the example * threads + thread][update]
};

}  // namespace

bool Fulfils(const TsetlinMachine& machine, size_t clause, const TsetlinVeto& veto) {
  if (veto.bank != machine.bank_of(clause) || veto.votes_for != machine.votes_for(clause)) return false;
  return std::all_of(veto.literals.begin(), veto.literals.end(), [&](uint32_t literal) { return machine.Includes(clause, literal); });
}

TsetlinTrainer::TsetlinTrainer(TsetlinMachine* machine, const LiteralTable* rows, std::span<const int32_t> labels,
                               std::vector<TsetlinVeto> vetoes, int num_threads)
    : machine_(machine), rows_(rows), labels_(labels), vetoes_(std::move(vetoes)), num_threads_(num_threads) {
  TEMPER_CHECK(rows->size() == labels.size(), rows->size(), " examples with ", labels.size(), " labels");
  TEMPER_CHECK(rows->num_features() == machine->num_features(), "examples of ", rows->num_features(), " features for a machine of ",
               machine->num_features());
  for (const int32_t label : labels)
    TEMPER_CHECK(label >= 0 && static_cast<size_t>(label) < machine->num_classes(), "there is no class ", label);
}

void TsetlinTrainer::Epoch(int64_t epoch) {
  EpochRun run(machine_, rows_, labels_, &vetoes_, num_threads_, epoch);
  {
    std::vector<std::jthread> threads;
    for (int thread = 1; thread < num_threads_; ++thread)
      threads.emplace_back([&run, thread] { run.RunThread(static_cast<size_t>(thread)); });
    run.RunThread(0);
  }
  for (size_t clause = 0; clause < machine_->num_clauses(); ++clause)
    if (!machine_->locked(clause)) machine_->Trim(clause);
}

void TsetlinTrainer::EnforceVetoes() {
  for (size_t clause = 0; clause < machine_->num_clauses(); ++clause)
    if (!machine_->locked(clause)) EnforceVetoesOn(vetoes_, machine_, clause);
}

}  // namespace temper
