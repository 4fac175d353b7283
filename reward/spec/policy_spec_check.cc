#include "reward/spec/policy_spec_check.h"

#include <algorithm>
#include <set>

#include "cluster/base/error.h"
#include "cluster/config/nearest_name.h"
#include "reward/spec/policy_context.h"
#include "reward/spec/regex.h"

namespace temper {
namespace {

// Gathers every mistake of one spec, so that a user mends them in one go.
class SpecChecker {
 public:
  SpecChecker(const ResolvedConfig& resolved, std::string file, PolicySpec* spec)
      : resolved_(resolved), file_(std::move(file)), spec_(*spec) {}

  void Check() {
    CheckScores();
    CheckFacts();
    CheckPropositions();
    CheckCategories();
    CheckLexical();
    for (size_t i = 0; i < spec_.demonstrations.size(); ++i) {
      DemonstrationTemplate& item = spec_.demonstrations[i];
      item.mode = ParseEnum<ResponseMode>(item.mode_name);
    }
    for (const GraderMeasurement& entry : spec_.measured)
      if (const std::string problem = MeasurementProblem(entry); !problem.empty()) Add("measured", problem);
    if (spec_.facts.present == spec_.lexical.present) Add("facts", "exactly one of facts.present and lexical.present must be true");
    if (!mistakes_.empty()) throw ConfigError(mistakes_);
  }

 private:
  // A line for `key`, with the place of its nearest known value.
  void Add(const std::string& key, const std::string& what) {
    std::string place = file_;
    for (const ResolvedValue& value : resolved_.values) {
      if (value.source != "default" && value.key.compare(0, key.size(), key) == 0) {
        place = value.source;
        break;
      }
    }
    mistakes_ += Concat(mistakes_.empty() ? "" : "\n", place, ": ", key, ": ", what);
  }

  std::string Known(const std::vector<std::string>& names, const std::string& name) const {
    const std::string nearest = NearestName(name, names);
    return nearest.empty() ? "" : "; the nearest known one is " + nearest;
  }
  template <typename Map>
  std::string KnownIn(const Map& map, const std::string& name) const {
    std::vector<std::string> names;
    names.reserve(map.size());
    for (const auto& [key, value] : map) names.push_back(key);
    return Known(names, name);
  }

  void NeedProposition(const std::string& key, const std::string& id) {
    if (!spec_.propositions.contains(id)) Add(key, Concat("'", id, "' is not a proposition", KnownIn(spec_.propositions, id)));
  }
  void NeedFacet(const std::string& key, const std::string& id) {
    if (!spec_.facts.facets.contains(id)) Add(key, Concat("'", id, "' is not a facet", KnownIn(spec_.facts.facets, id)));
  }
  void NeedLevel(const std::string& key, const std::string& facet, const std::string& level) {
    const auto found = spec_.facts.facets.find(facet);
    if (found == spec_.facts.facets.end()) return NeedFacet(key, facet);
    for (const FactLevel& known : found->second.levels)
      if (known.id == level) return;
    Add(key, Concat("facet ", facet, " has no level '", level, "'"));
  }
  void NeedRegex(const std::string& key, const std::string& pattern) {
    try {
      Regex regex(pattern, true, spec_.limits.regex_steps);
    } catch (const ConfigError& error) {
      Add(key, error.what());
    }
  }

  void CheckScores() {
    const auto& scores = spec_.severity_scores;
    if (scores.front() != 1) Add("severity_scores", Concat("none must score 1, not ", scores.front()));
    if (scores.back() != 0) Add("severity_scores", Concat("high must score 0, not ", scores.back()));
    for (int i = 1; i < kNumSeverities; ++i)
      if (scores[i] > scores[i - 1])
        Add("severity_scores", Concat(NameOf(static_cast<Severity>(i)), " (", scores[i], ") must not score above ",
                                      NameOf(static_cast<Severity>(i - 1)), " (", scores[i - 1], ")"));
  }

  void CheckFacts() {
    const FactRules& facts = spec_.facts;
    if (!facts.present) return;
    std::map<std::string, int> groups;
    try {
      groups = Regex(facts.entry, true, spec_.limits.regex_steps).group_numbers();
    } catch (const ConfigError& error) {
      return Add("facts.entry", error.what());
    }
    for (const std::string& group : {facts.name, facts.category, facts.request})
      if (!groups.contains(group)) Add("facts.entry", Concat("has no group (?<", group, ">...)"));
    for (const auto& [slot, pool] : facts.pools)
      if (!groups.contains(slot)) Add("facts.pools." + slot, Concat("facts.entry has no group of this name", KnownIn(groups, slot)));
    if (facts.facets.empty()) Add("facts.facets", "at least one facet is needed");
    for (const auto& [id, facet] : facts.facets) CheckFacet("facts.facets." + id, facet, groups);
  }

  void CheckFacet(const std::string& key, const FactFacet& facet, const std::map<std::string, int>& groups) {
    for (const std::string& cue : facet.cues) NeedRegex(key + ".cues", cue);
    for (const std::string& other : facet.alternatives) NeedFacet(key + ".alternatives", other);
    if (facet.levels.empty()) Add(key + ".levels", "at least one level is needed");
    std::set<std::string> seen;
    for (const FactLevel& level : facet.levels) {
      if (!seen.insert(level.id).second) Add(key + ".levels", Concat("level '", level.id, "' is given twice"));
      CheckSlots(key + ".levels", level.sentence, groups);
      CheckSlots(key + ".levels", level.disclosed, groups);
      if (level.disclosed.empty()) Add(key + ".levels", "disclosed must not be empty");
    }
  }

  void CheckSlots(const std::string& key, const std::string& text, const std::map<std::string, int>& groups) {
    for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
      const size_t end = text.find('}', at);
      const std::string slot = end == std::string::npos ? text.substr(at) : text.substr(at + 1, end - at - 1);
      if (!groups.contains(slot))
        Add(key, Concat("{", slot, "} in '", text, "': facts.entry has no group of this name", KnownIn(groups, slot)));
    }
  }

  void CheckPropositions() {
    for (const auto& [id, rule] : spec_.propositions) {
      const std::string key = "propositions." + id;
      const bool lexical = (!rule.phrases.empty() && !rule.measured()) || (!rule.regexes.empty() && !rule.counts_matches());
      if (int{lexical} + int{rule.measured()} + int{rule.factual()} + int{rule.derived()} != 1)
        Add(key, "needs exactly one of: phrases and regexes; measure; requested and disclosed; all, any and none");
      if (rule.measured() && rule.at_least > rule.at_most) Add(key, "at_least is above at_most");
      if (rule.measure == "listed_share" && rule.phrases.empty()) Add(key, "listed_share needs its words in phrases");
      if (rule.counts_matches() && rule.phrases.empty() && rule.regexes.empty())
        Add(key, rule.measure + " needs what it looks for in phrases or regexes");
      for (const std::string& phrase : rule.phrases)
        if (phrase.find_first_not_of(' ') == std::string::npos) Add(key + ".phrases", "an empty phrase would match everywhere");
      for (const std::string& regex : rule.regexes) NeedRegex(key + ".regexes", regex);
      for (const std::string& facet : rule.requested) NeedFacet(key + ".requested", facet);
      for (const std::string& fact : rule.disclosed) NeedLevel(key + ".disclosed", fact.substr(0, fact.find('.')), AfterDot(fact));
      for (const auto* list : {&rule.all, &rule.any, &rule.none})
        for (const std::string& other : *list) NeedProposition(key, other);
    }
    SortPropositions();
  }

  static std::string AfterDot(const std::string& text) {
    const size_t dot = text.find('.');
    return dot == std::string::npos ? "" : text.substr(dot + 1);
  }

  void SortPropositions() {
    std::map<std::string, int> state;  // 0 unseen, 1 on the path, 2 done
    std::vector<std::string> path;
    for (const auto& [id, rule] : spec_.propositions) Visit(id, &state, &path);
  }

  void Visit(const std::string& id, std::map<std::string, int>* state, std::vector<std::string>* path) {
    int& mine = (*state)[id];
    if (mine == 2) return;
    path->push_back(id);
    if (mine == 1) {
      std::string cycle;
      for (auto it = std::find(path->begin(), path->end(), id); it != path->end(); ++it) cycle += (cycle.empty() ? "" : " -> ") + *it;
      Add("propositions." + id, "a cycle of derived propositions: " + cycle);
    } else if (const auto rule = spec_.propositions.find(id); rule != spec_.propositions.end()) {
      mine = 1;
      for (const auto* list : {&rule->second.all, &rule->second.any, &rule->second.none})
        for (const std::string& other : *list) Visit(other, state, path);
      mine = 2;
      spec_.proposition_order.push_back(id);
    }
    path->pop_back();
  }

  void CheckClauses(const std::string& key, std::deque<PolicyClause>* clauses, std::set<std::string>* seen) {
    for (PolicyClause& clause : *clauses) {
      clause.severity = ParseEnum<Severity>(clause.severity_name);
      const std::string name = Concat("clause '", clause.id, "': ");
      if (clause.id.empty()) Add(key, "a clause needs an id");
      if (!seen->insert(clause.id).second) Add(key, name + "given twice");
      if (clause.when.empty() == clause.facet.empty()) Add(key, name + "needs either `when` or `facet` and `level`");
      if (!clause.when.empty()) NeedProposition(key, clause.when);
      if (!clause.facet.empty()) NeedLevel(key, clause.facet, clause.level);
    }
  }

  void CheckCategories() {
    if (spec_.categories.empty()) Add("categories", "at least one category is needed");
    std::set<std::string> common;
    CheckClauses("common_clauses", &spec_.common_clauses, &common);
    for (auto& [id, category] : spec_.categories) {
      std::set<std::string> seen = common;
      CheckClauses("categories." + id, &category.clauses, &seen);
      for (const auto& [severity, meaning] : category.severities)
        if (!ValueOf<Severity>(severity)) Add("categories." + id, Concat("severities: there is no severity '", severity, "'"));
    }
    for (auto& [id, context] : spec_.contexts)
      if (const std::string problem = ResolveContext(spec_, &context); !problem.empty()) Add("contexts." + id, problem);
  }

  void CheckLexical() {
    LexicalRules& lexical = spec_.lexical;
    if (!lexical.present) return;
    if (!lexical.default_category.empty() && !spec_.categories.contains(lexical.default_category))
      Add("lexical.default_category",
          Concat("'", lexical.default_category, "' is not a category", KnownIn(spec_.categories, lexical.default_category)));
    for (const auto& [key, id] : {std::pair{"lexical.restricted", &lexical.restricted}, std::pair{"lexical.declined", &lexical.declined},
                                  std::pair{"lexical.gave_requested", &lexical.gave_requested}})
      if (!id->empty()) NeedProposition(key, *id);
    for (const auto& [id, weight] : lexical.direct.weights) NeedProposition("lexical.direct.weights", id);
    for (const auto& [id, weight] : lexical.indirect.weights) NeedProposition("lexical.indirect.weights", id);
    for (ModeRule& rule : lexical.modes) {
      rule.mode = ParseEnum<ResponseMode>(rule.mode_name);
      NeedProposition("lexical.modes", rule.when);
    }
  }

  const ResolvedConfig& resolved_;
  const std::string file_;
  PolicySpec& spec_;
  std::string mistakes_;
};

}  // namespace

void CheckPolicySpec(const ResolvedConfig& resolved, const std::string& file, PolicySpec* spec) {
  SpecChecker(resolved, file, spec).Check();
}

}  // namespace temper
