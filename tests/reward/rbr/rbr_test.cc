// Weights of rule-based rewards as a file, completions with orders and people's propositions, and the values of propositions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "reward/rbr/completions.h"
#include "reward/rbr/proposition_accuracy.h"
#include "reward/rbr/proposition_values.h"
#include "reward/rbr/rbr_weights.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::ThrowsMessage;
using ::testing::UnorderedElementsAre;

const char kWeights[] = R"({"temper_rbr": 1, "policy": "p", "data": "d",
 "types": {"Comply": {"weights": {"apology": -1.5, "gives": 2}, "low": -1.5, "high": 2, "pairs": 3, "order_accuracy": 1}}})";

TEST(RbrWeights, ScoreIsTheWeightedSumAndTheRewardItsPlaceBetweenLowAndHigh) {
  const RbrWeights weights = ParseRbrWeights(kWeights, "w.json");
  const RbrType& type = weights.types.at("Comply");
  EXPECT_DOUBLE_EQ(RbrScore(type, {{"apology", 1}, {"gives", 0.5}, {"other", 1}}), -0.5);
  EXPECT_DOUBLE_EQ(RbrReward(type, {{"apology", 1}, {"gives", 0.5}}), 1.0 / 3.5);  // (-0.5 + 1.5) / (2 + 1.5)
  EXPECT_EQ(RbrReward(type, {{"gives", 1}}), 1);
  EXPECT_EQ(RbrReward(type, {{"apology", 1}}), 0);
  EXPECT_DOUBLE_EQ(RbrReward(type, {}), 1.5 / 3.5);
}

TEST(RbrWeights, AreReadAsTheyWereWritten) {
  const RbrWeights weights = ParseRbrWeights(kWeights, "w.json");
  const RbrWeights again = ParseRbrWeights(RbrWeightsJson(weights), "w.json");
  EXPECT_EQ(RbrWeightsJson(again), RbrWeightsJson(weights));
  EXPECT_EQ(again.types.at("Comply").weights, weights.types.at("Comply").weights);
  EXPECT_EQ(again.types.at("Comply").pairs, 3);
  EXPECT_NE(again.hash, weights.hash);  // of the text
}

TEST(RbrWeights, MistakesNameTheirKey) {
  const auto error = [](const std::string& from, const std::string& to) {
    std::string text = kWeights;
    text.replace(text.find(from), from.size(), to);
    return [text] { ParseRbrWeights(text, "w.json"); };
  };
  EXPECT_THAT(error("\"low\": -1.5", "\"low\": 2"), ThrowsMessage<ConfigError>(HasSubstr("low must be below high")));
  EXPECT_THAT(error("-1.5, \"gives\"", "\"x\", \"gives\""), ThrowsMessage<ConfigError>(HasSubstr("types.Comply.weights.apology")));
  EXPECT_THAT(error("\"pairs\"", "\"pear\""), ThrowsMessage<ConfigError>(HasSubstr("types.Comply.pear")));
  EXPECT_THAT(error("\"temper_rbr\": 1", "\"temper_rbr\": 2"), ThrowsMessage<ConfigError>(HasSubstr("version 1")));
  EXPECT_THAT(error("\"pairs\": 3", "\"pairs\": -3"), ThrowsMessage<ConfigError>(HasSubstr("expected a count")));
  EXPECT_THAT([] { ParseRbrWeights(R"({"temper_rbr": 1, "types": {}})", "w.json"); },
              ThrowsMessage<ConfigError>(HasSubstr("at least one response type")));
  EXPECT_THAT([] { ParseRbrWeights("", "w.json"); }, ThrowsMessage<ConfigError>(HasSubstr("w.json")));
}

const char kRows[] =
    "{\"prompt\": \"q\", \"response\": \"good\", \"response_type\": \"Comply\", \"score\": 2}\n\n"
    "{\"prompt\": \"q\", \"response\": \"bad\", \"response_type\": \"Comply\", \"score\": 0}\n"
    "{\"prompt\": \"q\", \"response\": \"also bad\", \"response_type\": \"Comply\", \"score\": 0}\n"
    "{\"prompt\": \"r\", \"response\": \"alone\", \"response_type\": \"Comply\", \"score\": 1}\n"
    "{\"prompt\": \"q\", \"response\": \"of another type\", \"response_type\": \"Refuse\", \"score\": 1}\n";

TEST(Completions, ArePairedWithinAPromptAndAType) {
  const auto completions = ParseCompletions(kRows, "rows.jsonl", {.needs_order = true});
  ASSERT_EQ(completions.size(), 5);
  const std::vector<std::map<std::string, double>> values = {{{"a", 1}}, {{"b", 1}}, {{"a", 1}, {"b", 0.5}}, {}, {}};
  const auto pairs = PairsOf(completions, values, std::vector<bool>(5, true), "Comply", {"a", "b"});
  ASSERT_EQ(pairs.size(), 2);  // good above each bad one; the bad ones are tied
  EXPECT_THAT(pairs[0].difference, ElementsAre(1, -1));
  EXPECT_THAT(pairs[1].difference, ElementsAre(0, -0.5));
  EXPECT_TRUE(PairsOf(completions, values, {true, false, false, true, true}, "Comply", {"a"}).empty());
}

TEST(Completions, AllHaveAResponseTypeOrNone) {
  const auto types_of = [](const std::string& rows) { return ResponseTypesOf(ParseCompletions(rows, "rows.jsonl", {})); };
  const std::string without = "{\"prompt\": \"q\", \"response\": \"r\"}\n";
  EXPECT_THAT(types_of(kRows), ElementsAre("Comply", "Refuse"));
  EXPECT_THAT(types_of(without + without), ElementsAre(""));
  EXPECT_THAT([&] { types_of(kRows + without); },
              ThrowsMessage<ConfigError>(HasSubstr("rows.jsonl:7: the row has no response type, and other rows have the type 'Refuse'")));
}

TEST(Completions, ReadConversationsAndWhatPeopleSaid) {
  const auto completions = ParseCompletions(
      R"({"prompt": [{"role": "user", "content": "x"}, {"role": "user", "content": "ask"}], "completion": [{"role": "assistant", "content": "said"}], "propositions": {"a": true, "b": false, "c": 0.25}})",
      "gold.jsonl", {.response = "completion", .needs_propositions = true});
  EXPECT_EQ(completions.at(0).prompt, "ask");
  EXPECT_EQ(completions.at(0).response, "said");
  EXPECT_THAT(completions.at(0).propositions, UnorderedElementsAre(Pair("a", 1), Pair("b", 0), Pair("c", 0.25)));
}

TEST(Completions, MistakesNameLineAndKey) {
  const auto parse = [](const std::string& text) { return [text] { ParseCompletions(text, "r.jsonl", {.needs_order = true}); }; };
  EXPECT_THAT(parse("\n{\"prompt\": 1}"), ThrowsMessage<ConfigError>(HasSubstr("r.jsonl:2: prompt")));
  EXPECT_THAT(parse("{\"prompt\": \"q\", \"response\": \"a\"}"), ThrowsMessage<ConfigError>(HasSubstr("r.jsonl:1: score")));
  EXPECT_THAT(parse("{\"prompt\": \"q\", \"response\": \"a\", \"score\": 1, \"propositions\": {\"p\": 2}}"),
              ThrowsMessage<ConfigError>(HasSubstr("propositions.p")));
  EXPECT_THAT(parse("[]"), ThrowsMessage<ConfigError>(HasSubstr("object")));
  EXPECT_THAT(parse("\n"), ThrowsMessage<ConfigError>(HasSubstr("no completions")));
}

const char kSpec[] = R"(id: tiny
version: "1"
categories:
  any: {content_policy: none, clauses: []}
propositions:
  apology: {meaning: it says sorry, phrases: [sorry]}
  gives: {meaning: it gives steps, regexes: ['\bstep \d']}
  both: {meaning: both, all: [apology, gives]}
lexical: {present: true, default_category: any}
)";

TEST(PropositionValues, AreOneOrZeroByWordsAndAModelsProbabilityElsewhere) {
  const PolicySpec spec = ParsePolicySpec(kSpec, "tiny");
  const PropositionValuer by_words(spec, {}, "tiny");
  EXPECT_THAT(by_words.ValuesOf("q", "Sorry. step 1"), UnorderedElementsAre(Pair("apology", 1), Pair("gives", 1), Pair("both", 1)));
  const PropositionValuer learned(
      spec, {{"gives", [](std::string_view, std::string_view response) { return response == "Sorry" ? 0.75 : 0.25; }}}, "tiny");
  EXPECT_THAT(learned.ValuesOf("q", "Sorry"), UnorderedElementsAre(Pair("apology", 1), Pair("gives", 0.75), Pair("both", 1)));
  EXPECT_THAT(learned.ValuesOf("q", "Sorry. step 1"), UnorderedElementsAre(Pair("apology", 1), Pair("gives", 0.25), Pair("both", 0)));
  EXPECT_THAT([&] { PropositionValuer(spec, {{"none", {}}}, "tiny"); }, ThrowsMessage<ConfigError>(HasSubstr("no proposition none")));
}

TEST(PropositionAccuracy, CountsAgreementWithPeople) {
  const auto measured = MeasurePropositions({{{"a", 1}, {"b", 0}}, {{"a", 1}}, {{"a", 0}}, {{"a", 0}}, {{"a", 0}, {"unknown", 1}}},
                                            {{{"a", 0.5}, {"b", 1}}, {{"a", 0.4}}, {{"a", 1}}, {{"a", 0}}, {{"a", 0}}});
  ASSERT_EQ(measured.size(), 2);
  const PropositionAccuracy& a = measured[0];
  EXPECT_EQ(a.proposition, "a");
  EXPECT_EQ(a.rows, 5);
  EXPECT_DOUBLE_EQ(a.accuracy(), 0.6);  // rows 1, 4 and 5
  EXPECT_DOUBLE_EQ(a.majority(), 0.6);  // always no
  EXPECT_DOUBLE_EQ(a.precision(), 0.5);
  EXPECT_DOUBLE_EQ(a.recall(), 0.5);
  EXPECT_DOUBLE_EQ(a.f1(), 0.5);
  EXPECT_EQ(measured[1].accuracy(), 0);
}

}  // namespace
}  // namespace temper
