#include "reward/spec/policy_lint.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "reward/graders/grader.h"
#include "reward/graders/rule_grader.h"
#include "reward/spec/policy_spec.h"
#include "reward/spec/regex_sample.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kPolicies = TEMPER_SOURCE_DIR "/configs/policies/";

std::vector<std::string> FindingsOf(const std::string& yaml) {
  ResolvedConfig places;
  const PolicySpec spec = ParsePolicySpec(yaml, "small.yaml", &places);
  std::vector<std::string> lines;
  for (const PolicyFinding& finding : LintPolicySpec(spec, places, "small.yaml"))
    lines.push_back(Concat(finding.place, ": ", finding.key, ": ", finding.what));
  return lines;
}

// A spec with these clauses and propositions; `more` stands at its end.
std::string Spec(const std::string& clauses, const std::string& propositions, const std::string& more = "") {
  return "id: small\nversion: \"1\"\ncategories:\n  one:\n    content_policy: be kind\n    clauses:\n" + clauses + "propositions:\n" +
         propositions + "lexical: {present: true, default_category: one}\n" + more;
}
const std::string kWords = "  rude: {phrases: [go away]}\n  loud: {phrases: [hey you]}\n  both: {all: [rude, loud]}\n";

TEST(PolicyLint, FindsNothingInTheShippedSpecs) {
  for (const char* name : {"general.yaml", "minimal.yaml", "apothecary.yaml", "open_safe_intent.yaml"}) {
    ResolvedConfig places;
    const PolicySpec spec = LoadPolicySpec(kPolicies + name, &places);
    for (const PolicyFinding& finding : LintPolicySpec(spec, places, name))
      ADD_FAILURE() << finding.place << ": " << finding.key << ": " << finding.what;
  }
}

TEST(PolicyLint, FindsClausesThatAreNeverReached) {
  const std::string rude = "      - {id: a, when: rude, severity: high}\n";
  EXPECT_THAT(
      FindingsOf(Spec(rude + "      - {id: b, when: both, severity: low}\n", kWords)),
      Contains(
          "small.yaml:8: categories.one.clauses.1: clause b is never reached: whenever it is violated, so is a, which is as bad or worse"));
  EXPECT_THAT(FindingsOf(Spec("      - {id: b, when: both, severity: high}\n      - {id: a, when: rude, severity: low}\n", kWords)),
              IsEmpty());
  EXPECT_THAT(FindingsOf(Spec("      - {id: a, when: both, severity: none}\n", kWords)),
              Contains(HasSubstr("clause a is never reached: its severity is none")));
  EXPECT_THAT(FindingsOf(Spec("      - {id: a, when: odd, severity: low}\n", kWords + "  odd: {all: [both], none: [rude]}\n")),
              Contains(HasSubstr("clause a is never reached: its proposition odd cannot hold")));
  EXPECT_THAT(FindingsOf(Spec("      - {id: a, when: odd, severity: low}\n", "  odd: {measure: echo_share, at_least: 1.5}\n")),
              Contains(HasSubstr("its proposition odd cannot hold")));
}

TEST(PolicyLint, AllowsAClauseThatAContextBringsToLife) {
  const std::string clauses = "      - {id: a, when: rude, severity: high}\n      - {id: b, when: both, severity: low}\n";
  const std::string context = "contexts:\n  minor:\n    meaning: under age\n    clauses: [{clause: a, severity: none}]\n";
  EXPECT_THAT(FindingsOf(Spec(clauses, kWords, context)), IsEmpty());
  EXPECT_THAT(
      FindingsOf(Spec(clauses, kWords, "contexts:\n  minor:\n    meaning: under age\n    clauses: [{clause: a, severity: high}]\n")),
      Contains(HasSubstr("contexts.minor: clause a is high without the context already")));
}

TEST(PolicyLint, FindsModesThatAreNeverReached) {
  std::string spec = Spec("      - {id: a, when: both, severity: low}\n", kWords);
  spec.replace(spec.find("default_category: one}"), 22,
               "default_category: one, modes: [{mode: redirect, when: rude}, {mode: direct, when: both}]}");
  EXPECT_THAT(FindingsOf(spec),
              Contains(HasSubstr("the rule of mode direct (both) is never reached: the rule before it (rude) holds wherever it does")));
}

TEST(PolicyLint, FindsSeveritiesOutOfOrder) {
  EXPECT_THAT(FindingsOf(Spec("      - {id: a, when: both, severity: low}\n", kWords, "severity_scores: {low: 0.2, moderate: 0.2}\n")),
              Contains(HasSubstr("moderate scores as low does (0.2): the two are one for every reward")));
}

TEST(PolicyLint, FindsPropositionsWithoutUseAndTwins) {
  const std::string clause = "      - {id: a, when: both, severity: low}\n";
  EXPECT_THAT(FindingsOf(Spec(clause, kWords + "  idle: {phrases: [nothing]}\n")),
              Contains(HasSubstr("small.yaml:12: propositions.idle: nothing uses it")));
  EXPECT_THAT(FindingsOf(Spec(clause, kWords + "  same: {phrases: [go away]}\n")),
              Contains(HasSubstr("propositions.same: has the same rule as rude")));
  EXPECT_THAT(FindingsOf(Spec(clause, kWords + "  alias: {any: [rude]}\n")), Contains(HasSubstr("is the same as rude, its only part")));
  const std::string two = Spec(clause, kWords, "");
  std::string twins = two;
  twins.insert(twins.find("propositions:"),
               "  two:\n    content_policy: be kinder\n    clauses:\n      - {id: z, when: both, severity: low}\n");
  EXPECT_THAT(FindingsOf(twins), Contains(HasSubstr("categories.two: grades every answer as one does")));
}

TEST(PolicyLint, FindsPatternsThatMatchEverythingOrNothing) {
  const std::string clause = "      - {id: a, when: p, severity: low}\n";
  EXPECT_THAT(FindingsOf(Spec(clause, "  p: {regexes: ['x*']}\n")), Contains(HasSubstr("regex 'x*' matches everything")));
  EXPECT_THAT(FindingsOf(Spec(clause, "  p: {regexes: ['.']}\n")), Contains(HasSubstr("regex '.' matches everything")));
  EXPECT_THAT(FindingsOf(Spec(clause, "  p: {regexes: ['go\\baway']}\n")), Contains(HasSubstr("regex 'go\\baway' matches no text")));
  EXPECT_THAT(FindingsOf(Spec(clause, "  p: {phrases: [go, away, Go]}\n")), Contains(HasSubstr("phrase 'Go' is given twice")));
}

TEST(RegexSample, IsMatchedByItsPattern) {
  for (const char* pattern : {R"(\b(?:I|we)\s+(?:can't|cannot)\s+help\b)", "[a-c]{2,4}x?", R"(^\s*(\d+)[.)]\s)", "(?i)a|b|c(d|e)+",
                              R"([^\w\s]\.)", "(?<name>x+)y"})
    for (uint64_t seed = 0; seed < 20; ++seed) {
      ASSERT_TRUE(SampleOfPattern(pattern, seed)) << pattern;
      EXPECT_FALSE(MatchesNoSample(pattern, true, 20)) << pattern;
    }
  for (const char* pattern : {"a(?=b)", "(a)\\1", R"(\p{Lu})", "[[:alpha:]]", "a++", R"(x\Ky)", "(?s)a"})
    EXPECT_FALSE(SampleOfPattern(pattern, 1)) << pattern;
  EXPECT_TRUE(MatchesNoSample(R"(a\bb)", true, 5));
  EXPECT_TRUE(MatchesNoSample(R"(\w\b\w)", true, 5));
}

// --- contexts ---

constexpr char kContexts[] =
    "contexts:\n  professional: {meaning: works there, style: Speak as to a colleague., clauses: [{clause: a, severity: none, style: Give "
    "figures.}]}\n  minor: {meaning: under age, clauses: [{clause: a, severity: high}]}\n";

Grade GradeIn(const std::string& yaml, const std::string& context, const std::string& response) {
  const auto grader = MakeRuleGrader(ParsePolicySpec(yaml, "small.yaml"));
  GradeRequest request{.prompt = "hello", .response = response, .category = ""};
  if (!context.empty()) request.item[kContextColumn] = context;
  return GradeAll(grader.get(), {request}, 10).at(0);
}

TEST(PolicyContexts, ShiftTheSeverityOfClauses) {
  const std::string yaml =
      Spec("      - {id: a, when: rude, severity: low, text: rudeness}\n", "  rude: {phrases: [go away]}\n", kContexts);
  EXPECT_EQ(GradeIn(yaml, "", "go away").severity, Severity::kLow);
  EXPECT_EQ(GradeIn(yaml, "professional", "go away").severity, Severity::kNone);
  EXPECT_EQ(GradeIn(yaml, "professional", "go away").safety, 1);
  EXPECT_EQ(GradeIn(yaml, "minor", "go away").severity, Severity::kHigh);
  EXPECT_EQ(GradeIn(yaml, "minor", "go away").clause, "a");
  EXPECT_EQ(GradeIn(yaml, "minor", "welcome").severity, Severity::kNone);
  const Grade unknown = GradeIn(yaml, "alien", "go away");
  EXPECT_EQ(unknown.outcome, GradeOutcome::kParseError);
  EXPECT_THAT(unknown.error, HasSubstr("context 'alien' is not in policy spec small; it has minor, professional"));
  // A spec without contexts takes whatever the column holds.
  EXPECT_EQ(GradeIn(Spec("      - {id: a, when: rude, severity: low}\n", "  rude: {phrases: [go away]}\n"), "alien", "go away").severity,
            Severity::kLow);
}

TEST(PolicyContexts, AreToldWithTheirSeveritiesAndStyle) {
  const PolicySpec spec = ParsePolicySpec(
      Spec("      - {id: a, when: rude, severity: low, text: rudeness}\n", "  rude: {phrases: [go away]}\n", kContexts), "s");
  EXPECT_THAT(SpecPromptText(spec, "one"), HasSubstr("- [a, low] rudeness\n"));
  EXPECT_THAT(SpecPromptText(spec, "one", "professional"),
              AllOf(HasSubstr("- [a, none] rudeness\n"), HasSubstr("Context, professional: works there Speak as to a colleague.\n"),
                    HasSubstr("In this context, near a: Give figures.\n")));
  EXPECT_THROW(SpecPromptText(spec, "one", "alien"), ConfigError);
}

TEST(PolicyContexts, AreRefusedWhereTheyShiftNoClause) {
  const auto problem = [](const std::string& shift) -> std::string {
    try {
      ParsePolicySpec(Spec("      - {id: a, when: rude, severity: low}\n", "  rude: {phrases: [go away]}\n",
                           "contexts:\n  minor:\n    meaning: under age\n    clauses: [" + shift + "]\n"),
                      "small.yaml");
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(problem("{clause: b, severity: low}"), HasSubstr("contexts.minor: there is no clause 'b'"));
  EXPECT_THAT(problem("{clause: a}"), HasSubstr("needs a severity or a style"));
  EXPECT_THAT(problem("{clause: a, severity: high}, {clause: a, severity: low}"), HasSubstr("given twice"));
}

}  // namespace
}  // namespace temper
