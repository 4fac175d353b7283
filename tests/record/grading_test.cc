#include "record/grading.h"

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::ElementsAre;

GraderMeasurement About(const std::string& compared, double auroc = 0.5) { return {"a", 9, compared, "", "", {{"auroc", auroc}}}; }

std::vector<std::string> Compared(const std::vector<GraderMeasurement>& measured) {
  std::vector<std::string> words;
  for (const GraderMeasurement& each : measured) words.push_back(each.compared);
  return words;
}

TEST(Grading, WhatIsKnownConcernsAGraderByWhatItGivesAndIsTold) {
  const std::vector<GraderMeasurement> all = {About("answers unsafe, intent told"),
                                              About("answers unsafe"),
                                              About("answers that refuse"),
                                              About("answers helpful"),
                                              About("held out"),
                                              About("requests to be restricted")};
  EXPECT_THAT(Compared(Concerning(all, {"helpfulness_direct", "mode", "over_refusal"}, true)),
              ElementsAre("answers that refuse", "answers helpful", "held out", "requests to be restricted"));
  EXPECT_THAT(Compared(Concerning(all, {"safety"}, true)), ElementsAre("answers unsafe, intent told", "held out"));
  EXPECT_THAT(Compared(Concerning(all, {"severity"}, false)), ElementsAre("answers unsafe", "held out"));
}

TEST(Grading, SeveralGradersAreOneLine) {
  RunDescription::Grader grader{"classifier/harm, rule/rules", "words"};
  EXPECT_EQ(WhoGrades(grader), "");
  EXPECT_EQ(GradingLine(grader),
            "reward, safety and helpfulness are by classifier/harm, rule/rules (reads words); agreement with people: not measured");
  const auto unseen = [](double auroc) { return std::vector{About("harmful, sources it has not seen", auroc)}; };
  grader.entries = {{"harm", "classifier", "words", {"safety"}, "", true, unseen(0.8125)},
                    {"asked", "classifier", "words", {"safety"}, "intent=malicious", true, unseen(0.75)},
                    {"rules", "rule", "words", {"helpfulness_direct", "mode"}, "", true, {}},
                    {"other", "rule", "words", {"helpfulness_indirect", "mode"}, "", true, unseen(0.5)},
                    {"examiner", "classifier", "words", {"safety"}, "", false, unseen(0.9)}};
  grader.mode_from = "other";
  EXPECT_EQ(GradingLine(grader),
            "safety by harm (AUROC 0.81 on unseen sources) and asked (intent=malicious only, AUROC 0.75 on unseen sources); helpfulness by "
            "rules and other; modes by other; examiner watches and steers nothing");
  grader.mode_from = "";
  grader.entries.erase(grader.entries.begin(), grader.entries.begin() + 2);
  EXPECT_EQ(WhoGrades(grader), "helpfulness by rules and other; modes by rules; examiner watches and steers nothing");
}

}  // namespace
}  // namespace temper
