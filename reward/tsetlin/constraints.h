#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reward/tsetlin/model.h"
#include "reward/tsetlin/trainer.h"

namespace temper {

// What a person says of rules, one a line; blank lines and lines that begin with # are left out:
//   lock RULE          the rule stays as it is, votes included, and training goes on around it
//   lock WEIGHT RULE   the same with that many votes, which a rule that the model does not have yet needs
//   veto RULE          no clause with this conclusion may include all of the rule's literals
// RULE is a rule's text or hash, as `temper tsetlin rules` prints them.
struct TsetlinConstraint {
  bool lock = true;        // false: veto
  int32_t weight = 0;      // of a lock; 0 = as it is
  std::string hash = {};   // of the rule; "" where the text is given
  TsetlinRule rule = {};   // where the text is given
  std::string place = {};  // file:line
};

// Throws ConfigError with file:line. `path` is for messages.
std::vector<TsetlinConstraint> ParseConstraints(std::string_view text, const std::string& path);

// Puts the rules of `start` that are named by their hash in the place of the hash. Throws ConfigError for one that it does not have;
// without a start any hash is one.
void ResolveHashes(const TsetlinModel* start, std::vector<TsetlinConstraint>* constraints);

// The terms of rules that are given by their text: a vocabulary needs them for the constraints to mean something.
std::vector<std::string> TermsOfConstraints(const std::vector<TsetlinConstraint>& constraints);

// Unlocks all clauses of the model, then locks those that the constraints name, and puts their
// vetoes into model->vetoes. A rule that the model does not have takes the place of the clause with
// the least weight. Throws ConfigError for a label or a term that the model does not know, for a
// rule without clauses left and for one that is locked against a veto.
void ApplyConstraints(const std::vector<TsetlinConstraint>& constraints, TsetlinModel* model);

// model->vetoes as the trainer takes them. Rules with a term that the model does not have are left out: no clause can become them.
std::vector<TsetlinVeto> VetoesOf(const TsetlinModel& model);

}  // namespace temper
