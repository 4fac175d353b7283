#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "reward/spec/policy_rules.h"

namespace temper {

// What can be said of propositions by their rules alone, without a text. Whatever it says is so; where it says nothing, it may be so or
// not.
class PropositionLogic {
 public:
  explicit PropositionLogic(const PolicySpec& spec);

  bool Never(const std::string& id) const { return never_.contains(id); }
  bool Always(const std::string& id) const { return always_.contains(id); }
  // Whether `whole` holds wherever `part` does.
  bool Implies(const std::string& part, const std::string& whole) const;
  // Those that decide a clause, a mode, a score or a flag of the grade, or a part of such a one.
  std::set<std::string> Used() const;

 private:
  void Judge(const std::string& id);
  bool JudgedImplies(const std::string& part, const std::string& whole) const;

  const PolicySpec& spec_;
  std::set<std::string> never_, always_;
  mutable std::map<std::pair<std::string, std::string>, bool> implied_;
};

}  // namespace temper
