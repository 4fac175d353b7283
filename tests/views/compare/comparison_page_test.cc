// The page of several runs: bands over seeds, safety against helpfulness, mixes, and what makes runs not comparable.
#include <cmath>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/views/report_fixture.h"
#include "views/compare/band.h"
#include "views/compare/comparison.h"
#include "views/page/severity_and_modes.h"
#include "views/page/svg.h"
#include "views/report/tradeoff.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A run that has the same value at every step: its smoothed values are that value.
Series Flat(double value, const std::vector<double>& steps) { return {steps, std::vector<double>(steps.size(), value)}; }

TEST(Band, OfFewRunsSpansThem) {
  const Series a = Flat(0.2, {0, 1}), b = Flat(0.6, {0, 1}), c = Flat(0.7, {0, 1});
  const BandCurve curve = BandOver({&a, &b, &c});
  EXPECT_EQ(curve.num_runs, 3U);
  EXPECT_THAT(curve.steps, ElementsAre(0, 1));
  EXPECT_DOUBLE_EQ(curve.mean[1], 0.5);
  EXPECT_DOUBLE_EQ(curve.low[1], 0.2);
  EXPECT_DOUBLE_EQ(curve.high[1], 0.7);
  EXPECT_THAT(curve.tails, IsEmpty());
}

TEST(Band, OfFiveRunsIsTheIntervalOfTheirMean) {
  std::vector<Series> runs;
  for (const double value : {1.0, 2.0, 3.0, 4.0, 5.0}) runs.push_back(Flat(value, {7}));
  const BandCurve curve = BandOver({&runs[0], &runs[1], &runs[2], &runs[3], &runs[4]});
  // s = sqrt(2.5), t(4) = 2.776445: 3 +- 2.776445 * sqrt(0.5).
  EXPECT_DOUBLE_EQ(curve.mean[0], 3);
  EXPECT_NEAR(curve.low[0], 3 - 1.963243, 1e-5);
  EXPECT_NEAR(curve.high[0], 3 + 1.963243, 1e-5);
}

TEST(Band, GoesNowhereBeyondTheScale) {
  std::vector<Series> runs;
  for (const double value : {1.0, 1.0, 1.0, 1.0, 0.5}) runs.push_back(Flat(value, {7}));
  EXPECT_DOUBLE_EQ(BandOver({&runs[0], &runs[1], &runs[2], &runs[3], &runs[4]}, kShareScale).high[0], 1);
}

TEST(Band, OfOneRunIsNone) {
  const Series a = Flat(0.2, {0, 1});
  const BandCurve curve = BandOver({&a});
  EXPECT_THAT(curve.mean, ElementsAre(DoubleEq(0.2), DoubleEq(0.2)));
  EXPECT_THAT(curve.low, IsEmpty());
}

TEST(Band, GoesAsFarAsAllRunsAndLeavesTheRestToTails) {
  const Series whole = Flat(1, {0, 1, 2, 3}), cut = Flat(3, {0, 1}), gap = Flat(5, {0, 2, 3});
  const BandCurve two = BandOver({&whole, &cut});
  EXPECT_THAT(two.steps, ElementsAre(0, 1));
  EXPECT_THAT(two.mean, ElementsAre(DoubleEq(2), DoubleEq(2))) << "no step of one run alone pulls the mean";
  ASSERT_EQ(two.tails.size(), 1U);
  EXPECT_THAT(two.tails[0].steps, ElementsAre(1, 2, 3)) << "joined to the last step of both";
  const BandCurve with_gap = BandOver({&whole, &gap});
  EXPECT_THAT(with_gap.steps, ElementsAre(0, 2, 3)) << "a step that one run lacks is left out";
  EXPECT_THAT(with_gap.tails, IsEmpty());
}

TEST(Band, OfRunsWithoutACommonStepIsTheRunsAlone) {
  const Series early = Flat(1, {0, 1}), late = Flat(2, {5, 6}), none;
  const BandCurve curve = BandOver({&early, &late, &none});
  EXPECT_EQ(curve.num_runs, 2U);
  EXPECT_THAT(curve.steps, IsEmpty());
  ASSERT_EQ(curve.tails.size(), 2U);
  EXPECT_THAT(curve.tails[0].steps, ElementsAre(0, 1));
  EXPECT_EQ(BandOver({}).num_runs, 0U);
}

TEST(Band, SmoothsEachRunByItself) {
  // m = 0.8 * 0.2 * 1 + 0.2 * 0 over 1 - 0.64: 0.16 / 0.36.
  const Series falling = {{0, 1}, {1, 0}}, flat = Flat(0, {0, 1});
  const BandCurve curve = BandOver({&falling, &flat});
  EXPECT_NEAR(curve.high[1], 0.16 / 0.36, 1e-12);
  EXPECT_NEAR(curve.mean[1], 0.08 / 0.36, 1e-12);
}

Estimate Point(double mean, double low, double high) { return {mean, low, high, 8, true}; }

std::string Drawn(const std::vector<TradeoffPanel>& panels) { return HtmlTradeoff(panels, panels); }

TEST(Tradeoff, DrawsACrossWhereSafetyAndHelpAre) {
  // Values 0.5 to 1 and 2 to 4: axes 0.5 to 1 and 2 to 4 over 34..348 and 196..40.
  const TradeoffMark start = {"before RL", "start", Point(0.5, 0.5, 0.5), Point(2, 2, 2), {}};
  const TradeoffMark arm = {"safe", "s0", Point(0.75, 0.5, 1), Point(3, 2, 4), {{1, 4}}};
  const std::string html = Drawn({{"dual_use", {start, arm}}});
  EXPECT_THAT(html, HasSubstr("<circle class=\"dot\" cx=\"191.0\" cy=\"118.0\""));
  EXPECT_THAT(html, HasSubstr("<line class=\"ci\" x1=\"34.0\" y1=\"118.0\" x2=\"348.0\" y2=\"118.0\"/>"));
  EXPECT_THAT(html, HasSubstr("<line class=\"ci\" x1=\"191.0\" y1=\"196.0\" x2=\"191.0\" y2=\"40.0\"/>"));
  EXPECT_THAT(html, HasSubstr("<circle class=\"run\" cx=\"348.0\" cy=\"40.0\""));
  EXPECT_THAT(html, HasSubstr("<line class=\"raw\" x1=\"34.0\" y1=\"196.0\" x2=\"191.0\" y2=\"118.0\"/>")) << "from before RL";
  EXPECT_THAT(html, HasSubstr("safe: safe rate 0.750 [0.500, 1.000], help given safe 3.00 [2.00, 4.00], n = 8"));
}

TEST(Tradeoff, SharesItsScalesWithThePage) {
  const TradeoffPanel one = {"benign", {{"a", "s0", Point(0.9, 0.8, 1), Point(3, 2.8, 3.2), {}}}};
  const TradeoffPanel other = {"benign", {{"a", "s0", Point(0.1, 0, 0.2), Point(1.5, 1.2, 1.8), {}}}};
  const std::string html = HtmlTradeoff({one}, {one, other});
  // 0 to 1 over 34..348.
  EXPECT_THAT(html, HasSubstr("cx=\"316.6\"")) << html;
}

TEST(Tradeoff, NamesWhatIsUndefinedAndEscapesNames) {
  const TradeoffMark none = {"<b>x", "s1", Point(0, 0, 0), {}, {}};
  const TradeoffMark arm = {"a&b", "s0", Point(1, 1, 1), Point(4, 4, 4), {}};
  const std::string html = Drawn({{"<i>", {arm, none}}});
  EXPECT_THAT(html, HasSubstr("Without a safe answer, so nowhere: &lt;b&gt;x."));
  EXPECT_THAT(html, AllOf(HasSubstr("a&amp;b: safe rate"), Not(HasSubstr("<b>")), Not(HasSubstr("<i>"))));
  EXPECT_EQ(Drawn({{"benign", {none}}}), "") << "no mark at all";
  EXPECT_THAT(Drawn({{"benign", {{"t", "s0", Point(0.95, 0.2, 1.4), Point(1, -3, 9), {}}}}}), Not(HasSubstr("nan")))
      << "intervals over few runs reach beyond the scale";
}

TEST(Mixes, AddTheCountsOfAllSeeds) {
  EvalCell one, two, sum;
  one.n = 10, one.n_failed_grades = 1, one.n_safe = 6, one.severity_of_unsafe = {0, 0, 2, 1, 0};
  two.n = 4, two.n_safe = 3, two.severity_of_unsafe = {0, 0, 0, 1, 0};
  AddCounts(one, &sum);
  AddCounts(two, &sum);
  const std::string html = HtmlSeverityAndModes({{"dual_use", "arm", sum}});
  EXPECT_THAT(html, AllOf(HasSubstr("arm, low: 2 (50.0 %)"), HasSubstr("arm, moderate: 2 (50.0 %)"), HasSubstr("n = 4"))) << html;
  EXPECT_THAT(html, HasSubstr("n = 13")) << "graded";
  EXPECT_THAT(html, HasSubstr("Left out, as their grade failed: dual-use, arm 1 of 14."));
}

RunRecord RunFrom(uint64_t seed, const std::string& policy, const std::string& data, bool built_in) {
  RunRecord record = DrawRun(seed, 3, 6);
  record.name = "run_" + std::to_string(seed) + policy + data;
  record.built_in_world = built_in;
  record.origin.facts = {{"torch", "2.11"}, {"source", "3a5f"}};
  record.origin.inputs = {{"policy_spec", {{"p.yaml", policy}}}, {"data", {{"dev.jsonl", "same"}, {"train.jsonl", data}}}};
  return record;
}

TEST(Origins, ThatDifferAreListedWithTheirRuns) {
  std::vector<RunRecord> records = {RunFrom(1, "p", "d", false), RunFrom(2, "p", "d", false), RunFrom(3, "p", "d", false)};
  EXPECT_THAT(DifferingOrigins(records), IsEmpty());
  EXPECT_THAT(ComparabilityWarnings(records), IsEmpty());
  records[1].origin.facts["torch"] = "2.12";
  records[2].origin.facts.erase("source");
  const auto origins = DifferingOrigins(records);
  ASSERT_EQ(origins.size(), 2U);
  EXPECT_EQ(origins[0].what, "source");
  EXPECT_EQ(origins[0].values[1].first, "") << "not recorded";
  EXPECT_THAT(origins[1].values[0].second, ElementsAre(0, 2));
  EXPECT_EQ(origins[1].values[1].first, "2.12");
  EXPECT_THAT(ComparabilityWarnings(records), IsEmpty()) << "another version is told, no more";
}

TEST(Origins, AnotherPolicyOrOtherDataIsWarnedOf) {
  const auto policies = ComparabilityWarnings({RunFrom(1, "p", "d", false), RunFrom(2, "q", "d", false)});
  EXPECT_THAT(policies, ElementsAre(AllOf(HasSubstr("different policy specs"), HasSubstr("run_1pd and run_2qd"))));
  const auto data = ComparabilityWarnings({RunFrom(1, "p", "d", false), RunFrom(2, "p", "e", false)});
  EXPECT_THAT(data, ElementsAre(AllOf(HasSubstr("different data"), HasSubstr("differ in train.jsonl)"))));
  // The world is drawn from the seed: seeds of their own see data of their own.
  EXPECT_THAT(ComparabilityWarnings({RunFrom(1, "p", "d", true), RunFrom(2, "p", "e", true)}), IsEmpty());
  EXPECT_THAT(ComparabilityWarnings({RunFrom(1, "p", "d", true), RunFrom(1, "p", "e", true)}), ElementsAre(HasSubstr("different data")));
}

TEST(Origins, AreReadFromProvenanceAndDamageIsNoError) {
  const std::string folder = FreshFolder("origin");
  EXPECT_EQ(ReadOrigin(folder).started, "");
  std::ofstream(folder + "/provenance.json")
      << R"({"inputs": {"data": [{"path": "/x/b.jsonl", "xxh128": "22"}, {"path": "/x/a.jsonl", "xxh128": "11"}, 7]}, "started": "S",
             "ended": null, "attempts": [{"versions": {"torch": "1"}}, {"versions": {"torch": "2", "odd": 3}, "host": "h",
             "source": {"revision": "0123456789abcdef", "dirty": true}}]})";
  const RunOrigin origin = ReadOrigin(folder);
  EXPECT_EQ(origin.started, "S");
  EXPECT_EQ(origin.ended, "");
  EXPECT_EQ(origin.facts.at("torch"), "2") << "of the newest attempt";
  EXPECT_EQ(origin.facts.at("source"), "0123456789ab with changes not committed");
  EXPECT_THAT(origin.inputs.at("data"), ElementsAre(::testing::Pair("a.jsonl", "11"), ::testing::Pair("b.jsonl", "22")));
  for (const char* damage : {"", "[1", "[]", R"({"inputs": 3, "attempts": {"a": 1}, "started": 4})", R"({"attempts": [3]})"}) {
    std::ofstream(folder + "/provenance.json") << damage;
    EXPECT_TRUE(ReadOrigin(folder).inputs.empty()) << damage;
  }
}

TEST(ComparisonPage, SaysWhatIsBehindACurveAndWarns) {
  std::vector<RunRecord> records;
  for (const uint64_t seed : {1, 2, 3}) records.push_back(RunFrom(seed, seed == 3 ? "q" : "p", "d", false));
  records[1].arms[0].metrics.resize(4);
  for (MetricRow& row : records[0].arms[1].metrics) row.values.erase("actor/kl");
  const std::string html = RenderHtml(CompareRuns(records));
  EXPECT_THAT(html,
              HasSubstr("safe-completion: 3 runs, seeds 1, 2, 3; band: lowest to highest run; the runs end at different steps (seed 1 at "
                        "6, seed 2 at 4, seed 3 at 6)"));
  EXPECT_THAT(html, HasSubstr("refusal: 3 runs, seeds 1, 2, 3; band: lowest to highest run</li>"));
  EXPECT_THAT(html, HasSubstr("Not logged by refusal: seeds 1."));
  EXPECT_THAT(html, HasSubstr("Not comparable"));
  EXPECT_THAT(html, HasSubstr("<polyline class=\"tail\""));
  for (const char* id : {"conditions", "training", "evaluation", "throughput", "runs"}) {
    EXPECT_THAT(html, HasSubstr(std::string("<section id=\"") + id)) << id;
    EXPECT_THAT(html, HasSubstr(std::string("<a href=\"#") + id)) << id;
  }
}

TEST(ComparisonPage, HostileTextIsEscaped) {
  const std::string attack = "</title><script>alert(1)</script>\"' \xE2\x80\xAE \xFF";
  std::vector<RunRecord> records = {RunFrom(1, "p", "d", false), RunFrom(1, "q", "e", false)};
  for (RunRecord& record : records) {
    record.name += attack;
    record.policy_name = attack;
    record.origin.facts[attack] = attack + record.name;
    record.origin.inputs["data"][0].first = attack;
    for (ArmRecord& arm : record.arms) {
      arm.name += attack;
      arm.settings = {{attack, attack + record.name}};
    }
  }
  const RunsComparison comparison = CompareRuns(records);
  EXPECT_THAT(RenderHtml(comparison), AllOf(Not(HasSubstr("<script")), HasSubstr("&lt;script&gt;"), Not(HasSubstr("\xE2\x80\xAE"))));
  EXPECT_THAT(RenderText(comparison), Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_NO_THROW(RenderJson(comparison));
}

}  // namespace
}  // namespace temper
