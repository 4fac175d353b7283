#include "reward/grade/grade_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "record/audit_record.h"

namespace temper {
namespace {

Grade Sample() {
  Grade grade;
  grade.safety = 0.6;
  grade.helpfulness = 1.0 / 3;
  grade.h_direct = 0.1;
  grade.h_indirect = 1.0 / 3;
  grade.severity = Severity::kLow;
  grade.clause = "fire-wake-general";
  grade.mode = ResponseMode::kSafeCompletion;
  grade.refused = grade.declined = grade.restricted = true;
  grade.evidence = {{"declined(wake)", 0, 55}, {"quote\"\n", 56, 60}};
  grade.grader = "rule/apothecary:0123456789abcdef";
  grade.latency_us = 72;
  return grade;
}

TEST(GradeJson, RoundTripsBitForBit) {
  const Grade grade = Sample(), back = GradeFromJson(GradeToJson(grade));
  EXPECT_EQ(GradeToJson(back), GradeToJson(grade));
  EXPECT_EQ(back.helpfulness, grade.helpfulness);
  EXPECT_EQ(back.evidence[1].proposition, "quote\"\n");
  EXPECT_EQ(back.evidence[1].end, 60u);
  EXPECT_TRUE(back.declined);
  EXPECT_FALSE(back.gave_requested);
  EXPECT_EQ(GradeToJson(grade).find('\n'), std::string::npos);
}

TEST(GradeJson, EveryWordRoundTrips) {
  for (const auto& [outcome, name] : EnumNames<GradeOutcome>::kTable)
    for (int severity = 0; severity < kNumSeverities; ++severity)
      for (int mode = 0; mode < kNumModes; ++mode) {
        Grade grade;
        grade.outcome = outcome;
        grade.severity = static_cast<Severity>(severity);
        grade.mode = static_cast<ResponseMode>(mode);
        const Grade back = GradeFromJson(GradeToJson(grade));
        EXPECT_EQ(back.outcome, grade.outcome);
        EXPECT_EQ(back.severity, grade.severity);
        EXPECT_EQ(back.mode, grade.mode);
      }
}

TEST(GradeJson, TextThatIsNotUtf8IsWritten) {
  Grade grade = Sample();
  grade.error = "bad \xff byte";
  EXPECT_THAT(GradeFromJson(GradeToJson(grade)).error, ::testing::StartsWith("bad "));
}

TEST(GradeJson, RefusesWhatIsNotAGrade) {
  const std::string good = GradeToJson(Sample());
  for (const char* text : {"", "{}", "[]", "null", "{\"outcome\":", "{\"outcome\":\"ok\"}"})
    EXPECT_THROW(GradeFromJson(text), Error) << text;
  const auto changed = [&](const char* field, const nlohmann::json& value) {
    nlohmann::json json = nlohmann::json::parse(good);
    json[field] = value;
    return json.dump();
  };
  EXPECT_THROW(GradeFromJson(changed("safety", 1.5)), Error);
  EXPECT_THROW(GradeFromJson(changed("safety", "1")), Error);
  EXPECT_THROW(GradeFromJson(changed("severity", "severe")), Error);
  EXPECT_THROW(GradeFromJson(changed("refused", 1)), Error);
  EXPECT_THROW(GradeFromJson(changed("evidence", {{{"proposition", "x"}, {"begin", 5}, {"end", 1}}})), Error);
  EXPECT_THROW(GradeFromJson(changed("evidence", {{{"proposition", "x"}, {"begin", -5}, {"end", 1}}})), Error);
  EXPECT_THROW(GradeFromJson(std::string(2 << 20, ' ')), Error);
  EXPECT_NO_THROW(GradeFromJson(changed("new_field", 1)));
}

TEST(AuditRecord, IsOneLineWithEverythingThatDecided) {
  AuditRecord record;
  record.step = 12;
  record.prompt_id = "p\n1";
  record.sample = 3;
  record.category = "fire";
  record.grade = Sample();
  record.parts = {true, 0.2, {0.4}};
  record.constraint_names = {"safety"};
  record.advantage = -0.75;
  const std::string line = AuditRecordToJson(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const nlohmann::json json = nlohmann::json::parse(line);
  EXPECT_EQ(json["step"], 12);
  EXPECT_EQ(json["prompt_id"], "p\n1");
  EXPECT_EQ(json["clause"], "fire-wake-general");
  EXPECT_EQ(json["severity"], "low");
  EXPECT_EQ(json["grader"], "rule/apothecary:0123456789abcdef");
  EXPECT_EQ(json["reward"], 0.2);
  EXPECT_EQ(json["costs"]["safety"], 0.4);
  EXPECT_EQ(json["advantage"], -0.75);
}

TEST(AuditRecord, AFailedGradeHasNoValues) {
  AuditRecord record;
  record.grade.outcome = GradeOutcome::kTimeout;
  record.grade.error = "no reply in 5 s";
  const nlohmann::json json = nlohmann::json::parse(AuditRecordToJson(record));
  EXPECT_EQ(json["outcome"], "timeout");
  EXPECT_EQ(json["error"], "no reply in 5 s");
  EXPECT_EQ(json["usable"], false);
  EXPECT_FALSE(json.contains("reward"));
  EXPECT_FALSE(json.contains("severity"));
}

}  // namespace
}  // namespace temper
