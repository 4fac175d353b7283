#include "reward/spec/policy_spec.h"

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/keyed_random.h"
#include "cluster/config/reader.h"
#include "reward/spec/policy_context.h"
#include "reward/spec/policy_spec_check.h"

namespace temper {
namespace {

constexpr uint64_t kMaxSpecBytes = 1 << 20;
const std::vector<std::string> kSeverityWords{"none", "negligible", "low", "moderate", "high"};
const std::vector<std::string> kModeWords{"direct", "safe_completion", "redirect", "bare_refusal"};

void DescribeClauses(ConfigFields& fields, std::string_view name, std::string_view help, std::deque<PolicyClause>* clauses) {
  fields.ListOf(name, help, [clauses](size_t, ConfigFields& f) {
    PolicyClause& clause = clauses->emplace_back();
    f.String("id", &clause.id, "Name of the clause in grades and audit records; unique within its category.");
    f.String("text", &clause.text, "What must not be given, for people.");
    f.Enum("severity", &clause.severity_name, kSeverityWords, "How bad a violation is.");
    f.String("when", &clause.when, "Proposition that is the violation; or give facet and level.");
    f.String("facet", &clause.facet, "Facet whose disclosure is the violation.");
    f.String("level", &clause.level, "Level of detail of the facet.");
    f.Require("id");
    f.Require("severity");
  });
}

void DescribeCategory(ConfigFields& f, PolicyCategory* category) {
  f.String("content_policy", &category->content_policy, "The policy of this category in prose.");
  f.StringMap("severities", &category->severities, "Severity -> what it means in this category, in words.");
  DescribeClauses(f, "clauses", "What the policy restricts; what no clause names is permitted.", &category->clauses);
  f.Section("style", "How each response mode should read.", [category](ConfigFields& s) {
    s.String("direct", &category->style.direct, "Style of a direct answer.");
    s.String("safe_complete", &category->style.safe_complete, "Style of a safe-completion.");
    s.String("redirect", &category->style.redirect, "Style of declining with redirection.");
  });
  f.StringList("reasons", &category->reasons, "Right reasons for declining, as the words after facts.because.");
  f.Require("content_policy");
}

void DescribeProposition(ConfigFields& f, PropositionRule* rule) {
  f.String("meaning", &rule->meaning, "The statement in words.");
  f.Enum("in", &rule->in, {"response", "request"}, "Text that phrases and regexes are looked for in.");
  f.StringList("phrases", &rule->phrases, "Whole words; any white space between them, any letter case.");
  f.StringList("regexes", &rule->regexes, "PCRE2 patterns, multi-line.");
  f.Bool("case_sensitive", &rule->case_sensitive, "Whether letter case counts.");
  f.Int("min_count", &rule->min_count, {1, 1000}, "Matches needed.");
  f.Int("within_bytes", &rule->within_bytes, {0, 1 << 24}, "Only this many bytes from the start; 0 = all.");
  f.Enum(
      "measure", &rule->measure,
      {"none", "words", "request_overlap", "echo_share", "listed_share", "letter_share", "repeated_share", "match_share", "sentence_share"},
      "A number of the texts: words of the response; share of the request's content words that it repeats; share of its own content words "
      "that the request has; share of its words that are in phrases; letters among its visible bytes; share of its word triples seen "
      "before; matches of phrases and regexes a word; share of its sentences with such a match.");
  f.Real("at_least", &rule->at_least, {}, "Least value of the measure.");
  f.Real("at_most", &rule->at_most, {}, "Greatest value of the measure.");
  f.StringList("requested", &rule->requested, "Facets, one of which is asked for.");
  f.StringList("disclosed", &rule->disclosed, "facet.level, one of which is given away.");
  f.StringList("all", &rule->all, "Propositions that must all hold.");
  f.StringList("any", &rule->any, "Propositions one of which must hold.");
  f.StringList("none", &rule->none, "Propositions that must not hold.");
}

void DescribeFacet(ConfigFields& f, FactFacet* facet) {
  f.StringList("cues", &facet->cues, "Regexes over the request that ask for this facet.");
  f.ListOf("levels", "Levels of detail, most detailed first.", [facet](size_t, ConfigFields& l) {
    FactLevel& level = facet->levels.emplace_back();
    l.String("id", &level.id, "Name of the level.");
    l.String("sentence", &level.sentence, "The sentence that states it; {slot} = value, {name} = topic.");
    l.String("disclosed", &level.disclosed, "Run of words whose presence gives the level away.");
    l.Real("credit", &level.credit, {0, 1}, "Share of a full answer.");
    l.Require("id");
    l.Require("sentence");
    l.Require("disclosed");
  });
  f.String("decline", &facet->decline, "Sentence that declines the facet; empty = cannot be declined.");
  f.StringList("alternatives", &facet->alternatives, "Facets that are a right alternative when this one is restricted.");
  f.Require("cues");
  f.Require("levels");
}

void DescribeFactScoring(ConfigFields& f, FactScoring* w) {
  const RealRange range{0, 10};
  f.Real("false_statement", &w->false_statement, range, "Per sentence with a wrong value or a wrong reason.");
  f.Real("junk", &w->junk, range, "Per sentence of no known form, or about another topic.");
  f.Real("repeated", &w->repeated, range, "Per sentence said before.");
  f.Real("unfinished", &w->unfinished, range, "Once, if the answer was cut at the token limit.");
  f.Real("direct_unrequested", &w->direct_unrequested, range, "h_direct: per facet stated but not requested.");
  f.Real("direct_declined", &w->direct_declined, range, "h_direct: once, if any facet was declined.");
  f.Real("reason", &w->reason, range, "h_indirect: credit for declining a restricted facet with a right reason.");
  f.Real("alternative", &w->alternative, range, "h_indirect: credit for declining it and stating a right alternative.");
  f.Real("general", &w->general, range, "h_indirect: credit for declining it and stating a less detailed level.");
  f.Real("indirect_unrelated", &w->indirect_unrelated, range, "h_indirect: per facet stated, neither requested nor an alternative.");
  f.Real("indirect_extra", &w->indirect_extra, range, "h_indirect: per unrequested facet stated beyond the first.");
  f.Real("indirect_wrong_decline", &w->indirect_wrong_decline, range,
         "h_indirect: per facet declined that is permitted or was not asked for.");
  f.Real("indirect_bare_and_decline", &w->indirect_bare_and_decline, range, "h_indirect: once, for a bare refusal beside a decline.");
}

void DescribeFacts(ConfigFields& f, FactRules* facts) {
  f.Bool("present", &facts->present, "Whether prompts carry the facts; the rest of this section is read only then.");
  f.String("entry", &facts->entry,
           "Regex over the whole prompt; named groups are the topic's name, its category, the request and the values.");
  f.String("name", &facts->name, "Group of the topic's name.");
  f.String("category", &facts->category, "Group of the category.");
  f.String("request", &facts->request, "Group of the request.");
  f.String("name_mark", &facts->name_mark, "Word that stands for the name while cues are looked for.");
  f.StringMap("pools", &facts->pools, "Slot -> the words it may take, between spaces; a slot without a pool takes any word.");
  f.MapOf("facets", "What can be asked for.", [facts](const std::string& id, ConfigFields& p) { DescribeFacet(p, &facts->facets[id]); });
  f.String("because", &facts->because, "Word between a declining sentence and its reason.");
  f.StringList("bare", &facts->bare, "Sentences that refuse everything.");
  f.Section("scoring", "Weights of h_direct and h_indirect.", [facts](ConfigFields& s) { DescribeFactScoring(s, &facts->scoring); });
}

void DescribeLinear(ConfigFields& fields, std::string_view name, std::string_view help, LinearScore* score) {
  fields.Section(name, help, [score](ConfigFields& f) {
    f.Real("bias", &score->bias, {-10, 10}, "Score when no proposition holds.");
    f.RealMap("weights", &score->weights, {-10, 10}, "Proposition -> what it adds when it holds.");
  });
}

void DescribeLexical(ConfigFields& f, LexicalRules* lexical) {
  f.Bool("present", &lexical->present, "Whether free text is scored by propositions; the rest of this section is read only then.");
  f.String("default_category", &lexical->default_category, "Category of requests that name none; empty = those cannot be graded.");
  f.String("restricted", &lexical->restricted, "Proposition: the request asks for something restricted.");
  f.String("declined", &lexical->declined, "Proposition: the answer declines.");
  f.String("gave_requested", &lexical->gave_requested, "Proposition: the answer gives what was asked for.");
  f.Real("refused_below", &lexical->refused_below, {0, 1}, "Refused = declined and h_direct below this.");
  f.Real("unfinished", &lexical->unfinished, {0, 1}, "Taken from h_direct and h_indirect when the answer was cut at the token limit.");
  DescribeLinear(f, "direct", "h_direct: bias + weights, clamped to [0, 1].", &lexical->direct);
  DescribeLinear(f, "indirect", "h_indirect: bias + weights, clamped to [0, 1].", &lexical->indirect);
  f.ListOf("modes", "The first rule that holds gives the mode; off_topic when none does.", [lexical](size_t, ConfigFields& m) {
    ModeRule& rule = lexical->modes.emplace_back();
    m.Enum("mode", &rule.mode_name, {"direct", "safe_completion", "redirect", "bare_refusal", "off_topic"}, "Response mode.");
    m.String("when", &rule.when, "Proposition.");
    m.Require("mode");
    m.Require("when");
  });
}

void DescribeLimits(ConfigFields& f, GraderLimits* limits) {
  f.Int("prompt_bytes", &limits->prompt_bytes, {1, 1 << 24}, "A longer prompt is refused.");
  f.Int("response_bytes", &limits->response_bytes, {2, 1 << 24}, "Bound on the answer.");
  f.Enum("over_long", &limits->over_long, {"refuse", "head_tail"}, "A longer answer is refused, or graded on its head and tail.");
  f.Int("regex_steps", &limits->regex_steps, {100, 100000000}, "Bound on the steps of one search.");
}

void DescribeSpec(ConfigFields& f, PolicySpec* spec, std::map<std::string, double>* scores) {
  f.String("id", &spec->id, "Name of the policy spec.");
  f.String("version", &spec->version, "Its version.");
  f.String("title", &spec->title, "For people.");
  f.RealMap("severity_scores", scores, {0, 1}, "Safety score s by worst severity: falling from none (1) to high (0).");
  f.MapOf("categories", "Category -> its policy.",
          [spec](const std::string& id, ConfigFields& c) { DescribeCategory(c, &spec->categories[id]); });
  DescribeClauses(f, "common_clauses", "Clauses of every category, after its own.", &spec->common_clauses);
  DescribeContexts(f, &spec->contexts);
  f.MapOf("propositions", "Statements about the texts.",
          [spec](const std::string& id, ConfigFields& p) { DescribeProposition(p, &spec->propositions[id]); });
  f.Section("facts", "Prompts that carry facts, answers made of known sentences.",
            [spec](ConfigFields& s) { DescribeFacts(s, &spec->facts); });
  f.Section("lexical", "Scoring of free text.", [spec](ConfigFields& s) { DescribeLexical(s, &spec->lexical); });
  f.ListOf("demonstrations", "Answers to imitate, by mode.", [spec](size_t, ConfigFields& d) {
    DemonstrationTemplate& item = spec->demonstrations.emplace_back();
    d.Enum("mode", &item.mode_name, kModeWords, "Response mode it shows.");
    d.String("text", &item.text, "The answer; {category} and the like are filled in.");
    d.Require("mode");
    d.Require("text");
  });
  f.Section("limits", "Bounds on what is graded.", [spec](ConfigFields& s) { DescribeLimits(s, &spec->limits); });
  DescribeMeasurements(f, &spec->measured);
  f.Require("id");
  f.Require("version");
  f.Require("categories");
}

}  // namespace

PolicySpec ParsePolicySpec(const std::string& yaml_text, const std::string& name, ResolvedConfig* places) {
  PolicySpec spec;
  std::map<std::string, double> scores;
  const ResolvedConfig resolved =
      ReadConfigText(yaml_text, name, [&spec, &scores](ConfigFields& fields) { DescribeSpec(fields, &spec, &scores); });
  for (const auto& [word, score] : scores) {
    try {
      spec.severity_scores[static_cast<size_t>(ParseEnum<Severity>(word))] = score;
    } catch (const ConfigError& error) {
      throw ConfigError(Concat(name, ": severity_scores.", word, ": ", error.what()));
    }
  }
  CheckPolicySpec(resolved, name, &spec);
  if (places != nullptr) *places = resolved;
  spec.text = yaml_text;
  spec.hash = Hex(KeyOf(yaml_text));
  return spec;
}

PolicySpec LoadPolicySpec(const std::string& path, ResolvedConfig* places) {
  return ParsePolicySpec(ReadUserFile(path, {.what = "the policy spec", .max_bytes = kMaxSpecBytes}), path, places);
}

namespace {

// What a context says beside the severities.
std::string ContextText(const PolicySpec& spec, const std::string& context) {
  if (context.empty()) return "";
  const PolicyContext& detail = spec.contexts.at(context);
  std::string out = Concat("Context, ", context, ": ", detail.meaning, detail.style.empty() ? "" : " ", detail.style, "\n");
  for (const ContextShift& shift : detail.clauses)
    if (!shift.style.empty()) out += Concat("In this context, near ", shift.clause, ": ", shift.style, "\n");
  return out;
}

}  // namespace

std::string SpecPromptText(const PolicySpec& spec, const std::string& category, const std::string& context) {
  const auto found = spec.categories.find(category);
  if (found == spec.categories.end()) throw ConfigError(Concat("category '", category, "' is not in policy spec ", spec.id));
  if (!context.empty() && !spec.contexts.contains(context))
    throw ConfigError(Concat("context '", context, "' is not in policy spec ", spec.id));
  const PolicyCategory& detail = found->second;
  std::string out = Concat("Policy for ", category, ": ", detail.content_policy, "\n");
  for (const auto* clauses : {&detail.clauses, &spec.common_clauses})
    for (const PolicyClause& clause : *clauses)
      out += Concat("- [", clause.id, ", ", NameOf(SeverityIn(spec, context, clause)), "] ", clause.text, "\n");
  for (const auto& [severity, word] : EnumNames<Severity>::kTable)
    if (const auto meaning = detail.severities.find(std::string(word)); meaning != detail.severities.end())
      out += Concat("Severity ", word, ": ", meaning->second, "\n");
  out += ContextText(spec, context);
  out += Concat("Direct answer: ", detail.style.direct, "\nSafe-completion: ", detail.style.safe_complete,
                "\nRefuse with redirection: ", detail.style.redirect, "\n");
  for (const auto& [other, summary] : spec.categories)
    if (other != category) out += Concat("Other policy, ", other, ": ", summary.content_policy, "\n");
  return out;
}

PolicySpec PolicySpecOf(const std::string& path) { return path.empty() ? PolicySpec() : LoadPolicySpec(path); }

std::string CategoryProblem(const PolicySpec& spec, const std::string& category) {
  if (spec.id.empty()) return "";
  const std::string& meant = category.empty() ? spec.lexical.default_category : category;
  if (spec.categories.contains(meant) || (category.empty() && spec.facts.present)) return "";
  std::string known;
  for (const auto& [id, unused] : spec.categories) known += (known.empty() ? "" : ", ") + id;
  if (category.empty()) {
    return Concat(
        "the prompt has no category, and policy spec ", spec.id,
        " has no lexical.default_category to take instead; give the rows one, or set that in a copy of the spec (prompts of a published"
        " suite have none): ",
        known);
  }
  return Concat("category \"", category, "\" is not in policy spec ", spec.id, ", which has ", known,
                "; name the column with data.columns.category, or set that to '' and lexical.default_category in the spec");
}

std::string FillPlaceholders(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = text[at] == '{' ? text.find('}', at) : std::string::npos;
    const auto value = end == std::string::npos ? values.end() : values.find(text.substr(at + 1, end - at - 1));
    if (value == values.end()) {
      out += text[at++];
    } else {
      out += value->second;
      at = end + 1;
    }
  }
  return out;
}

}  // namespace temper
