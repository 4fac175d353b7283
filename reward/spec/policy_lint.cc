#include "reward/spec/policy_lint.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cluster/base/error.h"
#include "reward/spec/policy_spec.h"
#include "reward/spec/proposition_logic.h"
#include "reward/spec/regex_sample.h"

namespace temper {
namespace {

constexpr int kTries = 12;

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

class Linter {
 public:
  Linter(const PolicySpec& spec, const ResolvedConfig& places, std::string file)
      : spec_(spec), places_(places), file_(std::move(file)), logic_(spec) {
    contexts_.emplace_back();
    for (const auto& [id, context] : spec.contexts) contexts_.push_back(id);
  }

  std::vector<PolicyFinding> Lint() {
    for (const auto& [id, category] : spec_.categories) CheckClauses("categories." + id + ".clauses", category.clauses, true);
    CheckClauses("common_clauses", spec_.common_clauses, false);
    CheckModes();
    CheckScores();
    for (const auto& [id, category] : spec_.categories) CheckDetail("categories." + id + ".clauses", category.clauses);
    for (const auto& [id, context] : spec_.contexts) CheckContext("contexts." + id, id, context);
    CheckUse();
    CheckTwins();
    for (const auto& [id, rule] : spec_.propositions) CheckPatterns("propositions." + id, rule);
    return std::move(findings_);
  }

 private:
  void Add(const std::string& key, const std::string& what) {
    std::string place = file_;
    for (const ResolvedValue& value : places_.values) {
      const bool inside = value.key.starts_with(key) && (value.key.size() == key.size() || value.key[key.size()] == '.');
      if (value.source == "default" || !inside) continue;
      place = value.source;
      break;
    }
    findings_.push_back({place, key, what});
  }

  // Whether `other` is violated wherever `clause` is.
  bool Covers(const PolicyClause& other, const PolicyClause& clause) const {
    if (clause.when.empty() || other.when.empty())
      return clause.when == other.when && clause.facet == other.facet && clause.level == other.level;
    return logic_.Implies(clause.when, other.when);
  }

  // Whether in every context `other` counts where both are violated: it is worse, or as bad and stands first.
  bool CountsBefore(const PolicyClause& other, const PolicyClause& clause, bool stands_first) const {
    return std::all_of(contexts_.begin(), contexts_.end(), [&](const std::string& context) {
      const Severity a = SeverityIn(spec_, context, other), b = SeverityIn(spec_, context, clause);
      return a > b || (a == b && stands_first);
    });
  }

  // `list`: the key of the clauses.
  void CheckClauses(const std::string& list, const std::deque<PolicyClause>& clauses, bool before_common) {
    std::vector<const PolicyClause*> all;
    for (const PolicyClause& clause : clauses) all.push_back(&clause);
    if (before_common)
      for (const PolicyClause& clause : spec_.common_clauses) all.push_back(&clause);
    for (size_t i = 0; i < clauses.size(); ++i) {
      const PolicyClause& clause = clauses[i];
      const std::string key = Concat(list, ".", i);
      const std::string name = Concat("clause ", clause.id, " is never reached: ");
      if (!clause.when.empty() && logic_.Never(clause.when)) Add(key, Concat(name, "its proposition ", clause.when, " cannot hold"));
      const bool harmless = std::all_of(contexts_.begin(), contexts_.end(),
                                        [&](const std::string& context) { return SeverityIn(spec_, context, clause) == Severity::kNone; });
      if (harmless) Add(key, name + "its severity is none");
      for (size_t j = 0; j < all.size() && !harmless; ++j) {
        if (j == i || !Covers(*all[j], clause) || !CountsBefore(*all[j], clause, j < i)) continue;
        Add(key, Concat(name, "whenever it is violated, so is ", all[j]->id, ", which is as bad or worse"));
        break;
      }
    }
  }

  void CheckModes() {
    const auto& modes = spec_.lexical.modes;
    for (size_t i = 0; i < modes.size(); ++i) {
      const std::string name = Concat("the rule of mode ", modes[i].mode_name, " (", modes[i].when, ") is never reached: ");
      const std::string key = Concat("lexical.modes.", i);
      if (logic_.Never(modes[i].when)) Add(key, Concat(name, "its proposition cannot hold"));
      for (size_t j = 0; j < i; ++j) {
        if (!logic_.Implies(modes[i].when, modes[j].when)) continue;
        Add(key, Concat(name, "the rule before it (", modes[j].when, ") holds wherever it does"));
        break;
      }
    }
  }

  void CheckScores() {
    for (size_t i = 1; i < spec_.severity_scores.size(); ++i) {
      if (spec_.severity_scores[i] != spec_.severity_scores[i - 1]) continue;
      Add("severity_scores", Concat(NameOf(static_cast<Severity>(i)), " scores as ", NameOf(static_cast<Severity>(i - 1)), " does (",
                                    spec_.severity_scores[i], "): the two are one for every reward"));
    }
  }

  void CheckDetail(const std::string& key, const std::deque<PolicyClause>& clauses) {
    for (const PolicyClause& more : clauses)
      for (const PolicyClause& less : clauses) {
        if (more.facet.empty() || more.facet != less.facet || LevelOf(more) >= LevelOf(less) || more.severity >= less.severity) continue;
        Add(key, Concat("clause ", more.id, " (", NameOf(more.severity), ") counts for less than ", less.id, " (", NameOf(less.severity),
                        "), which is about less detail of ", more.facet));
      }
  }
  // 0 = the most detailed one of its facet.
  size_t LevelOf(const PolicyClause& clause) const {
    const auto& levels = spec_.facts.facets.at(clause.facet).levels;
    return static_cast<size_t>(
        std::find_if(levels.begin(), levels.end(), [&](const FactLevel& level) { return level.id == clause.level; }) - levels.begin());
  }

  void CheckContext(const std::string& key, const std::string& id, const PolicyContext& context) {
    for (const ContextShift& shift : context.clauses) {
      if (shift.severity_name.empty()) continue;
      bool changes = false;
      const auto look = [&](const std::deque<PolicyClause>& clauses) {
        for (const PolicyClause& clause : clauses)
          if (clause.id == shift.clause && SeverityIn(spec_, id, clause) != clause.severity) changes = true;
      };
      look(spec_.common_clauses);
      for (const auto& [category, detail] : spec_.categories) look(detail.clauses);
      if (!changes) Add(key, Concat("clause ", shift.clause, " is ", shift.severity_name, " without the context already"));
    }
  }

  void CheckUse() {
    const std::set<std::string> used = logic_.Used();
    for (const auto& [id, rule] : spec_.propositions)
      if (!used.contains(id)) Add("propositions." + id, "nothing uses it: no clause, mode, score or other proposition that counts");
  }

  // What a rule says, without its meaning.
  static std::string TextOf(const PropositionRule& rule) {
    std::string text = Concat(rule.in, "|", rule.case_sensitive, "|", rule.min_count, "|", rule.within_bytes, "|", rule.measure, "|",
                              rule.at_least, "|", rule.at_most);
    for (const auto* list : {&rule.phrases, &rule.regexes, &rule.requested, &rule.disclosed, &rule.all, &rule.any, &rule.none}) {
      std::vector<std::string> sorted = *list;
      std::sort(sorted.begin(), sorted.end());
      text += "\n#";
      for (const std::string& each : sorted) text += "\n" + each;
    }
    return text;
  }

  void CheckTwins() {
    std::map<std::string, std::string> rules, categories;  // text -> id of the first
    for (const auto& [id, rule] : spec_.propositions) {
      const auto [first, is_new] = rules.emplace(TextOf(rule), id);
      if (!is_new) Add("propositions." + id, Concat("has the same rule as ", first->second));
      if (rule.none.empty() && rule.all.size() + rule.any.size() == 1)
        Add("propositions." + id, Concat("is the same as ", rule.all.empty() ? rule.any[0] : rule.all[0], ", its only part"));
    }
    for (const auto& [id, category] : spec_.categories) {
      std::string text;
      for (const PolicyClause& clause : category.clauses)
        text += Concat(clause.when, "|", clause.facet, "|", clause.level, "|", NameOf(clause.severity), "\n");
      if (spec_.facts.present)  // they decide which reasons are right
        for (const std::string& reason : category.reasons) text += "reason " + reason + "\n";
      const auto [first, is_new] = categories.emplace(text, id);
      if (!is_new) Add("categories." + id, Concat("grades every answer as ", first->second, " does"));
    }
  }

  void CheckPatterns(const std::string& key, const PropositionRule& rule) {
    for (const std::string& regex : rule.regexes) {
      if (MatchesEverything(regex, rule.case_sensitive)) Add(key, Concat("regex '", regex, "' matches everything"));
      if (MatchesNoSample(regex, rule.case_sensitive, kTries))
        Add(key, Concat("regex '", regex, "' matches no text that is made of its own parts"));
    }
    std::set<std::string> seen;
    for (const std::string& phrase : rule.phrases)
      if (!seen.insert(rule.case_sensitive ? phrase : Lower(phrase)).second) Add(key, Concat("phrase '", phrase, "' is given twice"));
  }

  const PolicySpec& spec_;
  const ResolvedConfig& places_;
  const std::string file_;
  const PropositionLogic logic_;
  std::vector<std::string> contexts_;  // "" and the spec's
  std::vector<PolicyFinding> findings_;
};

}  // namespace

std::vector<PolicyFinding> LintPolicySpec(const PolicySpec& spec, const ResolvedConfig& places, const std::string& file) {
  return Linter(spec, places, file).Lint();
}

}  // namespace temper
