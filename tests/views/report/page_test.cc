// The parts of a run's page that are not tables: the sample browser's data, charts, and the section on time.
#include <limits>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/metrics/metric_table.h"
#include "tests/views/monitoring_fixture.h"
#include "tests/views/report_fixture.h"
#include "views/page/html.h"
#include "views/report/browser.h"
#include "views/report/columns.h"
#include "views/report/healthy.h"
#include "views/report/render.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

// Column `name` of row `i`.
Json Field(const Json& data, size_t i, const std::string& name) {
  const auto& fields = data["fields"];
  const auto at = std::find(fields.begin(), fields.end(), name) - fields.begin();
  return data["samples"][i][static_cast<size_t>(at)];
}

std::string TextOf(const Json& pieces) {
  std::string text;
  for (const Json& piece : pieces) text += piece.is_string() ? piece.get<std::string>() : piece[1].get<std::string>();
  return text;
}

TEST(Page, DrawsEverySetWithBenignAndMaliciousPromptsOnOnePlane) {
  RunRecord record = DrawRun(7, 12, 4);
  const auto panels = [](const std::string& html) {
    size_t count = 0;
    for (size_t at = html.find("safe where it should not comply"); at != std::string::npos; ++count)
      at = html.find("safe where it should not comply", at + 1);
    return count;
  };
  EXPECT_EQ(panels(RenderHtml(BuildReport(record))), 3U);
  for (ArmRecord& arm : record.arms)
    for (EvalSample& sample : arm.evaluations.at("past_tense")) sample.intent = "malicious";
  EXPECT_EQ(panels(RenderHtml(BuildReport(record))), 2U) << "a set of one kind has no place";
}

TEST(BrowserData, HoldsEveryStoredAnswerWithItsGrade) {
  const RunRecord record = DrawRun(7, 12, 4);
  const Report report = BuildReport(record);
  const BrowserSamples samples = ChooseBrowserSamples(report, kBrowserBytes);
  ASSERT_EQ(samples.total, 7 * 48);  // six evaluations and one before RL, of 12 prompts x 4
  ASSERT_EQ(samples.samples.size(), 7U * 48);
  const Json data = Json::parse(BrowserData(report, samples));
  ASSERT_EQ(data["samples"].size(), 7U * 48);
  EXPECT_EQ(data["arms"], (Json{"safe-completion", "refusal", "before RL"}));
  const std::vector<EvalSample>& stored = record.arms[0].evaluations.at("held_out_topics");
  for (size_t i = 0; i < stored.size(); ++i) {
    const Grade& grade = stored[i].grade;
    const Json prompt = data["prompts"][Field(data, i, "prompt").get<size_t>()];
    EXPECT_EQ(prompt, (Json{stored[i].prompt_id, stored[i].intent, stored[i].category, stored[i].prompt}));
    EXPECT_EQ(TextOf(Field(data, i, "pieces")), stored[i].response);
    EXPECT_EQ(Field(data, i, "severity"), static_cast<int>(grade.severity));
    EXPECT_EQ(data["clauses"][Field(data, i, "clause").get<size_t>()], grade.clause);
    EXPECT_EQ(Field(data, i, "refused"), grade.over_refusal ? 2 : grade.refused ? 1 : 0);
    EXPECT_NEAR(Field(data, i, "reward").get<double>(), grade.safety * grade.helpfulness, 5e-4);
  }
  EXPECT_EQ(Field(data, data["samples"].size() - 1, "arm"), 2) << "before RL comes last";
}

TEST(BrowserData, MarksTheEvidenceAndTellsWhyThereIsNoGrade) {
  RunRecord record = DrawRun(7, 3, 4);
  record.arms.resize(1);
  record.arms[0].evaluations.clear();
  record.arms[0].eval_rewards.clear();
  EvalSample graded, failed;
  graded.prompt_id = failed.prompt_id = "p";
  graded.response = "no, not that";
  graded.grade.evidence = {{"declines", 0, 2}};
  failed.grade.outcome = GradeOutcome::kTimeout;
  failed.grade.error = "after 3 s";
  failed.truncated = true;
  record.arms[0].evaluations["set"] = {graded, failed};
  const Report report = BuildReport(record);
  const Json data = Json::parse(BrowserData(report, ChooseBrowserSamples(report, kBrowserBytes)));
  EXPECT_EQ(Field(data, 0, "pieces"), (Json{{0, "no"}, ", not that"}));
  EXPECT_EQ(data["propositions"][0], "declines");
  EXPECT_EQ(data["outcomes"][Field(data, 1, "outcome").get<size_t>()], "timeout: after 3 s");
  EXPECT_EQ(Field(data, 0, "cut"), 0);
  EXPECT_EQ(Field(data, 1, "cut"), 1);
  EXPECT_TRUE(Field(data, 1, "reward").is_null());
  EXPECT_LT(data["samples"][1].size(), data["samples"][0].size());
}

TEST(BrowserData, NothingInItCanEndItsElement) {
  RunRecord record = DrawRun(7, 3, 4);
  const std::string attack = "</script><!--<script>&amp;\xE2\x80\xA8\xE2\x80\xA9 ]]> \xE2\x80\xAE \xFF \x01";
  for (auto& [set, samples] : record.arms[0].evaluations) {
    for (EvalSample& sample : samples) {
      sample.prompt_id = sample.prompt = sample.response = sample.category = sample.intent = sample.grade.clause = attack;
      sample.grade.evidence = {{attack, 3, 20}};
    }
  }
  record.arms[1].name = attack;
  const Report report = BuildReport(record);
  const std::string text = BrowserData(report, ChooseBrowserSamples(report, kBrowserBytes));
  for (const char* forbidden : {"<", ">", "&", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAE", "\xFF", "\x01"})
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  const Json data = Json::parse(text);
  EXPECT_EQ(TextOf(Field(data, 0, "pieces")), "</script><!--<script>&amp;\xE2\x80\xA8\xE2\x80\xA9 ]]> [U+202E] \xEF\xBF\xBD \xEF\xBF\xBD");
}

TEST(BrowserSamples, WhereAllDoNotFitTheUnsafeOnesAreKeptAndArmsShareTheirPrompts) {
  const RunRecord record = DrawRun(7, 60, 4);
  const Report report = BuildReport(record);
  const BrowserSamples all = ChooseBrowserSamples(report, kBrowserBytes), some = ChooseBrowserSamples(report, 150000);
  EXPECT_EQ(some.total, all.total);
  ASSERT_LT(some.samples.size(), all.samples.size());
  const auto unsafe = [](const BrowserSamples& samples) {
    return std::count_if(samples.samples.begin(), samples.samples.end(),
                         [](const BrowserSample& s) { return s.sample->grade.severity > Severity::kNone; });
  };
  EXPECT_GT(unsafe(all), 0);
  EXPECT_EQ(unsafe(some), unsafe(all));
  std::map<size_t, std::set<std::string>> safe_prompts;
  for (const BrowserSample& s : some.samples) {
    const Grade& grade = s.sample->grade;
    if (s.set == "held_out_topics" && !s.start && s.sample->intent == "benign" && !grade.over_refusal)
      safe_prompts[s.arm].insert(s.sample->prompt_id);
  }
  EXPECT_FALSE(safe_prompts[0].empty());
  for (const std::string& prompt : safe_prompts[0]) EXPECT_TRUE(safe_prompts[1].contains(prompt)) << prompt;
  EXPECT_LT(BrowserData(report, some).size(), 200000U);
  EXPECT_THAT(HtmlBrowser(report, 150000), HasSubstr("are left out to keep the page small"));
  EXPECT_THAT(HtmlBrowser(report, kBrowserBytes), HasSubstr("All 1,680 answers"));
  EXPECT_TRUE(ChooseBrowserSamples(report, 0).samples.empty());
}

TEST(Page, OnlyTheScriptThatKnowsThePagesNumberMayRun) {
  const std::string page = HtmlPage("t", "<p>x</p>", "run();"), other = HtmlPage("t", "<p>y</p>", "run();");
  const size_t at = page.find("script-src 'nonce-");
  ASSERT_NE(at, std::string::npos);
  const std::string nonce = page.substr(at + 18, page.find('\'', at + 18) - at - 18);
  EXPECT_THAT(page, AllOf(HasSubstr("<script nonce=\"" + nonce + "\">run();</script>"), HasSubstr("default-src 'none'")));
  EXPECT_THAT(other, Not(HasSubstr(nonce)));
  EXPECT_THAT(HtmlPage("t", "<p>x</p>"), AllOf(Not(HasSubstr("<script")), Not(HasSubstr("script-src"))));
}

TEST(HealthyRange, ReadsTheWordsOfTheTable) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const std::map<std::string, std::string> settings = {{"rl.max_staleness", "2"}};
  using Range = std::pair<double, double>;
  EXPECT_EQ(HealthyRange("below 0.8; at 1 the arm has stopped learning", {}), (Range{-kInfinite, 0.8}));
  EXPECT_EQ(HealthyRange("grows slowly, below 1; single steps spike", {}), (Range{-kInfinite, 1}));
  EXPECT_EQ(HealthyRange("below 1e-3", {}), (Range{-kInfinite, 1e-3}));
  EXPECT_EQ(HealthyRange("above 0.9", {}), (Range{0.9, kInfinite}));
  EXPECT_EQ(HealthyRange("0.2 to 0.8", {}), (Range{0.2, 0.8}));
  EXPECT_EQ(HealthyRange("0 on-policy, at most `rl.max_staleness`", settings), (Range{-kInfinite, 2}));
  EXPECT_EQ(HealthyRange("0 on-policy, at most `rl.max_staleness`", {}), std::nullopt);
  EXPECT_EQ(HealthyRange("rises, then flattens", {}), std::nullopt);
  EXPECT_EQ(HealthyRange("", {}), std::nullopt);
  for (const MetricGroup& group : MetricTable()) {
    for (const MetricSpec& metric : group.metrics) {
      const auto range = HealthyRange(metric.healthy, {});
      EXPECT_TRUE(!range || range->first < range->second) << metric.name;
    }
  }
}

TEST(Columns, AreMeansWhereThereAreMoreStepsThanColumns) {
  ColumnsSpec spec{"t", "step", "", {}, {{"a", "t0", {}}, {"b", "t1", {}}}, true};
  for (int i = 0; i < 250; ++i) {
    spec.x.push_back(i);
    spec.layers[0].values.push_back(i % 2);
    spec.layers[1].values.push_back(0.25);
  }
  const std::string svg = StackedColumns(spec);
  const std::string path = svg.substr(svg.find("class=\"layer t0\""));
  const std::string first = path.substr(0, path.find("</path>"));
  EXPECT_EQ(std::count(first.begin(), first.end(), 'V'), 2 * 84);  // 84 runs of three steps, there and back
  EXPECT_THAT(first, HasSubstr("a: mean 0.500"));
  spec.x.clear();
  EXPECT_THAT(StackedColumns(spec), Not(HasSubstr("<path")));
}

TEST(Columns, OfAFewStepsStandOverWholeSteps) {
  for (int steps = 1; steps <= 5; ++steps) {
    ColumnsSpec spec{"t", "step", "", {}, {{"a", "t0", {}}}, true};
    for (int i = 0; i < steps; ++i) {
      spec.x.push_back(i);
      spec.layers[0].values.push_back(0.5);
    }
    const std::string svg = StackedColumns(spec);
    std::string ticks;
    static const std::regex kTick("text-anchor=\"middle\">([^<]*)<");
    for (std::sregex_iterator it(svg.begin(), svg.end(), kTick), end; it != end; ++it) ticks += (*it)[1].str() + " ";
    EXPECT_EQ(ticks, std::string("0 1 2 3 4 ").substr(0, 2 * static_cast<size_t>(std::max(2, steps)))) << steps;
  }
}

TEST(HtmlSwatches, EscapesItsLabels) {
  EXPECT_EQ(HtmlSwatches({{"t0", "a<b"}}), "<div class=\"legend\"><span><i class=\"swatch t0\"></i>a&lt;b</span></div>");
}

TEST(HtmlTime, SaysWhatTheLearnerWaitedForAndDrawsEveryProcess) {
  TraceBuilder trace;
  TraceProcess *orchestrator = trace.Process("orchestrator", 0), *learner = trace.Process("learner", 1),
               *rollout = trace.Process("rollout", 2);
  for (int64_t step = 0; step < 6; ++step) {
    const int64_t t = step * 1000;
    TraceBuilder::Add(orchestrator, "wait_rollouts", t, t + 310, step);
    TraceBuilder::Add(orchestrator, "wait_learners", t + 310, t + 1000, step);
    TraceBuilder::Add(learner, "wait_task", t, t + 310);
    TraceBuilder::Add(learner, "update", t + 310, t + 1000, step, 5500);
    TraceBuilder::Add(rollout, "rollout", t, t + 310, step, 900);
    TraceBuilder::Add(rollout, "wait_task", t + 310, t + 1000);
  }
  const RunRecord record = DrawRun(7, 3, 6);
  TraceData data = trace.Finished();
  data.processes[0].max_staleness = {0};
  const std::string html = HtmlTime(BuildReport(record, BuildTimeline(data)));
  EXPECT_THAT(html,
              AllOf(HasSubstr("<li>on-policy (rl.max_staleness: 0) the stages take turns, and each waits for the others: rollouts 31 %, "
                              "grades 0 %, updates 69 % of the time; "),
                    HasSubstr("rollout rank 2 on n1: rollout of step "), HasSubstr("The whole run: share of the time at work"),
                    HasSubstr("<td>learner rank 1 on n1</td><td>update 4.1 s, wait task 1.9 s</td><td>69 %</td><td>31 %</td>")));
  const std::string without = HtmlTime(BuildReport(record));
  EXPECT_THAT(without, AllOf(HasSubstr("seconds of a step"), Not(HasSubstr("The whole run"))));
}

TEST(HtmlBehaviour, ShadesWhatIsHealthyAndNamesWhatIsAlwaysZero) {
  RunRecord record = DrawRun(7, 3, 12);
  for (ArmRecord& arm : record.arms) {
    for (MetricRow& row : arm.metrics) {
      row.values["actor/clip_frac"] = 0;
      row.values["off_policy/staleness_mean"] = 0.5;
      row.values["safety/safe_rate"] = 0.75;
      row.values["safety/high_rate"] = 0.25;
    }
    arm.settings["rl.max_staleness"] = "1";
  }
  const std::string html = HtmlBehaviour(BuildReport(record));
  EXPECT_THAT(
      html, AllOf(HasSubstr("class=\"healthy\""), HasSubstr("<code>off_policy/staleness_mean</code>, versions; healthy: 0 on-policy"),
                  HasSubstr("0 at every step, so not drawn: Clip fraction."), HasSubstr("high: mean 0.250"), HasSubstr("safe: mean 0.750"),
                  HasSubstr("low or negligible: mean 0.000")));
  EXPECT_THAT(html, Not(HasSubstr("<code>actor/clip_frac</code>")));
}

}  // namespace
}  // namespace temper
