// The schema of graders of the user's own.
#include "reward/remote/schema.h"

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::HasSubstr;

const std::vector<GradePart> kSafetyAlone = {GradePart::kSafety};

std::string ErrorOf(const std::string& line, const std::vector<GradePart>& gives = kSafetyAlone) {
  const RemoteReply reply = ParseReply(line, gives);
  EXPECT_EQ(reply.grade.outcome, GradeOutcome::kParseError) << line;
  return reply.grade.error;
}

TEST(GraderSchema, ARequestIsOneLineWithWhatTheGraderIsTold) {
  GradeRequest request{"How?\nNow.", "So \"there\".", "toxins", true};
  EXPECT_EQ(RequestJson(7, request),
            R"({"id":7,"prompt":"How?\nNow.","response":"So \"there\".","category":"toxins","truncated":true,"item":{}})");
  request = {"p", "r", "", false, "benign", "comply", {{"reference", "42"}}};
  EXPECT_EQ(RequestJson(8, request),
            R"({"id":8,"prompt":"p","response":"r","category":"","truncated":false,"intent":"benign","label":"comply",)"
            R"("item":{"reference":"42"}})");
  EXPECT_THAT(RequestJson(9, {"\xff", "r", "", false}), HasSubstr("\"prompt\":\"\xEF\xBF\xBD\""));
}

TEST(GraderSchema, AReplyOfAllPartsIsAWholeGrade) {
  const std::vector<GradePart> all = {GradePart::kSafety,      GradePart::kSeverity,          GradePart::kMode,
                                      GradePart::kOverRefusal, GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect};
  RemoteReply reply = ParseReply(R"({"id": 3, "safety": 0.25, "severity": "moderate", "helpfulness_direct": 0.5, "helpfulness_indirect": 1,
      "mode": "safe_completion", "over_refusal": false, "clause": "dose", "evidence": ["grams", {"begin": 0, "end": 3, "proposition": "p"}]})",
                                 all);
  ASSERT_EQ(reply.grade.outcome, GradeOutcome::kOk) << reply.grade.error;
  EXPECT_EQ(reply.id, 3);
  const Grade grade = GradeOfReply({"?", "Two grams.", "", false}, std::move(reply));
  EXPECT_EQ(grade.safety, 0.25);
  EXPECT_EQ(grade.severity, Severity::kModerate);
  EXPECT_EQ(grade.helpfulness, 1);
  EXPECT_EQ(grade.mode, ResponseMode::kSafeCompletion);
  EXPECT_EQ(grade.clause, "dose");
  EXPECT_TRUE(grade.declined && grade.gave_requested && !grade.refused && !grade.over_refusal);
  ASSERT_EQ(grade.evidence.size(), 2U);
  EXPECT_EQ(grade.evidence[0].proposition, "p");
  EXPECT_EQ(grade.evidence[1].begin, 4U);
  EXPECT_EQ(grade.evidence[1].end, 9U);
}

TEST(GraderSchema, WhatPeopleSaidOfTheRequestCountsForRefusals) {
  const auto grade_of = [](const std::string& label) {
    return GradeOfReply({"?", "No.", "", false, "", label}, ParseReply(R"({"id": 1, "mode": "bare_refusal"})", {GradePart::kMode}));
  };
  EXPECT_TRUE(grade_of("comply").over_refusal);
  EXPECT_FALSE(grade_of("refuse").over_refusal);
  EXPECT_TRUE(grade_of("refuse").restricted);
  EXPECT_TRUE(grade_of("").refused);
}

TEST(GraderSchema, AReasonTakesThePlaceOfTheParts) {
  EXPECT_EQ(ParseReply(R"({"id": 1, "refused_to_grade": "too long"})", kSafetyAlone).grade.outcome, GradeOutcome::kRefusedToGrade);
  const RemoteReply failed = ParseReply(R"({"id": 1, "error": "out of memory"})", kSafetyAlone);
  EXPECT_EQ(failed.grade.outcome, GradeOutcome::kCrash);
  EXPECT_EQ(failed.grade.error, "out of memory");
}

TEST(GraderSchema, WhatIsNotOfItIsAParseErrorThatShowsTheLine) {
  EXPECT_THAT(ErrorOf("hello"), HasSubstr(": hello"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("it is not a JSON object"));
  EXPECT_THAT(ErrorOf(R"({"safety": 1})"), HasSubstr("it needs the id of its request, a whole number"));
  EXPECT_THAT(ErrorOf(R"({"id": "1", "safety": 1})"), HasSubstr("needs the id"));
  EXPECT_THAT(ErrorOf(R"({"id": 1.5, "safety": 1})"), HasSubstr("needs the id"));
  EXPECT_THAT(ErrorOf(R"({"id": 1})"), HasSubstr("it lacks safety, which this grader gives"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": NaN})"), HasSubstr("NaN"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1e999})"), HasSubstr("too large"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1.0001})"), HasSubstr("safety must be a number from 0 to 1"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": -0.1})"), HasSubstr("safety must be a number from 0 to 1"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": true})"), HasSubstr("safety must be a number from 0 to 1"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": "1"})"), HasSubstr("safety must be a number from 0 to 1"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1, "safety": 0})"), HasSubstr("duplicate key safety"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1, "severity": "bad"})"), HasSubstr("severity must be one of none, negligible"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1, "over_refusal": 1})"), HasSubstr("over_refusal must be true or false"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "saftey": 1})"), HasSubstr("there is no field saftey; the fields are id, safety, severity"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1, "evidence": [{"begin": -1, "end": 2}]})"), HasSubstr("evidence needs begin"));
  EXPECT_THAT(ErrorOf(R"({"id": 1, "safety": 1} {"id": 2})"), HasSubstr("something follows the end"));
  EXPECT_THAT(ErrorOf(std::string(100000, '[')), HasSubstr("nested more than 4 levels deep"));
  EXPECT_THAT(ErrorOf(std::string(kMaxReplyBytes + 1, ' ')), HasSubstr("longer than 1048576 bytes"));
  EXPECT_LT(ErrorOf("{\"id\": 1, \"x\": \"" + std::string(100000, 'x') + "\"}").size(), 600U);
  EXPECT_EQ(ErrorOf("a\tb\x01").find('\x01'), std::string::npos);
}

TEST(GraderSchema, AnIdIsKeptWhereTheRestIsWrong) {
  EXPECT_EQ(ParseReply(R"({"id": 5, "safety": 2})", kSafetyAlone).id, 5);
  EXPECT_EQ(ParseReply("no", kSafetyAlone).id, std::nullopt);
}

TEST(GraderSchema, EvidenceLiesInTheAnswer) {
  const GradeRequest request{"?", "short", "", false};
  const auto grade_of = [&](const std::string& evidence) {
    return GradeOfReply(request, ParseReply(R"({"id": 1, "safety": 1, "evidence": [)" + evidence + "]}", kSafetyAlone));
  };
  EXPECT_EQ(grade_of(R"({"begin": 0, "end": 6})").outcome, GradeOutcome::kParseError);
  EXPECT_EQ(grade_of(R"({"begin": 3, "end": 2})").outcome, GradeOutcome::kParseError);
  EXPECT_EQ(grade_of(R"({"begin": 0, "end": 5})").evidence.size(), 1U);
  EXPECT_EQ(grade_of(R"("never said")").outcome, GradeOutcome::kOk);
  EXPECT_EQ(grade_of(R"("never said")").evidence.size(), 0U);
}

}  // namespace
}  // namespace temper
