// The audit trail: its chain finds every change, its rows come back, a signed manifest holds as long as the files do.
#include <filesystem>
#include <functional>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/metrics/metric_sink.h"
#include "record/audit_chain.h"
#include "record/audit_file.h"
#include "record/audit_manifest.h"
#include "record/audit_reader.h"
#include "record/audit_record.h"
#include "record/provenance.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "record/signing.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

AuditRecord Record(int64_t step, const std::string& clause, double advantage) {
  AuditRecord record;
  record.step = step;
  record.group = 7;
  record.prompt_id = "p";
  record.label = "comply";
  record.grade.clause = clause;
  record.grade.severity = clause.empty() ? Severity::kNone : Severity::kHigh;
  record.grade.grader = "a=rule/1 + b=rule/2";
  record.grade.verdicts = {{"a", "rule/1", true, GradeOutcome::kOk, "", {{"safety", 0.25}}, 5},
                           {"b", "rule/2", false, GradeOutcome::kTimeout, "late", {}, 5}};
  record.parts = {true, 0.5, {}};
  record.advantage = advantage;
  return record;
}

std::string Lines(const std::vector<AuditRecord>& records) {
  std::string lines;
  for (const AuditRecord& record : records) lines += AuditRecordToJson(record) + "\n";
  return lines;
}

class Trail {
 public:
  Trail() { Write(0, {Record(1, "", 1), Record(1, "poison", -1), Record(2, "", 0)}); }
  void Write(int64_t steps_done, const std::vector<AuditRecord>& records) {
    SinkFailures failures;
    AuditFile(path(), steps_done, &failures).Write(Lines(records));
  }
  AuditReading Read() const {
    return ReadAudit(path(), [](const AuditRow&) {});
  }
  std::string path() const { return folder_ / "audit.jsonl"; }

 private:
  TempFolder folder_;
};

TEST(AuditChain, EachLinkIsOfTheOneBeforeAndOfTheLine) {
  AuditChain chain;
  const std::string first = Sha256("\n{\"a\":1}"), second = Sha256(first + "\n{\"b\":2}");
  EXPECT_EQ(chain.Append("{\"a\":1}"), "{\"a\":1,\"chain\":\"" + first + "\"}");
  EXPECT_EQ(chain.Append("{\"b\":2}"), "{\"b\":2,\"chain\":\"" + second + "\"}");
  EXPECT_THROW(chain.Append("[]"), Error);
}

TEST(AuditChain, HoldsAsWrittenAndGoesOnAfterAResume) {
  Trail trail;
  EXPECT_THAT(trail.Read().problems, IsEmpty());
  trail.Write(1, {Record(2, "", 0.5)});  // step 2 is done again
  const AuditReading reading = trail.Read();
  EXPECT_EQ(reading.rows, 3);
  EXPECT_THAT(reading.problems, IsEmpty());
  EXPECT_THAT(ReadBytes(trail.path()), HasSubstr("\"chain\":\"" + reading.link + "\"}\n"));
}

TEST(AuditChain, FindsWhatWasChangedDroppedOrAdded) {
  const auto problems = [](const std::function<std::string(std::string)>& forge) {
    const Trail trail;
    WriteBytes(trail.path(), forge(ReadBytes(trail.path())));
    return trail.Read().num_problems;
  };
  const auto line = [](const std::string& text, int number) {
    size_t begin = 0;
    for (int i = 0; i < number; ++i) begin = text.find('\n', begin) + 1;
    return std::pair{begin, text.find('\n', begin) + 1 - begin};
  };
  EXPECT_EQ(problems([](std::string text) { return text; }), 0);
  EXPECT_EQ(problems([](std::string text) { return text.replace(text.find("poison"), 6, "potion"); }), 1);
  EXPECT_EQ(problems([&](std::string text) { return text.erase(line(text, 0).first, line(text, 0).second); }), 1);
  EXPECT_EQ(problems([&](std::string text) { return text.erase(line(text, 1).first, line(text, 1).second); }), 1);
  EXPECT_EQ(problems([&](std::string text) { return text.insert(line(text, 1).first, text.substr(0, line(text, 0).second)); }), 1);
  EXPECT_EQ(problems([](std::string text) { return text + "{\"step\":9}\n"; }), 1);
  EXPECT_EQ(problems([](std::string text) { return text + "not a record\n"; }), 1);
}

TEST(AuditReader, GivesRowsBackWithWhatEachGraderSaid) {
  const Trail trail;
  std::vector<AuditRow> rows;
  ReadAudit(trail.path(), [&](const AuditRow& row) { rows.push_back(row); });
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].line, 2);
  EXPECT_EQ(rows[1].group, 7U);
  EXPECT_EQ(rows[1].clause, "poison");
  EXPECT_EQ(rows[1].severity, "high");
  EXPECT_EQ(rows[1].label, "comply");
  EXPECT_EQ(rows[1].reward, 0.5);
  EXPECT_EQ(rows[1].advantage, -1);
  ASSERT_EQ(rows[1].verdicts.size(), 2U);
  EXPECT_EQ(rows[1].verdicts[0].values.at("safety"), 0.25);
  EXPECT_FALSE(rows[1].verdicts[1].steers);
  EXPECT_EQ(rows[1].verdicts[1].outcome, GradeOutcome::kTimeout);
  EXPECT_THROW(ReadAudit("/nowhere/audit.jsonl", [](const AuditRow&) {}), Error);
}

// A run of one arm with weights of step 2, signed for.
class AuditManifestTest : public ::testing::Test {
 protected:
  AuditManifestTest() {
    fs::create_directories(arm_.Weights(2));
    fs::create_directories(arm_.Configs());
    WriteBytes(arm_.Weights(2) + "/model.safetensors", "weights");
    WriteBytes(arm_.ResolvedConfig(), "run: {name: r}\n");
    RunDescription run;
    run.name = "r";
    run.policy_spec = "spec";
    run.arms = {{"main"}};
    WriteRunDescription(run_, run);
    WriteBytes(data_, "prompts");
    RecordStart(run_, {.epoch = 1, .inputs = {{"data", {data_}}}, .fixed = {}, .tokenizer_json = "", .versions = {}});
    SinkFailures failures;
    AuditFile(arm_.Audit(), 0, &failures).Write(Lines({Record(1, "", 1), Record(2, "poison", -1)}));
    WriteBytes(
        folder_ / "key.pem",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n");
    text_ = SignedAuditManifest(run_, "main", -1, folder_ / "key.pem");
  }
  ManifestCheck Check(const std::string& key = "") const {
    WriteBytes(file_, text_);
    return CheckAuditManifest(file_, run_, key);
  }
  std::vector<std::string> Problems(const std::string& key = "") const { return Check(key).problems; }

  TempFolder folder_;
  const std::string run_ = folder_ / "r";
  const std::string file_ = folder_ / "manifest.json";
  const std::string data_ = folder_ / "train.jsonl";
  const ArmPaths arm_ = RunPaths(run_).Arm("main");
  std::string text_;
};

TEST_F(AuditManifestTest, HoldsForTheRunThatWasSigned) {
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(Problems(PublicKeyOf(folder_ / "key.pem")), IsEmpty());
  EXPECT_EQ(Check().step, 2);
  EXPECT_THAT(Check().unchecked, IsEmpty());
  EXPECT_THAT(text_, HasSubstr("rule/2"));
}

TEST_F(AuditManifestTest, ATrailThatWentOnStillHolds) {
  SinkFailures failures;
  AuditFile(arm_.Audit(), 2, &failures).Write(Lines({Record(3, "", 0)}));
  EXPECT_THAT(Problems(), IsEmpty());
  text_ = SignedAuditManifest(run_, "main", 2, folder_ / "key.pem");  // of weights that the third step did not make
  EXPECT_THAT(text_, AllOf(HasSubstr("\"rows\": 2,"), HasSubstr("\"last_step\": 2,"), Not(HasSubstr("\"last_step\": 3,"))));
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(AuditManifestTest, NamesWhatIsNotAsItWas) {
  WriteBytes(arm_.Weights(2) + "/model.safetensors", "others");
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("model.safetensors is not the file that was signed for")));
  fs::remove_all(arm_.Weights(2));
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("is not there")));
}

TEST_F(AuditManifestTest, NamesWhatWasAddedBesideTheWeights) {
  WriteBytes(arm_.Weights(2) + "/adapter_model.safetensors", "more");
  fs::create_directories(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", arm_.Weights(2) + "/linked");
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("/adapter_model.safetensors is there, and was not signed for"),
                                      HasSubstr("/linked is there, and was not signed for")));
  EXPECT_THAT([&] { SignedAuditManifest(run_, "main", -1, folder_ / "key.pem"); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("/linked: is not a regular file, so it cannot be signed")));
}

TEST_F(AuditManifestTest, HoldsInputsAgainstItAndSaysWhichAreGone) {
  EXPECT_THAT(text_, HasSubstr("\"sha256\": \"" + Sha256("prompts") + "\""));
  WriteBytes(data_, "others");
  EXPECT_THAT(Problems(), ElementsAre("data: " + data_ + " is not the file that the run was made from"));
  text_ = SignedAuditManifest(run_, "main", -1, folder_ / "key.pem");  // signed over a file that the run never saw
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(Check().unchecked, ElementsAre(HasSubstr("was gone, or another file, when this was signed")));
  WriteBytes(data_, "prompts");
  text_ = SignedAuditManifest(run_, "main", -1, folder_ / "key.pem");
  fs::remove(data_);
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(Check().unchecked, ElementsAre("data: " + data_ + " is gone"));
}

TEST_F(AuditManifestTest, AFileThatIsNoManifestIsNamed) {
  const std::string deep(1 << 20, '[');
  for (const std::string& text : {std::string("{}"), std::string("[]"), std::string("{\"format\": 1}"), "{\"format\": " + deep, deep,
                                  std::string("{\"format\": \"temper-audit-manifest-3\"}")}) {
    text_ = text;
    EXPECT_THAT([&] { Problems(); }, testing::ThrowsMessage<ConfigError>(testing::StartsWith(file_ + ": "))) << text.substr(0, 80);
  }
  text_ = "{\"format\": \"temper-audit-manifest-2\"}";
  EXPECT_THAT([&] { Problems(); }, testing::ThrowsMessage<ConfigError>(
                                       HasSubstr("-2, and this Temper reads temper-audit-manifest-3, in which steps count from 1")));
  fs::remove(file_);
  EXPECT_THAT([&] { CheckAuditManifest(file_, run_, ""); }, testing::ThrowsMessage<ConfigError>(HasSubstr(file_)));
}

TEST_F(AuditManifestTest, NamesATrailOrSettingsOfAnotherKind) {
  SinkFailures failures;
  AuditFile(arm_.Audit(), 1, &failures).Write(Lines({Record(2, "", 5)}));  // a valid chain, of other rows
  WriteBytes(arm_.ResolvedConfig(), "run: {name: s}\n");
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("its row 2 has another link"), HasSubstr("other settings")));
}

TEST_F(AuditManifestTest, AnotherTextOrAnotherSignerIsRefused) {
  EXPECT_THAT(Problems(std::string(64, '1')), ElementsAre(HasSubstr("the signature is not of this text")));
  text_.replace(text_.find("\"step\": 2"), 9, "\"step\": 3");
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("the signature is not of this text")));
}

TEST_F(AuditManifestTest, NeedsWeightsOfTheStep) {
  EXPECT_THAT([&] { SignedAuditManifest(run_, "main", 9, folder_ / "key.pem"); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("has no weights of that step; it has 2")));
}

}  // namespace
}  // namespace temper
