// What a job refuses of its graders' records.
#include "orchestrator/job/qualified.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "record/attack_record.h"
#include "record/qualification.h"
#include "reward/graders/registry.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Qualified : public testing::Test {
 protected:
  // A job with the grader `words`, whose entry goes on with `keys`.
  Experiment Job(const std::string& keys, const std::vector<std::string>& overrides = {}) const {
    WriteBytes(folder_ / "job.yaml",
               Concat("reward:\n  graders:\n    - name: words\n      type: rule\n      policy_spec: ", kSpec, "\n", keys));
    return LoadExperiment(folder_ / "job.yaml", overrides);
  }
  std::string Id() const { return MakeGrader(ConfigOf(Job("").base.reward.graders.at(0), 60))->id(); }
  void WriteRecord(const std::string& id, double auroc, double failed = 0) const {
    WriteQualification(folder_ / "q.json", RecordOf(id, auroc, failed));
  }
  static Qualification RecordOf(const std::string& id, double auroc, double failed = 0) {
    Qualification q;
    q.grader = "words";
    q.type = "rule";
    q.grader_id = id;
    q.data_files = {"labels.csv"};
    q.date = "2026-11-30T04:00:00Z";
    Estimate figure;
    figure.present = true;
    figure.mean = auroc;
    figure.low = auroc - 0.05;
    figure.high = std::min(1.0, auroc + 0.05);
    Estimate failures;
    failures.mean = failed;
    q.agreement.unseen = AgreementSlice{"unseen", 90, 80, {{"auroc", figure}, {"failed", failures}}, {}};
    return q;
  }
  void RefusedWith(const Qualification& record, const std::string& keys, const std::string& where, const std::string& why) const {
    WriteQualification(folder_ / "q.json", record);
    Refused(record_ + keys, where, why);
  }
  void Refused(const std::string& keys, const std::string& where, const std::string& why) const {
    EXPECT_THAT([&] { CheckQualified(Job(keys)); }, ThrowsMessage<ConfigError>(AllOf(HasSubstr(where), HasSubstr(why)))) << keys;
  }

  static constexpr const char* kSpec = TEMPER_SOURCE_DIR "/configs/policies/open_safe_intent.yaml";
  const std::string record_ = "      record: q.json\n";
  TempFolder folder_;
};

TEST_F(Qualified, AGraderThatIsAsGoodAsRequiredMaySteer) {
  WriteRecord(Id(), 0.85);
  EXPECT_NO_THROW(CheckQualified(Job(record_ + "      require: {auroc: 0.85, failed: 0}\n")));
  EXPECT_NO_THROW(CheckQualified(Job("")));
}

TEST_F(Qualified, AWorseOneIsRefusedWithTheFigureAndTheLine) {
  WriteRecord(Id(), 0.671);
  Refused(record_ + "      require: {auroc: 0.85}\n", "job.yaml:7: reward.graders.0.require: ",
          "grader words may not steer: auroc is 0.671 [0.621, 0.721] on sources that it has not seen (90 rows");
  Refused(record_ + "      require: {f1: 0.5}\n", "reward.graders.0.require: f1: ", "it has auroc, failed");
  EXPECT_NO_THROW(CheckQualified(Job(record_ + "      require: {auroc: 0.85}\n", {"stages=[eval]"}))) << "it steers nothing";
}

TEST_F(Qualified, AnErrorIsRequiredToBeAtMostSoMuch) {
  WriteRecord(Id(), 0.9, 0.02);
  Refused(record_ + "      require: {failed: 0.01}\n", "require", "failed is 0.020 on sources that it has not seen");
}

TEST_F(Qualified, ARecordOfAnotherQuestionDoesNotQualify) {
  Qualification record = RecordOf(Id(), 0.99);
  record.agreement.question = Question::kRefused;
  RefusedWith(record, "      require: {auroc: 0.85}\n", "job.yaml:7: reward.graders.0.require: ",
              "q.json compares the grader with people's answers to 'refused', but grader words steers by safety, severity");
  RefusedWith(record, "      require: {auroc: 0.85}\n", "require", "temper qualify --question harmful or severity");
  const std::string mode_alone = "      gives: [mode]\n";
  record.grader_id = MakeGrader(ConfigOf(Job(mode_alone).base.reward.graders.at(0), 60))->id();
  EXPECT_NE(record.grader_id, Id());
  WriteQualification(folder_ / "q.json", record);
  EXPECT_NO_THROW(CheckQualified(Job(mode_alone + record_ + "      require: {auroc: 0.85}\n")));
}

TEST_F(Qualified, ARecordOfAnotherThresholdDoesNotQualifyByWhatDependsOnIt) {
  Qualification record = RecordOf(Id(), 0.99);
  record.threshold = 0.2;
  record.agreement.unseen->figures.emplace_back("f1", record.agreement.unseen->figures[0].second);
  RefusedWith(record, "      require: {f1: 0.5}\n", "require: f1: ",
              "counts a score of 0.2 or more as a yes, but in the job harm begins at 0.5 (1 - reward.safety.unsafe_below)");
  EXPECT_NO_THROW(CheckQualified(Job(record_ + "      require: {auroc: 0.5}\n"))) << "an area has no threshold";
}

TEST_F(Qualified, ManyRowsWithoutAGradeAreRequiredAsSuchOrRefused) {
  RefusedWith(RecordOf(Id(), 0.99, 0.06), "      require: {auroc: 0.85}\n", "require", "it gave 0.060 of the rows no grade");
  EXPECT_NO_THROW(CheckQualified(Job(record_ + "      require: {auroc: 0.85, failed: 0.1}\n")));
  WriteRecord(Id(), 0.99, 0.05);
  EXPECT_NO_THROW(CheckQualified(Job(record_ + "      require: {auroc: 0.85}\n")));
}

TEST_F(Qualified, ARecordOfAnotherNameOrTypeIsRefused) {
  Qualification record = RecordOf(Id(), 0.99);
  record.grader = "verbs";
  RefusedWith(record, "", "reward.graders.0.record: ", "q.json measured a grader with the name verbs, but the name here is words");
  record.grader = "words";
  record.type = "tsetlin";
  RefusedWith(record, "", "reward.graders.0.record: ", "with the type tsetlin, but the type here is rule");
}

TEST_F(Qualified, ARecordThatIsMissingOrOfAnotherVersionIsRefused) {
  Refused(record_, "job.yaml:6: reward.graders.0.record: ", "temper qualify writes it");
  WriteRecord("rule/other:1", 0.9);
  Refused(record_, "reward.graders.0.record: ", "measured rule/other:1, but the grader is now rule/open_safe_intent");
  EXPECT_THAT([&] { Job("      require: {auroc: 0.85}\n"); }, ThrowsMessage<ConfigError>(HasSubstr("needs reward.graders[].record")));
}

TEST_F(Qualified, ARecordWithoutAnUnseenSourceDoesNotQualify) {
  WriteRecord(Id(), 0.9);
  Qualification q = ReadQualification(folder_ / "q.json");
  q.agreement.unseen.reset();
  WriteQualification(folder_ / "q.json", q);
  Refused(record_ + "      require: {auroc: 0.85}\n", "require", "no figure of a source that grader words has not seen");
}

TEST_F(Qualified, WhatTheRecordsSayIsForTheReport) {
  WriteRecord(Id(), 0.9);
  AttackRecord attacks;
  attacks.grader_id = Id();
  attacks.date = "2026-11-30T04:00:00Z";
  attacks.success.all = {.mean = 0.25, .low = 0.125, .high = 0.5, .n = 30, .present = true};
  WriteAttackRecord(folder_ / "a.json", attacks);
  const Experiment job = Job(record_ + "      attacks: a.json\n");
  CheckQualified(job);
  const std::vector<GraderMeasurement> recorded = RecordedOf(job.base.reward.graders.at(0));
  ASSERT_EQ(recorded.size(), 2U);
  EXPECT_EQ(recorded[0].compared, "harmful, sources it has not seen");
  EXPECT_EQ(recorded[1].figures.at(0), std::pair(std::string("fooled"), 0.25));
  attacks.grader_id = "rule/other:1";
  WriteAttackRecord(folder_ / "a.json", attacks);
  Refused("      attacks: a.json\n", "reward.graders.0.attacks: ", "temper attack-grader");
}

}  // namespace
}  // namespace temper
