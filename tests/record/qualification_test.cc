#include "record/qualification.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Estimate Figure(double mean, double low, double high) {
  Estimate estimate;
  estimate.mean = mean;
  estimate.low = low;
  estimate.high = high;
  estimate.present = true;
  return estimate;
}

Qualification Written() {
  Qualification q;
  q.grader = "harm";
  q.type = "rule";
  q.grader_id = "rule/x:1";
  q.unseen_by = "it was not trained";
  q.data_hash = "00ff";
  q.data_files = {"a.csv", "b.jsonl"};
  q.rows = 30;
  q.unlabelled = 2;
  q.failed = 1;
  q.trained_on_rows = 3;
  q.date = "2026-11-30T04:00:00Z";
  q.temper = "0.1.0";
  q.agreement.question = Question::kHarmful;
  // 24 of the 29 rows with a grade are right; f1 = 2 x 5 / (2 x 5 + 2 + 3).
  q.agreement.all = {"all",
                     30,
                     25,
                     {{"auroc", Figure(0.75, 0.6, 0.9)}, {"accuracy", Figure(24.0 / 29, 0.7, 0.9)}, {"f1", Figure(10.0 / 15, 0.5, 0.8)}},
                     {{19, 2}, {3, 5}}};
  q.agreement.unseen = AgreementSlice{
      "sources it has not seen", 20, 18, {{"auroc", Figure(0.7, 0.5, 0.85)}, {"baseline_accuracy", Figure(0.6, 0.5, 0.7)}}, {},
      {"c does not count"}};
  q.agreement.by_source = {{"a", 20, 18, {{"auroc", Estimate{.mean = 0.7, .present = true}}}, {{10, 2}, {3, 5}}},
                           {"b", 4, 4, {}, {{4, 0}, {0, 0}}}};
  return q;
}

TEST(Qualification, IsWrittenAndReadBackWhole) {
  const TempFolder folder;
  WriteQualification(folder / "q.json", Written());
  const Qualification read = ReadQualification(folder / "q.json");
  EXPECT_EQ(read.grader_id, "rule/x:1");
  EXPECT_EQ(read.data_files, Written().data_files);
  EXPECT_EQ(read.failed, 1);
  EXPECT_EQ(read.agreement.all.confusion, Written().agreement.all.confusion);
  EXPECT_EQ(read.agreement.unseen->Figure("auroc")->mean, 0.7);
  EXPECT_FALSE(read.agreement.by_source[0].Figure("auroc")->has_interval());
  EXPECT_FALSE(read.agreement.seen.has_value());
  EXPECT_EQ(read.trained_on_rows, 3);
  EXPECT_THAT(read.agreement.unseen->notes, testing::ElementsAre("c does not count"));
  EXPECT_EQ(QualificationToJson(read), QualificationToJson(Written()));
}

TEST(Qualification, GateLooksAtSourcesThatWereNotSeen) {
  Qualification q = Written();
  EXPECT_EQ(SliceOfGate(q)->Figure("auroc")->mean, 0.7);
  const GraderMeasurement measured = MeasurementOf(q);
  EXPECT_EQ(measured.dataset, "a.csv, b.jsonl");
  EXPECT_EQ(measured.date, "2026-11-30");
  EXPECT_THAT(measured.figures, testing::ElementsAre(testing::Pair("auroc", 0.7), testing::Pair("auroc_low", 0.5),
                                                     testing::Pair("auroc_high", 0.85), testing::Pair("baseline_accuracy", 0.6)));
  q.agreement.unseen.reset();
  EXPECT_EQ(SliceOfGate(q), nullptr);
}

void Refused(const std::string& text, const std::string& why) {
  EXPECT_THAT([&] { QualificationFromJson(text); }, ThrowsMessage<ConfigError>(HasSubstr(why))) << text;
}

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = QualificationToJson(Written());
  text.replace(text.find(from), from.size(), to);
  return text;
}

// With the check of what stands there now, as whoever changes it on purpose may write.
std::string Rechecked(const std::string& text) {
  auto json = nlohmann::ordered_json::parse(text);
  json.erase("check");
  nlohmann::ordered_json whole = {{"check", Hash128(json.dump())}};
  whole.update(json);
  return whole.dump(1);
}

TEST(Qualification, AChangeByMistakeIsToldByTheCheck) {
  EXPECT_NO_THROW(QualificationFromJson(Rechecked(QualificationToJson(Written()))));
  Refused(Replaced("\"value\": 0.7", "\"value\": 0.9"), "the record was changed after temper qualify wrote it");
  Refused(Replaced("\"seen\": null", "\"sean\": null"), "the record was changed");
  Refused(Replaced("\"id\": \"rule/x:1\"", "\"id\": \"rule/x:2\""), "the record was changed");
}

TEST(Qualification, FiguresAndCountsAreThoseOfTheConfusion) {
  Qualification q = Written();
  q.agreement.all.figures[1].second.mean = 0.9;
  Refused(QualificationToJson(q), "all: accuracy is 0.9, and the confusion says otherwise");
  q = Written();
  q.agreement.all.figures[2].second.mean = 0.7;
  Refused(QualificationToJson(q), "all: f1 is 0.7, and the confusion says otherwise");
  q = Written();
  q.failed = 2;
  Refused(QualificationToJson(q), "29 rows with a grade, and data says 28");
  q = Written();
  q.rows = 31;
  Refused(QualificationToJson(q), "all: 30 rows, and data says 31");
  q = Written();
  q.agreement.all.confusion[0][0] = -1;
  Refused(QualificationToJson(q), "all: confusion: -1 of 30 rows");
}

TEST(Qualification, TheShareWithoutAGradeIsThatOfAllRowsOrOfTheGate) {
  Qualification q = Written();
  EXPECT_DOUBLE_EQ(FailedShare(q), 1.0 / 30);
  q.agreement.unseen->figures.emplace_back("failed", Figure(0.25, 0.2, 0.3));
  EXPECT_DOUBLE_EQ(FailedShare(q), 0.25);
}

TEST(Qualification, OtherFilesAreRefusedWithTheReason) {
  Refused("{}", "not a qualification record");
  Refused("[1]", "not a qualification record");
  Refused("{\"qualification\": 1}", "version 1");
  Refused("{\"qualification\": 2}", "check");
  Refused(std::string(100, '['), "levels");
  Refused(Replaced("\"qualification\": 2", "\"qualification\": 3"), "version 3");
  Refused(Rechecked(Replaced("\"value\": 0.75", "\"value\": 1.75")), "auroc: not a number from -1 to 1");
  Refused(Rechecked(Replaced("\"value\": 0.75", "\"value\": \"high\"")), "auroc: not a number from -1 to 1");
  Refused(Rechecked(Replaced("\"rows\": 30", "\"rows\": -3")), "rows: not a count");
  const TempFolder folder;
  WriteBytes(folder / "q.json", "{");
  EXPECT_THAT([&] { ReadQualification(folder / "q.json"); }, ThrowsMessage<ConfigError>(HasSubstr("q.json: ")));
  EXPECT_THAT([&] { ReadQualification(folder / "none.json"); }, ThrowsMessage<ConfigError>(HasSubstr("temper qualify writes it")));
}

}  // namespace
}  // namespace temper
