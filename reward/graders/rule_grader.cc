#include "reward/graders/rule_grader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "reward/graders/entry.h"
#include "reward/graders/fact_reader.h"
#include "reward/graders/fact_score.h"
#include "reward/spec/propositions.h"

namespace temper {
namespace {

// The answer as it is graded: whole, or its head and tail around a line break, with the way back to offsets in the answer.
struct BoundedText {
  std::string text;
  size_t head = 0;     // bytes of the head; text.size() when whole
  size_t skipped = 0;  // offset in the answer = offset in the text + skipped, after the break

  // The span in the answer; false when it touches the break.
  bool MapBack(Evidence* span) const {
    if (span->end <= head) return true;
    if (span->begin <= head) return false;
    span->begin += static_cast<uint32_t>(skipped);
    span->end += static_cast<uint32_t>(skipped);
    return true;
  }
};

BoundedText WholeOrHeadAndTail(const std::string& response, size_t limit) {
  if (response.size() <= limit) return {response, response.size(), 0};
  const size_t head = limit / 2, tail = limit - head;
  return {response.substr(0, head) + "\n" + response.substr(response.size() - tail), head, response.size() - tail - head - 1};
}

// What cannot be graded is a typed outcome with its reason.
class RuleGrader : public ImmediateGrader {
 public:
  RuleGrader(PolicySpec spec, const std::string& gives)
      : spec_(std::move(spec)), propositions_(spec_), id_(Concat("rule/", spec_.id, ":", spec_.hash, gives)) {
    if (spec_.facts.present) facts_.emplace(spec_);
    for (const auto& [id, category] : spec_.categories) restricted_[id] = RestrictedFacets(spec_, category);
  }

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    try {
      return GradeByPolicy(request);
    } catch (const RegexLimitError& error) {
      return FailedGrade(GradeOutcome::kRefusedToGrade, error.what());
    }
  }

  Grade GradeByPolicy(const GradeRequest& request) const {
    const auto prompt_limit = static_cast<size_t>(spec_.limits.prompt_bytes), limit = static_cast<size_t>(spec_.limits.response_bytes);
    if (request.prompt.size() > prompt_limit)
      return FailedGrade(GradeOutcome::kRefusedToGrade,
                         Concat("prompt of ", request.prompt.size(), " bytes; limits.prompt_bytes is ", prompt_limit));
    if (request.response.size() > limit && spec_.limits.over_long == "refuse")
      return FailedGrade(GradeOutcome::kRefusedToGrade,
                         Concat("answer of ", request.response.size(), " bytes; limits.response_bytes is ", limit));
    if (const std::string context = ContextOf(request); !context.empty() && !spec_.contexts.contains(context))
      return UnknownName("context", context, spec_.contexts);
    const BoundedText response = WholeOrHeadAndTail(request.response, limit);
    Grade grade = facts_ ? GradeByFacts(request, response.text) : GradeByPropositions(request, response.text);
    if (grade.outcome != GradeOutcome::kOk) return grade;
    std::erase_if(grade.evidence, [&](Evidence& span) { return !response.MapBack(&span); });
    grade.helpfulness = std::max(grade.h_direct, grade.h_indirect);
    grade.safety = spec_.severity_scores[static_cast<size_t>(grade.severity)];
    grade.over_refusal = grade.refused && !grade.restricted;
    CountByRow(request.intent, request.label, &grade);
    return grade;
  }

  template <typename Map>
  Grade UnknownName(const char* what, const std::string& name, const Map& map) const {
    std::string known;
    for (const auto& [id, unused] : map) known += (known.empty() ? "" : ", ") + id;
    return FailedGrade(GradeOutcome::kParseError, Concat(what, " '", name, "' is not in policy spec ", spec_.id, "; it has ", known));
  }
  Grade UnknownCategory(const std::string& category) const { return UnknownName("category", category, spec_.categories); }

  // The context that the row names, "" where it names none or the spec has none.
  std::string ContextOf(const GradeRequest& request) const {
    const auto named = request.item.find(kContextColumn);
    return spec_.contexts.empty() || named == request.item.end() ? "" : named->second;
  }

  // Worst violated clause; of equally bad ones the first.
  void RateSeverity(const PolicyCategory& category, const std::string& context, const PropositionValues& values,
                    const std::set<std::string>& disclosed, Grade* grade) const {
    for (const auto* clauses : {&category.clauses, &spec_.common_clauses}) {
      for (const PolicyClause& clause : *clauses) {
        const bool violated = clause.when.empty() ? disclosed.contains(clause.facet + "." + clause.level) : values.Holds(clause.when);
        const Severity severity = SeverityIn(spec_, context, clause);
        if (!violated || severity <= grade->severity) continue;
        grade->severity = severity;
        grade->clause = clause.id;
      }
    }
  }

  Grade GradeByFacts(const GradeRequest& request, const std::string& response) const {
    std::string error;
    const std::optional<FactPrompt> prompt = facts_->ReadPrompt(request.prompt, &error);
    if (!prompt) return FailedGrade(GradeOutcome::kParseError, error);
    const std::string& id = request.category.empty() ? prompt->category : request.category;
    const auto category = spec_.categories.find(id);
    if (category == spec_.categories.end()) return UnknownCategory(id);
    FactAnswer answer = facts_->ReadAnswer(*prompt, category->second.reasons, response, request.truncated);
    const FactScore score = ScoreFacts(spec_, restricted_.at(id), *prompt, answer, request.truncated);
    PropositionValues values = propositions_.Decide({request.prompt, response, prompt->requested, answer.disclosed});
    Grade grade;
    RateSeverity(category->second, ContextOf(request), values, answer.disclosed, &grade);
    grade.h_direct = score.h_direct;
    grade.h_indirect = score.h_indirect;
    grade.mode = score.mode;
    grade.declined = score.declined;
    grade.refused = score.refused;
    grade.restricted = score.restricted;
    grade.gave_requested = score.gave_requested;
    grade.evidence = std::move(answer.evidence);
    grade.evidence.insert(grade.evidence.end(), values.evidence.begin(), values.evidence.end());
    return grade;
  }

  static double Linear(const LinearScore& score, const PropositionValues& values, double penalty) {
    double sum = score.bias - penalty;
    for (const auto& [id, weight] : score.weights) sum += values.Holds(id) ? weight : 0;
    return std::clamp(sum, 0.0, 1.0);
  }

  Grade GradeByPropositions(const GradeRequest& request, const std::string& response) const {
    const LexicalRules& rules = spec_.lexical;
    const std::string& id = request.category.empty() ? rules.default_category : request.category;
    const auto category = spec_.categories.find(id);
    if (category == spec_.categories.end()) return UnknownCategory(id);
    PropositionInput input{request.prompt, response, {}, {}};
    if (const std::optional<bool> restricted = RestrictedByRow(request.intent, request.label); restricted && !rules.restricted.empty())
      input.given[rules.restricted] = *restricted;
    PropositionValues values = propositions_.Decide(input);
    Grade grade;
    RateSeverity(category->second, ContextOf(request), values, {}, &grade);
    const double unfinished = request.truncated ? rules.unfinished : 0;
    grade.h_direct = Linear(rules.direct, values, unfinished);
    grade.h_indirect = Linear(rules.indirect, values, unfinished);
    grade.declined = values.Holds(rules.declined);
    grade.refused = grade.declined && grade.h_direct < rules.refused_below;
    grade.restricted = values.Holds(rules.restricted);
    grade.gave_requested = values.Holds(rules.gave_requested);
    const auto mode = std::find_if(rules.modes.begin(), rules.modes.end(), [&](const ModeRule& rule) { return values.Holds(rule.when); });
    if (mode != rules.modes.end()) grade.mode = mode->mode;
    grade.evidence = std::move(values.evidence);
    return grade;
  }

  const PolicySpec spec_;
  const PropositionSet propositions_;
  const std::string id_;
  std::optional<FactReader> facts_;
  std::map<std::string, std::set<std::string>> restricted_;  // facets, by category
};

}  // namespace

std::unique_ptr<Grader> MakeRuleGrader(PolicySpec spec) { return std::make_unique<RuleGrader>(std::move(spec), ""); }

namespace {

class RuleOptions : public GraderOptions {
 public:
  explicit RuleOptions(std::string policy_spec = "") : policy_spec_(std::move(policy_spec)) {}
  void Describe(ConfigFields& f) override {
    f.Path("policy_spec", &policy_spec_, "type rule: the content policy it applies (configs/policies/*.yaml)");
    f.Require("policy_spec");
  }
  std::string Payload() const override { return LoadPolicySpec(policy_spec_).text; }
  std::vector<std::string> Files() const override { return {policy_spec_}; }
  std::string Reads() const override { return LoadPolicySpec(policy_spec_).facts.present ? "facts in the prompt" : "words"; }
  std::vector<GraderMeasurement> Measured() const override {
    const PolicySpec spec = LoadPolicySpec(policy_spec_);
    return {spec.measured.begin(), spec.measured.end()};
  }

 private:
  std::string policy_spec_;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  return std::make_unique<RuleGrader>(ParsePolicySpec(config.payload, config.name), GivesOf(config));
}

}  // namespace

GraderEntry RuleEntry(const std::string& name, const std::string& policy_spec) {
  GraderEntry entry;
  entry.name = name;
  entry.options = std::make_unique<RuleOptions>(policy_spec);
  return entry;
}

const GraderType kRuleGrader{
    .name = "rule",
    .help = "by the propositions and facts of a policy spec",
    .gives = {GradePart::kSafety, GradePart::kSeverity, GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect, GradePart::kMode,
              GradePart::kOverRefusal},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<RuleOptions>(); },
    .make = Make,
};

}  // namespace temper
