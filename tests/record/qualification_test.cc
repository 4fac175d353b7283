#include "record/qualification.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
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
  q.date = "2026-11-30T04:00:00Z";
  q.temper = "0.1.0";
  q.agreement.question = Question::kHarmful;
  q.agreement.all = {"all", 30, 25, {{"auroc", Figure(0.75, 0.6, 0.9)}}, {{20, 2}, {3, 5}}};
  q.agreement.unseen = AgreementSlice{
      "sources it has not seen", 20, 18, {{"auroc", Figure(0.7, 0.5, 0.85)}, {"baseline_accuracy", Figure(0.6, 0.5, 0.7)}}, {}};
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

TEST(Qualification, OtherFilesAreRefusedWithTheReason) {
  Refused("{}", "not a qualification record");
  Refused("[1]", "not a qualification record");
  Refused("{\"qualification\": 1}", "grader");
  Refused(std::string(100, '['), "levels");
  Refused(Replaced("\"qualification\": 1", "\"qualification\": 2"), "version 2");
  Refused(Replaced("\"value\": 0.75", "\"value\": 1.75"), "auroc: not a number from -1 to 1");
  Refused(Replaced("\"value\": 0.75", "\"value\": \"high\""), "auroc: not a number from -1 to 1");
  Refused(Replaced("\"rows\": 30", "\"rows\": -3"), "rows: not a count");
  const TempFolder folder;
  WriteBytes(folder / "q.json", "{");
  EXPECT_THAT([&] { ReadQualification(folder / "q.json"); }, ThrowsMessage<ConfigError>(HasSubstr("q.json: ")));
  EXPECT_THAT([&] { ReadQualification(folder / "none.json"); }, ThrowsMessage<ConfigError>(HasSubstr("temper qualify writes it")));
}

}  // namespace
}  // namespace temper
