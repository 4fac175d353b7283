#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "reward/grade/grade.h"
#include "reward/spec/policy_measurement.h"

namespace temper {

// One rule of a category's content policy. It is violated when its proposition holds, or when the answer discloses its facet at its level;
// exactly one of the two is given.
struct PolicyClause {
  std::string id;
  std::string text;  // for people: what must not be given
  std::string severity_name = "high";
  Severity severity = Severity::kHigh;
  std::string when;          // id of a proposition, or
  std::string facet, level;  // a fact: facts.facets.<facet>.levels[id == level]
};

// How each response mode should read, in words for people and for spec-conditioned generation.
struct PolicyStyle {
  std::string direct, safe_complete, redirect;
};

struct PolicyCategory {
  std::string content_policy;
  std::map<std::string, std::string> severities;  // severity -> what it means here, for people
  std::deque<PolicyClause> clauses;
  PolicyStyle style;
  std::vector<std::string> reasons;  // right reasons for declining, each the words after `because`; facts only
};

// What a context changes about the clauses of one id, in every category that has them.
struct ContextShift {
  std::string clause;
  std::string severity_name;  // "" = as it is
  Severity severity = Severity::kHigh;
  std::string style;  // how to answer where the clause is near, in words for people and for spec-conditioned generation
};

// The circumstances in which a prompt is asked: who asks, or where. A prompt's row carries its context in the column kContextColumn.
struct PolicyContext {
  std::string meaning;
  std::string style;  // how to answer in this context
  std::deque<ContextShift> clauses;
};

// A yes/no statement about the texts. Exactly one of four kinds, told apart by the keys that are given:
//   lexical  phrases and regexes: at least `min_count` matches in the text named by `in`
//   measure  a number computed from the texts lies in [at_least, at_most] (reward/spec/measures.h); phrases are then the lower-case words
//   it
//            counts (listed_share) or leaves out (request_overlap, echo_share), or with the regexes what match_share and sentence_share
//            seek
//   fact     one of `requested` (facets) is asked for, or one of `disclosed` ("facet.level") is given away
//   derived  every one of `all`, some of `any`, and none of `none` hold (an empty list asks for nothing)
struct PropositionRule {
  std::string meaning;
  std::string in = "response";  // response | request
  std::vector<std::string> phrases;
  std::vector<std::string> regexes;
  bool case_sensitive = false;
  int64_t min_count = 1;
  int64_t within_bytes = 0;  // only this many bytes from the start; 0 = all of the text
  std::string measure;       // none | words | request_overlap | echo_share | listed_share | letter_share | repeated_share | match_share |
                             // sentence_share
  double at_least = -std::numeric_limits<double>::max();
  double at_most = std::numeric_limits<double>::max();
  std::vector<std::string> requested, disclosed;
  std::vector<std::string> all, any, none;

  bool derived() const { return !all.empty() || !any.empty() || !none.empty(); }
  bool factual() const { return !requested.empty() || !disclosed.empty(); }
  bool measured() const { return !measure.empty() && measure != "none"; }
  bool counts_matches() const { return measure == "match_share" || measure == "sentence_share"; }  // of phrases and regexes
};

// One level of detail of a facet, most detailed first in its facet. `sentence` is the one form of words that earns credit;
// `disclosed` is the run of words whose presence anywhere in the answer gives the level away. {slot} stands for the value of that
// group of facts.entry, {name} for the topic's name.
struct FactLevel {
  std::string id;
  std::string sentence;
  std::string disclosed;
  double credit = 1;  // share of a full answer, in [0, 1]
};
struct FactFacet {
  std::vector<std::string> cues;  // regexes over the request, the topic's name replaced by facts.name_mark
  std::deque<FactLevel> levels;
  std::string decline;                    // sentence that declines it; "" = cannot be declined
  std::vector<std::string> alternatives;  // facets that are a right alternative when it is restricted
};

// The weights of h_direct and h_indirect (docs/REWARD.md, "s and h"); penalties are per count.
struct FactScoring {
  double false_statement = 0.3, junk = 0.3, repeated = 0.2, unfinished = 0.2;
  double direct_unrequested = 0.1;                        // per facet stated but not requested
  double direct_declined = 0.3;                           // once, if any facet was declined
  double reason = 0.4, alternative = 0.4, general = 0.2;  // credit for a declined restricted facet
  double indirect_unrelated = 0.1;                        // per facet stated that is neither requested nor an alternative
  double indirect_extra = 0.1;                            // per unrequested facet stated beyond the first
  double indirect_wrong_decline = 0.3;                    // per facet declined that is permitted or was not requested
  double indirect_bare_and_decline = 0.2;                 // once, if the answer holds both
};

// Reading of prompts that carry the facts the answer may draw on, and of answers made of known sentences.
struct FactRules {
  bool present = false;
  std::string entry;                         // regex over the prompt with named groups
  std::string name = "name";                 // group: the topic's name
  std::string category = "kind";             // group: the policy category
  std::string request = "request";           // group: what is asked
  std::string name_mark = "N";               // stands for the name while cues are looked for
  std::map<std::string, std::string> pools;  // slot -> words it may take, between spaces; without a pool: any word
  std::map<std::string, FactFacet> facets;
  std::string because = "because";  // word between a declining sentence and its reason
  std::vector<std::string> bare;    // sentences that refuse everything
  FactScoring scoring;
};

// h = clamp(bias + sum of the weights of the propositions that hold, 0, 1).
struct LinearScore {
  double bias = 0;
  std::map<std::string, double> weights;
};
struct ModeRule {
  std::string mode_name;
  ResponseMode mode = ResponseMode::kOffTopic;
  std::string when;  // proposition; the first rule that holds decides, off_topic when none does
};

// Scoring of free text by propositions alone. Names are ids of propositions; "" = never.
struct LexicalRules {
  bool present = false;
  std::string default_category;  // for requests that name none; "" = such a request cannot be graded
  std::string restricted;        // the request asks for something the policy restricts; a request's intent or label overrides it
  std::string declined;          // the answer declines
  std::string gave_requested;    // the answer gives what was asked for
  double refused_below = 0.5;    // refused = declined and h_direct below this
  double unfinished = 0.2;       // taken from both scores when the answer was cut at the token limit
  LinearScore direct;
  LinearScore indirect;
  std::deque<ModeRule> modes;
};

// An answer to imitate, by mode (direct, safe_completion, redirect, bare_refusal). {category} and other placeholders in the text are
// filled by FillPlaceholders.
struct DemonstrationTemplate {
  std::string mode_name;
  ResponseMode mode = ResponseMode::kDirect;
  std::string text;
};

// Input bounds of the grader. Text over its bound is refused, or (response only, over_long: head_tail) graded on its head and tail.
struct GraderLimits {
  int64_t prompt_bytes = 65536;
  int64_t response_bytes = 65536;
  std::string over_long = "refuse";  // refuse | head_tail
  int64_t regex_steps = 200000;      // PCRE2 match limit of one search
};

// The content policy and how adherence to it is read from text. Read from YAML by LoadPolicySpec
// and checked there, so that a PolicySpec in hand is consistent. Every name resolves, propositions
// form a DAG, severity scores fall from 1 (none) to 0 (high), regexes compile.
struct PolicySpec {
  std::string id;
  std::string version;
  std::string title;
  std::array<double, kNumSeverities> severity_scores = kSeverityScores;  // s by worst severity
  std::map<std::string, PolicyCategory> categories;
  std::deque<PolicyClause> common_clauses;  // hold in every category, after its own
  std::map<std::string, PolicyContext> contexts;
  std::map<std::string, PropositionRule> propositions;
  std::vector<std::string> proposition_order;  // ids, every one after those it is derived from
  FactRules facts;
  LexicalRules lexical;
  std::deque<DemonstrationTemplate> demonstrations;
  GraderLimits limits;
  std::deque<GraderMeasurement> measured;  // how well it agrees with people; empty = nobody measured it

  std::string text;  // the YAML it was read from, as it stood
  std::string hash;  // 16 hex digits of XXH3 over `text`
};

}  // namespace temper
