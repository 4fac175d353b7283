#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reward/tsetlin/machine.h"

namespace temper {

// A rule that no clause may become: no clause of the bank that votes so may include all of the literals.
struct TsetlinVeto {
  size_t bank = 0;
  bool votes_for = true;
  std::vector<uint32_t> literals;  // at least one, rising
};

// Whether the clause is what the veto forbids.
bool Fulfils(const TsetlinMachine& machine, size_t clause, const TsetlinVeto& veto);

// Trains a machine on examples with the feedback of arXiv 1804.01508 (algorithms 1 and 2). An
// example of a bank's class gives Type I feedback to the clauses that vote for it and Type II to
// those that vote against it. The probability is (T - v) / 2T, where v is the sum of the bank's
// votes, cut to [-T, T]. An example of another class does it the other way round, with (T + v) /
// 2T. With more than two classes an example is given to the bank of its class and to one other,
// drawn at random. A clause that includes more than max_literals gets Type I feedback as if it did
// not match, and so loses some (Abeyrathna et al., arXiv 2301.08190). One that still does at the
// end of an epoch is trimmed. In Type I feedback a clause that matches gains 1 of weight, in Type
// II it loses 1.
//
// Every random number is keyed by (seed, epoch, example, clause), and clauses are dealt to threads.
// So the machine is the same to the bit for any number of threads. Epochs are the unit of work:
// Epoch(n) owns its threads and joins them. An epoch neither blocks on anything else nor throws.
class TsetlinTrainer {
 public:
  // Borrows machine, rows and labels (a class for each row). `num_threads` >= 1.
  TsetlinTrainer(TsetlinMachine* machine, const LiteralTable* rows, std::span<const int32_t> labels, std::vector<TsetlinVeto> vetoes,
                 int num_threads);

  // `epoch` counts from 0; the same number draws the same numbers.
  void Epoch(int64_t epoch);

  // Makes what may not be so: clauses that are not locked lose the least firmly included literal of a veto that they fulfil.
  void EnforceVetoes();

 private:
  TsetlinMachine* machine_;
  const LiteralTable* rows_;
  std::span<const int32_t> labels_;
  std::vector<TsetlinVeto> vetoes_;
  int num_threads_;
};

}  // namespace temper
