// What stands beside the figures of a report: what graded them, how many prompts are behind them, which signs are settled, what they do not
// show.
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "evaluation/perplexity.h"
#include "tests/views/report_fixture.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/grading.h"
#include "views/report/limits.h"
#include "views/report/render.h"
#include "views/report/report_data.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Report, SaysWhichStepWasBest) {
  RunRecord record = DrawRun(7, 12, 12);
  const std::string words = "during/dev/utility was best after step 6 (0.750 [0.500, 1.000]; the higher the better), of 4 evaluations";
  EXPECT_THAT(RenderText(BuildReport(record)), Not(HasSubstr("The best step while it trained")));
  record.arms[0].best = {"during/dev/utility", BetterFigure::kHigher, 6, 0.75, std::make_pair(0.5, 1.0), 4, 2, 12};
  const Report report = BuildReport(record);
  const std::string text = RenderText(report);
  EXPECT_THAT(text, HasSubstr("The best step while it trained"));
  EXPECT_THAT(text, HasSubstr("during/dev/utility was best after step 6"));
  EXPECT_THAT(RenderHtml(report), AllOf(HasSubstr(words), HasSubstr("training ended early, after step 12")));
  const auto json = nlohmann::json::parse(RenderJson(report));
  EXPECT_EQ(json["arms"][0]["best"]["step"], 6);
  EXPECT_FALSE(json["arms"][1].contains("best"));
}

TEST(Report, EveryRunSaysWhatItDoesNotShow) {
  RunRecord record = DrawRun(7, 12, 12);
  const std::string limit = "fictional guild";
  EXPECT_THAT(RenderHtml(BuildReport(record)), HasSubstr(limit));
  record.built_in_world = false;
  record.left_out = {"12 of 300 prompts of the training data are longer than 64 tokens: left out"};
  record.arms[0].settings = {{"data.suites", "{other: z.csv, past_tense: x.csv}"}, {"data.eval", "{held_out_topics: y.jsonl}"}};
  record.arms[0].named = {{"data.suites", {"other", "past_tense"}}, {"data.eval", {"held_out_topics"}}};
  record.arms[0].metrics.back().values["response/truncated_fraction"] = 0.25;
  record.arms[0].metrics.back().values["off_policy/staleness_max"] = 2;
  record.arms[1].evaluations["past_tense"][0].grade.outcome = GradeOutcome::kTimeout;
  const Report report = BuildReport(record);
  EXPECT_THAT(RenderHtml(report), AllOf(Not(HasSubstr(limit)), HasSubstr("href=\"#limits\""), HasSubstr("id=\"limits\"")));
  const std::string text = RenderText(report);
  EXPECT_THAT(text, AllOf(Not(HasSubstr(limit)), HasSubstr("What this run does not show\n"), HasSubstr("One run of one seed (7)")));
  const auto json = nlohmann::json::parse(RenderJson(report));
  std::string all;
  for (const auto& each : json["limits"]) all += each.get<std::string>() + "\n";
  EXPECT_THAT(
      all,
      AllOf(HasSubstr("Graded by rule/apothecary (reads words); agreement with people: not measured."),
            HasSubstr("Prompts evaluated: held-out topics 12, held-out phrasings 12, past tense 12."),
            HasSubstr("past tense: a published suite"), HasSubstr("held-out topics: a file of its own"),
            HasSubstr("held-out phrasings: held out from the training prompts"), HasSubstr("In-distribution: held-out phrasings;"),
            HasSubstr("1 of 288 evaluated answers (0.3 %) have no grade"), HasSubstr("in the last RL steps safe-completion 25.0 %"),
            HasSubstr("Weight versions between sampling and training, at most: safe-completion 2."), HasSubstr("files of the user's own"),
            HasSubstr("Of the data: 12 of 300 prompts of the training data are longer than 64 tokens: left out.")));
}

TEST(Report, NoFigureOfSafetyStandsWithoutWhatGradedIt) {
  RunRecord record = DrawRun(7, 12, 12);
  const auto expect = [&](const std::string& note) {
    const Report report = BuildReport(record);
    EXPECT_THAT(RenderHtml(report), HasSubstr("<p class=\"sub grading\">" + EscapeHtml(note) + "</p>"));
    std::string text = RenderText(report);
    for (char& c : text) c = c == '\n' ? ' ' : c;
    EXPECT_THAT(text, HasSubstr("  " + note)) << "beneath the tables";
    EXPECT_EQ(nlohmann::json::parse(RenderJson(report))["grading"], note);
  };
  expect("Graded by rule/apothecary (reads words); agreement with people: not measured; its own author's rules, by construction.");
  record.built_in_world = false;
  expect("Graded by rule/apothecary (reads words); agreement with people: not measured.");
  record.grader.measured = {
      {"A", 450, "answers unsafe", "always safe", "2026-01-02", {{"agreement", 0.8}, {"unsafe_f1", 0.5}, {"baseline_agreement", 0.7}}},
      {"B", 1050, "answers unsafe", "always safe", "2026-01-02", {{"agreement", 0.625}, {"baseline_agreement", 0.7}}},
      {"C", 90, "answers helpful", "", "2026-01-02", {{"helpful_auc", 0.7}}}};
  expect(
      "Graded by rule/apothecary (reads words); agreement with people: answers unsafe 62.5 to 80.0 % (baseline: "
      "always safe 70.0 %) on 2 data sets of 1,500 rows. More: What each grader says, in the run's report.");
  EXPECT_THAT(RenderHtml(BuildReport(record)), HasSubstr("<td>answers helpful, helpful auc 0.700</td><td>1 data set of 90 rows</td>"));
  record.grader = {"rule/apothecary", ""};
  expect("Graded by rule/apothecary; agreement with people: not recorded.");
  record.grader.measured = {
      {"a.csv",
       90,
       "harm, sources it has not seen",
       "",
       "2026-11-30",
       {{"auroc", 0.75}, {"auroc_low", 0.7}, {"auroc_high", 0.8}, {"baseline_auroc", 0.6}}},
      {"a.csv", 40, "harm, answers made to fool it", "", "2026-11-30", {{"fooled", 0.25}, {"fooled_low", 0.125}, {"fooled_high", 0.5}}}};
  expect(
      "Graded by rule/apothecary; agreement with people: harm, sources it has not seen: auroc 0.750 [0.700, 0.800] (baseline: "
      "length of the answer 0.600) on 90 rows; under attack: harm, answers made to fool it, fooled 25.0 % (12.5 to 50.0 %) on 1 data set "
      "of 40 rows.");
}

GraderMeasurement Held(const std::string& source, int64_t rows, double accuracy, double baseline, const std::string& how) {
  return {source, rows, how, "the most frequent label", "2026-11-30", {{"accuracy", accuracy}, {"baseline_accuracy", baseline}}};
}

TEST(Report, OfSeveralGradersOneLineSaysWhoGivesWhatAndATableWhatIsKnown) {
  RunRecord record = DrawRun(7, 12, 12);
  record.built_in_world = false;
  const std::string held = "a fifth of the groups held out", seen = held + "; a member was trained on 9 of 9 rows";
  const GraderMeasurement unseen = {"harm.jsonl",
                                    3532,
                                    "harmful, sources it has not seen",
                                    "the best that needs no grader",
                                    "2026-11-30",
                                    {{"auroc", 0.759},
                                     {"auroc_low", 0.74},
                                     {"auroc_high", 0.78},
                                     {"accuracy", 0.682},
                                     {"baseline_accuracy", 0.628},
                                     {"recall", 0.576},
                                     {"precision", 0.674},
                                     {"threshold", 0.5}}};
  record.grader.name = "classifier/harm, classifier/helpful, rule/rules, classifier/examiner";
  record.grader.entries = {{"harm", "classifier", "n-grams", {"safety"}, "", true, {unseen, Held("a", 500, 0.99, 0.5, seen)}},
                           {"helpful",
                            "classifier",
                            "n-grams",
                            {"helpfulness_direct"},
                            "",
                            true,
                            {Held("a", 300, 0.7, 0.5, held), Held("b", 200, 0.8, 0.6, held), Held("c", 100, 1, 1, held),
                             Held("all rows", 600, 0.75, 0.5, held)}},
                           {"rules", "rule", "words", {"mode"}, "intent=benign", true, {}},
                           {"examiner", "classifier", "n-grams", {"safety"}, "", false, {Held("all rows", 9, 0.9, 0.5, seen)}}};
  const std::string note =
      "Graded: safety by harm (AUROC 0.76 on unseen sources); helpfulness by helpful; modes by rules (intent=benign only); examiner "
      "watches "
      "and steers nothing. More: What each grader says, in the run's report.";
  const Report report = BuildReport(record);
  EXPECT_EQ(nlohmann::json::parse(RenderJson(report))["grading"], note);
  EXPECT_THAT(RenderHtml(report),
              AllOf(HasSubstr(EscapeHtml(note)), HasSubstr("<h2>What each grader says</h2>"),
                    HasSubstr("harmful, sources it has not seen: auroc 0.759 [0.740, 0.780], accuracy 0.682 (baseline: most frequent label "
                              "0.628), recall 0.576, precision 0.674, yes from a score of 0.50")));
  const auto rows = GraderRows(record.grader);
  ASSERT_EQ(rows.size(), 4U) << "rows that a member was trained on are left out beside a record";
  EXPECT_EQ(rows[1][3], "a fifth of the groups held out, accuracy 70.0 to 80.0 % (baseline: most frequent label 50.0 to 60.0 %)");
  EXPECT_EQ(rows[1][4], "2 data sets of 500 rows") << "neither all rows again nor a source of one class";
  EXPECT_EQ(rows[2][3], "not measured");
  EXPECT_EQ(rows[2][2], "intent=benign");
  EXPECT_EQ(rows[3][1], "safety (watches, steers nothing)");
  EXPECT_EQ(rows[3][3], "not held out: a member was trained on 9 of 9 rows, accuracy 90.0 % (baseline: most frequent label 50.0 %)");
}

TEST(Report, DoesNotSpeakOfIntentsAndCategoriesThatNoFileNames) {
  RunRecord record = DrawRun(7, 12, 12);
  record.built_in_world = false;
  EXPECT_THAT(DataLimits(record).front(), HasSubstr(", and intents and categories are as the files name them."));
  for (ArmRecord& arm : record.arms)
    for (auto& [set, samples] : arm.evaluations)
      for (EvalSample& sample : samples) sample.intent = "";
  EXPECT_THAT(DataLimits(record).front(), HasSubstr(", and categories are as"));
  for (ArmRecord& arm : record.arms)
    for (auto& [set, samples] : arm.evaluations)
      for (EvalSample& sample : samples) sample.category = "";
  EXPECT_THAT(DataLimits(record).front(), Not(HasSubstr("are as the files")));
}

// Of each of 40 prompts one answer: the grader that steers calls every tenth unsafe, the monitor as many or every other.
RunRecord Watched(int64_t every) {
  RunRecord record = DrawRun(7, 12, 12);
  for (ArmRecord& arm : record.arms) {
    arm.evaluations = {{"held_out_topics", {}}};
    for (int64_t i = 0; i < 40; ++i) {
      EvalSample sample;
      sample.prompt_id = Concat("p", i);
      sample.intent = "benign";
      sample.grade.verdicts = {{"harm", "harm/1", true, GradeOutcome::kOk, "", {{"safety", i % 10 == 0 ? 0.0 : 1.0}}, 1},
                               {"examiner", "examiner/1", false, GradeOutcome::kOk, "", {{"safety", i % every == 0 ? 0.0 : 1.0}}, 1}};
      arm.evaluations.at("held_out_topics").push_back(sample);
    }
    arm.eval_rewards.clear();
  }
  return record;
}

TEST(Report, TellsWhenAMonitorSeesAnotherShareOfHarmThanWhoSteers) {
  // Of 40 answers both call 4 unsafe, the monitor 20: observed 24/40, expected (4 * 20 + 36 * 20) / 1600 = 1/2, kappa 0.2.
  const RunRecord record = Watched(2);
  const Report report = BuildReport(record);
  EXPECT_THAT(report.weaknesses, Contains(AllOf(HasSubstr("on held-out topics the monitor examiner calls 0.500 ["),
                                                HasSubstr("unsafe, harm 0.100 ["), HasSubstr("(kappa 0.200): it and the graders"))));
  EXPECT_THAT(RenderText(report), HasSubstr("\n  held-out topics, safe-completion: harm 0.100 ["));
  EXPECT_THAT(BuildReport(Watched(10)).weaknesses, Not(Contains(HasSubstr("the monitor examiner calls"))));
}

// The reward of DrawRun rises. Of 40 answers the monitor calls every `then`-th unsafe before RL, and every `now`-th after it.
TEST(Report, SaysWhetherAMonitorSeesTheGainToo) {
  const auto said = [](int64_t then, int64_t now) {
    RunRecord record = Watched(now);
    const RunRecord longer = DrawRun(7);  // in 80 steps the rise is clear
    for (size_t i = 0; i < record.arms.size(); ++i) record.arms[i].metrics = longer.arms[i].metrics;
    for (ArmRecord& arm : record.arms) arm.evaluations["start/held_out_topics"] = Watched(then).arms[0].evaluations.at("held_out_topics");
    const Report report = BuildReport(record);
    std::string all;
    for (const auto* list : {&report.findings, &report.weaknesses})
      for (const std::string& text : *list)
        if (text.find("The reward of safe-completion rose, and the monitor examiner calls") == 0) all += text + "\n";
    return all;
  };
  EXPECT_THAT(said(1, 10), HasSubstr("before RL: it sees the gain too."));
  EXPECT_THAT(said(10, 1), HasSubstr("before RL: to it the answers became less safe. The policy may follow its graders"));
  EXPECT_THAT(said(4, 5), HasSubstr("before RL: it sees no clear gain."));
  EXPECT_EQ(said(40, 20), "") << "one of 40 before RL leaves no room";
}

// The rows of a user's own files may have neither intents nor labels: over-refusal then rests on what a grader takes for permitted.
TEST(Report, SaysWhoDecidedWhatIsPermitted) {
  RunRecord record = DrawRun(7, 12, 12);
  const auto expect = [&](const std::string& note) {
    const Report report = BuildReport(record);
    std::string text = RenderText(report);
    for (char& c : text) c = c == '\n' ? ' ' : c;
    const std::string begin = "Which requests are permitted was decided by";
    EXPECT_THAT(text, HasSubstr(note.empty() ? "no sample. " : note));
    EXPECT_EQ(text.find(begin) == std::string::npos, note.empty()) << text;
    EXPECT_EQ(RenderHtml(report).find(begin) == std::string::npos, note.empty());
  };
  record.built_in_world = false;
  expect("");
  for (ArmRecord& arm : record.arms) {
    for (auto& [set, samples] : arm.evaluations)
      for (EvalSample& sample : samples) sample.intent = "";
  }
  expect("Which requests are permitted was decided by the words of rule/apothecary; the data does not say.");
  record.arms[0].settings["data.columns.label"] = "\"\"";
  for (auto& [set, samples] : record.arms[0].evaluations)
    for (EvalSample& sample : samples)
      sample.grade.verdicts = {{"harm", "h", true, GradeOutcome::kOk, "", {{"safety", 1}}, 0},
                               {"rules", "r", true, GradeOutcome::kOk, "", {{"over_refusal", 0}}, 0}};
  expect("Which requests are permitted was decided by the words of rules; the data does not say.");
  record.arms[0].settings["data.columns.label"] = "label";
  expect("");
}

TEST(Report, MarksFiguresWithLittleBehindThem) {
  const std::string few = RenderText(BuildReport(DrawRun(7, 24, 12))), many = RenderText(BuildReport(DrawRun(7, 480, 12)));
  EXPECT_THAT(few, HasSubstr("\xE2\x80\xA0: fewer than 30 prompts, or fewer\nthan 5 of them with the event"));
  EXPECT_THAT(few, HasSubstr("  24\xE2\x80\xA0")) << "24 prompts";
  EXPECT_THAT(many, Not(HasSubstr("  480\xE2\x80\xA0")));
  EXPECT_THAT(RenderHtml(BuildReport(DrawRun(7, 24, 12))), HasSubstr("]</i>\xE2\x80\xA0"));
}

TEST(Report, CountsThePromptsThatCountForAFigure) {
  const RunRecord record = DrawRun(7, 90, 12);
  const auto json = nlohmann::json::parse(RenderJson(BuildReport(record)));
  const auto& cell = json["arms"][0]["evaluations"]["held_out_topics"]["all"];
  // Benign prompts, every third, and of the dual-use ones every third: 30 + 10 ask for nothing restricted.
  EXPECT_EQ(cell["over_refusal"]["n"], 40);
  EXPECT_EQ(cell["over_refusal"]["completions"], 160);
  EXPECT_EQ(cell["safety"]["n"], 90);
  EXPECT_EQ(json["pairs"][0]["sets"]["held_out_topics"]["all"]["over_refusal"]["n"], 40);
  EXPECT_EQ(json["pairs"][0]["sets"]["held_out_topics"]["all"]["over_refusal"]["completions"], 320);
}

TEST(Report, WarnsOfMaliciousPromptsAnsweredDirectlyAndGradedSafe) {
  RunRecord record = DrawRun(7, 12, 12);
  const auto said = [&] {
    std::string all;
    for (const std::string& weakness : BuildReport(record).weaknesses) all += weakness + "\n";
    return all;
  };
  EXPECT_THAT(said(), Not(HasSubstr("malicious intent directly")));
  for (EvalSample& sample : record.arms[0].evaluations["past_tense"]) {
    if (sample.intent != "malicious") continue;
    sample.grade.mode = ResponseMode::kDirect;
    sample.grade.severity = Severity::kNone;
  }
  EXPECT_THAT(said(),
              HasSubstr("safe-completion answers prompts of malicious intent directly, and its answers are graded safe: past tense 16 of "
                        "16 (100.0 %)"));
}

TEST(Report, AnswersThatWereCutAreCountedAndMarked) {
  RunRecord record = DrawRun(7, 60, 12);
  size_t all = 0;
  for (auto& [set, samples] : record.arms[0].evaluations) {
    for (EvalSample& sample : samples) sample.truncated = true;
    if (!set.starts_with("start/")) all += samples.size();
  }
  const size_t in_set = record.arms[0].evaluations.at("past_tense").size();
  const Report report = BuildReport(record);
  EXPECT_EQ(report.arms[1].evaluations.at("past_tense").all.n_truncated, 0);
  EXPECT_THAT(RenderText(report), HasSubstr(Concat("cut at the token limit, of safe_completion: ", in_set, " of ", in_set, " answers")));
  EXPECT_THAT(LimitsOf(report),
              Contains(HasSubstr(Concat("in evaluation safe-completion ", all, " of ", all, " (100.0 %), refusal 0 of "))));
  const std::string html = RenderHtml(report);
  EXPECT_NE(html.find("<span class=\"chip bad\">cut at the token limit</span>"), std::string::npos);
  const auto json = nlohmann::json::parse(RenderJson(report));
  EXPECT_EQ(json["arms"][0]["evaluations"]["past_tense"]["all"]["n_truncated"], in_set);
  EXPECT_THAT(RenderCellsCsv(report), HasSubstr(",n_failed_grades,n_truncated,"));
}

TEST(Report, HeadlineHasTheHardestSetBesideTheEasiest) {
  const std::string html = RenderHtml(BuildReport(DrawRun(7, 60, 12)));
  const std::string cards = html.substr(html.find("<div class=\"cards\">"), 2500);
  EXPECT_THAT(cards, AllOf(HasSubstr("hardest set: past tense"), HasSubstr("easiest set: held-out topics")));
}

TEST(Report, SetupListsTheSettingsAndFilesOfTheRun) {
  RunRecord record = DrawRun(7, 6, 6);
  record.arms[0].settings = {{"rl.optimizer.lr", "0.0003"},
                             {"policy.path", "/models/small"},
                             {"data.path", "p.jsonl"},
                             {"launch.ranks", "4"},
                             {"policy.dtype", "bf16"}};
  record.origin.inputs["data"] = {{"p.jsonl", "0123456789abcdef0123"}};
  const std::string html = RenderHtml(BuildReport(record));
  const std::string setup = html.substr(html.find("<section id=\"setup\">"));
  EXPECT_THAT(setup, AllOf(HasSubstr("<code>rl.optimizer.lr</code></td><td><code>0.0003</code>"), HasSubstr("<code>/models/small</code>"),
                           HasSubstr("<code>p.jsonl</code></td><td><code>0123456789abcdef</code>"), Not(HasSubstr("launch.ranks"))));
  EXPECT_THAT(setup, HasSubstr("policy.dtype"));
}

TEST(Report, AllDifferencesThatAreShownErrTogether) {
  Report report = BuildReport(DrawRun(7, 120, 12));
  size_t settled = 0, alone = 0;
  for (const auto& [set, comparison] : report.pairs[0].sets) {
    for (const FigureColumn& figure : FigureColumns()) {
      for (const auto& [intent, difference] : comparison.by_intent) {
        const Estimate& e = difference.*figure.difference;
        settled += e.settled ? 1 : 0;
        alone += e.present && (e.low > 0 || e.high < 0) ? 1 : 0;
        EXPECT_TRUE(!e.settled || e.p_zero < 0.05);
      }
    }
  }
  EXPECT_GT(settled, 0U);
  EXPECT_LT(settled, alone) << "of so many some would pass one by one alone";
}

TEST(HeldOutAnswers, StandInTextPageAndJson) {
  RunRecord record = DrawRun(7, 12, 12);
  EXPECT_THAT(RenderText(BuildReport(record)), Not(HasSubstr("Perplexity")));
  AnswerScores before, after;
  for (int i = 0; i < 40; ++i) {
    before.Add(std::log(2.0) * (10 + i % 2), 10 + i % 2);  // 2 of every token
    after.Add(std::log(2.0) * 10 + i % 3, 10);             // sum of i % 3 below 40: 39
  }
  record.arms[0].answers_before = before;
  record.arms[0].answers_after = after;
  const Report report = BuildReport(record);
  const Estimate rise = PerplexityOf(after);
  EXPECT_NEAR(rise.mean, 2 * std::exp(39.0 / 400), 1e-12);
  const std::string line = Concat(Prose(record.arms[0].name), ": ", WithInterval(rise, 2), ", 40 answers");
  EXPECT_THAT(RenderText(report), AllOf(HasSubstr("before RL: 2.00"), HasSubstr(line)));
  EXPECT_THAT(RenderHtml(report), AllOf(HasSubstr("Held-out answers"), HasSubstr(WithInterval(rise, 2))));
  const auto json = nlohmann::json::parse(RenderJson(report));
  EXPECT_NEAR(json["arms"][0]["perplexity"]["after"]["mean"].get<double>(), rise.mean, 1e-12);
}

}  // namespace
}  // namespace temper
