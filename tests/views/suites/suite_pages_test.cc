#include "views/suites/suite_pages.h"

#include <gmock/gmock.h>

#include "evaluation/suites/suite.h"
#include "views/suites/plane.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Estimate Point(double mean, double low, double high) { return {mean, low, high, 8, true}; }

TEST(Plane, DrawsPoliciesInItsCorners) {
  // 0 to 1 over x 34..348 and y 228..40.
  const PlaneMark always = {"always", "s0", Point(1, 0.9, 1), Point(1, 0.9, 1), true},
                  never = {"never", "s4", Point(0, 0, 0.1), Point(0, 0, 0.1)};
  const std::string html = HtmlPlane({{"xstest", {always, never}}});
  EXPECT_THAT(html, HasSubstr("<circle class=\"dot\" cx=\"348.0\" cy=\"40.0\""));
  EXPECT_THAT(html, HasSubstr("<circle class=\"dot\" cx=\"34.0\" cy=\"228.0\""));
  EXPECT_THAT(html, HasSubstr("<line class=\"ci\" x1=\"316.6\" y1=\"40.0\" x2=\"348.0\" y2=\"40.0\"/>"));
  EXPECT_THAT(html, HasSubstr("always: over-refusal 1.000 [0.900, 1.000], n = 8; safe 1.000 [0.900, 1.000], n = 8"));
}

TEST(Plane, NamesWhatHasNoPlaceAndEscapesNames) {
  const PlaneMark half = {"<b>x", "s1", Point(0.5, 0.4, 0.6), {}}, whole = {"a&b", "s0", Point(0.5, 0.4, 0.6), Point(0.5, 0.4, 0.6), true};
  const std::string html = HtmlPlane({{"<i>", {half, whole}}});
  EXPECT_THAT(html, HasSubstr("With prompts of one kind alone, so nowhere: &lt;b&gt;x."));
  EXPECT_THAT(html, AllOf(HasSubstr("a&amp;b"), Not(HasSubstr("<b>")), Not(HasSubstr("<i>"))));
  EXPECT_EQ(HtmlPlane({{"x", {half}}}), "") << "no mark at all";
}

SuiteResult Result() {
  SuiteResult result;
  result.suite = "civics", result.licence = "CC-BY-4.0, gated", result.answered_by = "a.jsonl", result.words = "phrases (here)";
  result.num_prompts = 700, result.num_answered = 699, result.num_answers = 1398;
  result.own = {
      {"refusal_gap_language", "largest difference", "", SuiteJudge::kWords, Point(0.5, 0.25, 0.75), true, "most in tr, least in en"}};
  result.points = {{SuiteJudge::kWords, Point(0.1, 0, 0.2), Point(0.9, 0.8, 1)}};
  return result;
}

TEST(SuiteText, SaysWhoJudgedAndWhatIsFlagged) {
  const std::string text = SuiteText(Result());
  EXPECT_THAT(text, HasSubstr("1,398 answers to 699 of 700 prompts, by a.jsonl"));
  EXPECT_THAT(text, HasSubstr("graders: none was asked."));
  EXPECT_THAT(text, HasSubstr("words: phrases (here)"));
  EXPECT_THAT(text, HasSubstr("0.500 [0.250, 0.750]"));
  EXPECT_THAT(text, HasSubstr("FLAGGED: the interval excludes 0"));
  EXPECT_THAT(text, HasSubstr("most in tr, least in en"));
}

TEST(SuitesHtml, HasThePlaneOverAllSuitesAndASectionForEach) {
  const std::string html = SuitesHtml({Result()});
  EXPECT_THAT(html, HasSubstr("Over-refusal against unsafe answers"));
  EXPECT_THAT(html, HasSubstr("<h3>civics</h3>"));
  EXPECT_THAT(html, HasSubstr("Licence of the prompts: CC-BY-4.0, gated."));
}

TEST(SuiteList, NamesEverySuiteWithItsLicence) {
  const std::string list = SuiteList();
  for (const Suite* suite : AllSuites()) EXPECT_THAT(list, HasSubstr(std::string(suite->name) + "\n")) << suite->name;
  EXPECT_THAT(list, HasSubstr("For evaluation alone: its terms of access forbid training on it."));
}

}  // namespace
}  // namespace temper
