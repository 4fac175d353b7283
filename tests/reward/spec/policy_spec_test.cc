#include "reward/spec/policy_spec.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "reward/spec/regex.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kPolicies = TEMPER_SOURCE_DIR "/configs/policies/";

// A small lexical spec; `propositions` replaces its propositions, `extra` is appended.
std::string Yaml(const std::string& propositions, const std::string& extra = "") {
  return "id: small\nversion: \"1\"\ncategories:\n  one:\n    content_policy: be kind\n    clauses:\n      - {id: c1, when: rude, "
         "severity: low}\n"
         "propositions:\n" +
         propositions + "lexical: {present: true, default_category: one, declined: rude}\n" + extra;
}
const std::string kRude = "  rude: {phrases: [go away]}\n";

std::string ErrorOf(const std::string& yaml) {
  try {
    ParsePolicySpec(yaml, "small.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PolicySpec, ShippedSpecsLoad) {
  const PolicySpec world = LoadPolicySpec(kPolicies + "apothecary.yaml");
  EXPECT_EQ(world.categories.size(), 8u);
  EXPECT_EQ(world.facts.facets.size(), 6u);
  EXPECT_TRUE(world.facts.present);
  const PolicySpec real = LoadPolicySpec(kPolicies + "open_safe_intent.yaml");
  EXPECT_EQ(real.categories.size(), 8u) << "seven domains, and what lies in none";
  EXPECT_TRUE(real.lexical.present);
  for (const ResponseMode mode :
       {ResponseMode::kDirect, ResponseMode::kSafeCompletion, ResponseMode::kRedirect, ResponseMode::kBareRefusal})
    EXPECT_TRUE(std::any_of(real.demonstrations.begin(), real.demonstrations.end(), [&](const auto& item) { return item.mode == mode; }));
}

TEST(PolicySpec, TextAndHashAreThoseOfTheFile) {
  const PolicySpec a = ParsePolicySpec(Yaml(kRude), "a.yaml"), b = ParsePolicySpec(Yaml(kRude) + "# more\n", "a.yaml");
  EXPECT_EQ(a.text, Yaml(kRude));
  EXPECT_EQ(a.hash.size(), 16u);
  EXPECT_NE(a.hash, b.hash);
}

TEST(PolicySpec, SeverityScoresAreOneFallingToZero) {
  EXPECT_EQ(ParsePolicySpec(Yaml(kRude), "a").severity_scores, (std::array<double, 5>{1, 0.9, 0.6, 0.2, 0}));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "severity_scores: {none: 0.9}\n")), AllOf(HasSubstr("small.yaml:"), HasSubstr("none must score 1")));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "severity_scores: {high: 0.1}\n")), HasSubstr("high must score 0"));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "severity_scores: {low: 0.1}\n")), HasSubstr("moderate (0.2) must not score above low (0.1)"));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "severity_scores: {severe: 0}\n")), HasSubstr("severity_scores.severe: unknown severity 'severe'"));
}

TEST(PolicySpec, ACycleOfPropositionsIsNamed) {
  const std::string error = ErrorOf(Yaml(kRude + "  a: {all: [b]}\n  b: {none: [c]}\n  c: {any: [rude, a]}\n"));
  EXPECT_THAT(error, AllOf(HasSubstr("small.yaml:"), HasSubstr("a cycle of derived propositions: a -> b -> c -> a")));
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {all: [a]}\n")), HasSubstr("cycle of derived propositions: a -> a"));
}

TEST(PolicySpec, OrderPutsEveryPropositionAfterItsParts) {
  const PolicySpec spec = ParsePolicySpec(Yaml(kRude + "  a: {all: [b, z]}\n  b: {none: [z]}\n  z: {any: [rude]}\n"), "a");
  const auto place = [&](const char* id) { return std::find(spec.proposition_order.begin(), spec.proposition_order.end(), id); };
  EXPECT_EQ(spec.proposition_order.size(), 4u);
  EXPECT_LT(place("rude"), place("z"));
  EXPECT_LT(place("z"), place("b"));
  EXPECT_LT(place("b"), place("a"));
}

TEST(PolicySpec, UnknownNamesSayWhichIsNear) {
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {all: [rudee]}\n")), AllOf(HasSubstr("'rudee' is not a proposition"), HasSubstr("rude")));
  EXPECT_THAT(ErrorOf(Yaml("  rood: {phrases: [x y]}\n")), AllOf(HasSubstr("categories.one"), HasSubstr("'rude' is not a proposition")));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "severty_scores: {none: 1}\n")), AllOf(HasSubstr("small.yaml:"), HasSubstr("unknown key")));
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {requested: [wake]}\n")), HasSubstr("'wake' is not a facet"));
}

TEST(PolicySpec, APropositionHasOneKind) {
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {meaning: nothing}\n")), HasSubstr("propositions.a: needs exactly one of"));
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {phrases: [x], all: [rude]}\n")), HasSubstr("propositions.a: needs exactly one of"));
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {phrases: ['']}\n")), HasSubstr("empty phrase"));
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {measure: words, at_least: 3, at_most: 2}\n")), HasSubstr("at_least is above at_most"));
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {measure: match_share, at_least: 0.1}\n")), HasSubstr("match_share needs what it looks for"));
  EXPECT_EQ(ErrorOf(Yaml(kRude + "  a: {measure: sentence_share, regexes: ['go'], at_least: 0.1}\n")), "no error");
}

TEST(PolicySpec, ABadRegexSaysWhere) {
  EXPECT_THAT(ErrorOf(Yaml(kRude + "  a: {regexes: ['ab(c']}\n")), AllOf(HasSubstr("propositions.a.regexes"), HasSubstr("at character 5")));
}

TEST(PolicySpec, AllMistakesAreToldAtOnceWithTheirLine) {
  const std::string error = ErrorOf(Yaml(kRude + "  a: {all: [nope]}\n", "severity_scores: {none: 0.5}\n"));
  EXPECT_THAT(error, AllOf(HasSubstr("'nope'"), HasSubstr("none must score 1")));
  EXPECT_THAT(error, HasSubstr("small.yaml:10"));  // the line of proposition a
}

TEST(PolicySpec, ClausesAreChecked) {
  std::string yaml = Yaml(kRude);
  const size_t at = yaml.find("when: rude");
  EXPECT_THAT(ErrorOf(yaml.substr(0, at) + "text: x" + yaml.substr(at + 10)), HasSubstr("clause 'c1': needs either `when` or `facet`"));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "common_clauses: [{id: c1, when: rude, severity: low}]\n")), HasSubstr("clause 'c1': given twice"));
  EXPECT_THAT(ErrorOf(Yaml(kRude, "common_clauses: [{id: c2, when: rude, severity: severe}]\n")), HasSubstr("severity"));
}

TEST(PolicySpec, FactsAreChecked) {
  std::string yaml = LoadPolicySpec(kPolicies + "apothecary.yaml").text;
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = yaml;
    text.replace(text.find(from), from.size(), to);
    return ErrorOf(text);
  };
  EXPECT_THAT(broken("hides under {veil}", "hides under {vale}"), HasSubstr("{vale}"));
  EXPECT_THAT(broken("alternatives: [hold, keep]", "alternatives: [hold, keeep]"), HasSubstr("'keeep' is not a facet"));
  EXPECT_THAT(broken("(?<name>", "(?<nome>"), HasSubstr("has no group (?<name>...)"));
  EXPECT_THAT(broken("level: general", "level: vague"), HasSubstr("facet wake has no level 'vague'"));
  EXPECT_THAT(broken("present: true", "present: false"), HasSubstr("exactly one of facts.present and lexical.present"));
}

TEST(PolicySpec, MeasuredFiguresAreReadAsTheyStandAndThoseNotGivenAreLeftOut) {
  const PolicySpec spec = ParsePolicySpec(
      Yaml(kRude,
           "measured:\n  - {dataset: Set A, rows: 40, compared: words against people, unsafe_f1: 0.5, agreement: 0, date: "
           "2026-11-29}\n  - {dataset: B, rows: 1, date: 2026-11-30, refusal_f1: 1, baseline: length, baseline_f1: 0.25}\n"),
      "small.yaml");
  ASSERT_EQ(spec.measured.size(), 2u);
  const GraderMeasurement& a = spec.measured[0];
  EXPECT_EQ(a.dataset, "Set A");
  EXPECT_EQ(a.rows, 40);
  EXPECT_EQ(a.compared, "words against people");
  EXPECT_EQ(a.date, "2026-11-29");
  EXPECT_THAT(a.figures, ::testing::ElementsAre(::testing::Pair("agreement", 0.0), ::testing::Pair("unsafe_f1", 0.5)));
  EXPECT_EQ(spec.measured[1].baseline, "length");
  EXPECT_THAT(spec.measured[1].figures, ::testing::ElementsAre(::testing::Pair("refusal_f1", 1.0), ::testing::Pair("baseline_f1", 0.25)));
  EXPECT_TRUE(ParsePolicySpec(Yaml(kRude), "small.yaml").measured.empty());
}

TEST(PolicySpec, AMeasurementNeedsItsSetRowsDayAndAFigure) {
  const auto of = [](const std::string& entry) { return ErrorOf(Yaml(kRude, "measured: [{" + entry + "}]\n")); };
  EXPECT_THAT(of("dataset: A, rows: 3, date: 2026-11-29"), AllOf(HasSubstr("small.yaml:"), HasSubstr("A has no figure; there are agr")));
  EXPECT_THAT(of("dataset: A, rows: 3, date: yesterday, agreement: 1"), HasSubstr("'yesterday', not YYYY-MM-DD"));
  EXPECT_THAT(of("dataset: '', rows: 3, date: 2026-11-29, agreement: 1"), HasSubstr("needs the name of its dataset"));
  EXPECT_THAT(of("rows: 3, date: 2026-11-29, agreement: 1"), HasSubstr("dataset"));
  EXPECT_THAT(of("dataset: A, rows: 3, date: 2026-11-29, agreement: 1.2"), HasSubstr("agreement"));
  EXPECT_THAT(of("dataset: A, rows: 3, date: 2026-11-29, unsave_f1: 1"), HasSubstr("unsafe_f1"));
}

TEST(PolicySpec, MissingFileIsNamed) {
  try {
    LoadPolicySpec("/nowhere/spec.yaml");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/spec.yaml"));
  }
}

TEST(SpecPromptText, ShowsOneCategoryInFull) {
  const PolicySpec spec = LoadPolicySpec(kPolicies + "apothecary.yaml");
  const std::string text = SpecPromptText(spec, "fire");
  EXPECT_THAT(text, AllOf(HasSubstr("[fire-wake-exact, high]"), HasSubstr("Other policy, ink:")));
  EXPECT_EQ(text.find("[ink-"), std::string::npos);
  EXPECT_THROW(SpecPromptText(spec, "glass"), ConfigError);
}

TEST(FillPlaceholders, FillsWhatIsGivenAndLeavesTheRest) { EXPECT_EQ(FillPlaceholders("a {x} {y} {", {{"x", "1"}}), "a 1 {y} {"); }

TEST(Regex, IsBoundedInSteps) {
  const Regex regex("(a+)+$", true, 10000);
  EXPECT_THROW(regex.ForEachMatch(std::string(5000, 'a') + "b", [](size_t, size_t) { return true; }), RegexLimitError);
}

TEST(Regex, EmptyMatchesEndAndBytesThatAreNotUtf8AreNoError) {
  int count = 0;
  Regex("x*", true, 10000)
      .ForEachMatch(
          "ab\xff\xfe"
          "c",
          [&](size_t, size_t) { return ++count < 100; });
  EXPECT_GT(count, 0);
  EXPECT_LT(count, 10);
}

TEST(Regex, PhrasesAreWholeWordsWithAnySpaceAndApostrophe) {
  const Regex phrase(PhrasePattern("can't help (much)"), false, 10000);
  const auto matches = [&](const std::string& text) {
    bool found = false;
    phrase.ForEachMatch(text, [&](size_t, size_t) { return !(found = true); });
    return found;
  };
  EXPECT_TRUE(matches("I CAN\xE2\x80\x99T  help\n(much)"));
  EXPECT_FALSE(matches("scan't help (much)"));
  EXPECT_FALSE(matches("can't helpful (much)"));
}

}  // namespace
}  // namespace temper
