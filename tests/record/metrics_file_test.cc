#include "record/metrics_file.h"

#include <cmath>
#include <filesystem>
#include <functional>
#include <regex>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "cluster/base/error.h"
#include "record/audit_file.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<json> Rows(const std::string& path) {
  std::vector<json> rows;
  std::istringstream text(ReadBytes(path));
  for (std::string line; std::getline(text, line);) rows.push_back(json::parse(line));
  return rows;
}

std::vector<std::string> StagesAndSteps(const std::string& path) {
  std::vector<std::string> names;
  for (const json& row : Rows(path)) names.push_back(row["stage"].get<std::string>() + " " + row["step"].dump());
  return names;
}

StepRow Row(const std::string& stage, int64_t step, std::map<std::string, double> values) {
  return {.stage = stage, .step = step, .time = 1.8e9, .values = std::move(values)};
}

TEST(MetricsFile, WritesOneObjectPerStep) {
  TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  {
    MetricsFile metrics(path, "rl", 0);
    EXPECT_EQ(metrics.Write(Row("rl", 1, {{"reward/mean", 0.1}, {"actor/kl", 2}})), "");
    EXPECT_EQ(metrics.Write(Row("rl", 2, {{"reward/mean", NAN}, {"actor/kl", -INFINITY}, {"actor/entropy", 1e300}})), "");
  }
  const auto rows = Rows(path);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["stage"], "rl");
  EXPECT_EQ(rows[0]["step"], 1);
  EXPECT_EQ(rows[0]["reward/mean"], 0.1);  // every digit
  EXPECT_FALSE(rows[0].contains("nonfinite"));
  EXPECT_EQ(rows[0]["time"], "2027-01-15T08:00:00Z");
  EXPECT_TRUE(rows[1]["reward/mean"].is_null());
  EXPECT_EQ(rows[1]["nonfinite"], json::array({"actor/kl", "reward/mean"}));
  EXPECT_EQ(rows[1]["actor/entropy"], 1e300);
}

TEST(MetricsFile, AResumedRunDropsTheRowsThatWillBeWrittenAgain) {
  TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  MetricsFile(path, "sft", 0).Write(Row("sft", 5, {}));
  {
    MetricsFile metrics(path, "rl", 0);
    for (int64_t step = 1; step <= 4; ++step) metrics.Write(Row("rl", step, {{"x", 1}}));
  }
  WriteBytes(path, ReadBytes(path) + "{\"stage\": \"rl\", \"ste");  // the process died here
  {
    MetricsFile metrics(path, "rl", 2);
    metrics.Write(Row("rl", 3, {{"x", 2}}));
  }
  EXPECT_THAT(StagesAndSteps(path), ElementsAre("sft 5", "rl 1", "rl 2", "rl 3")) << "two steps are done";
  EXPECT_EQ(Rows(path).back()["x"], 2);
}

// A file that something else wrote into, or a disk damaged: the rows that are rows stay, and nothing throws.
TEST(MetricsFile, LeavesOutWhatIsNoRow) {
  TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  const std::string good = "{\"stage\":\"rl\",\"step\":2}\n{\"stage\":\"sft\",\"step\":9}\n";
  WriteBytes(path, good + "{\"stage\":7,\"step\":0}\n{\"stage\":\"rl\",\"step\":\"1\"}\n{\"stage\":\"rl\",\"step\":0.5}\n" +
                       "{\"stage\":\"rl\"}\n[]\n\x80\xff\n\n" + "{\"stage\":\"rl\",\"step\":1}\n{\"stage\": 7");
  EXPECT_EQ(KeepRows(path, [](const std::string&, int64_t) { return true; }), 7) << "the last line was cut short: not counted";
  EXPECT_THAT(StagesAndSteps(path), ElementsAre("rl 2", "sft 9", "rl 1"));
  WriteBytes(path, "{\"stage\":null,\"step\":0}\n" + good);
  { MetricsFile metrics(path, "rl", 0); }
  EXPECT_THAT(StagesAndSteps(path), ElementsAre("sft 9"));
}

TEST(MetricsFile, ARowIsReadAsItWasWritten) {
  TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  MetricsFile metrics(path, "rl", 0);
  metrics.Write(Row("rl", 3, {{"reward/mean", 0.1}, {"actor/kl", NAN}}));
  const std::vector<MetricRow> rows = ReadMetrics(path);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].stage, "rl");
  EXPECT_EQ(rows[0].step, 3);
  EXPECT_EQ(rows[0].time, "2027-01-15T08:00:00Z");
  EXPECT_EQ(rows[0].values, (std::map<std::string, double>{{"reward/mean", 0.1}}));
  EXPECT_THAT(rows[0].nonfinite, ElementsAre("actor/kl"));
}

TEST(MetricsFile, ReadingNamesFileAndLineOfWhatIsNoRow) {
  TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  WriteBytes(path, "{\"step\":1}\n\n{\"stage\":\"rl\",\"step\":\"two\"}\n");
  EXPECT_THAT([&] { ReadMetrics(path); }, testing::ThrowsMessage<Error>(HasSubstr(path + ":3: not a row of metrics: ")));
  WriteBytes(path, "{\"stage\":\"rl\",\"step\":2}\n{\"step\":1}\n{\"stage\":\"sft\",\"step\":0}\n{\"stage\": 7");
  std::vector<std::string> order;
  for (const MetricRow& row : ReadMetrics(path)) order.push_back(row.stage + " " + std::to_string(row.step));
  EXPECT_THAT(order, ElementsAre("rl 1", "rl 2", "sft 0")) << "the last line has no end yet";
  std::string problem;
  EXPECT_FALSE(ParseMetricRow("[]", &problem));
  EXPECT_NE(problem, "");
}

// The lines as they were before the hash chain linked them.
std::string WithoutLinks(const std::string& text) { return std::regex_replace(text, std::regex(",\"chain\":\"[0-9a-f]{64}\""), ""); }

// A disk that is full for a while: nothing that was trained on goes missing.
TEST(AuditFile, RowsThatCannotBeWrittenWaitAndComeInOrder) {
  TempFolder folder;
  const std::string path = folder / "audit.jsonl";
  WriteBytes(path, "{\"step\":1}\n{\"step\":2}\n{\"st");
  SinkFailures failures;
  AuditFile audit(path, 1, &failures);
  audit.Write("{\"step\":2,\"a\":1}\n");
  fs::rename(path, folder / "kept");
  fs::create_symlink("/dev/full", path);
  testing::internal::CaptureStderr();
  audit.Write("{\"step\":2}\n{\"step\":2}\n");
  audit.Write("{\"step\":3}\n");
  EXPECT_EQ(failures.count(), 0) << "they wait";
  audit.Write("{\"step\":3,\"a\":\"" + std::string(AuditFile::kMaxWaiting, 'x') + "\"}\n");
  EXPECT_EQ(audit.lost(), 1) << "memory is not the disk's to fill";
  EXPECT_EQ(failures.count(), 1);
  fs::rename(folder / "kept", path);
  audit.Write("{\"step\":4}\n");
  EXPECT_EQ(WithoutLinks(ReadBytes(path)), "{\"step\":1}\n{\"step\":2,\"a\":1}\n{\"step\":2}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("No space left on device (its rows wait in memory)"));
  EXPECT_EQ(said.find("No space"), said.rfind("No space")) << said;
  EXPECT_THAT(said, HasSubstr(path + ": written again, 1 writes are missing"));
}

// A job that is stopped or fails ends its stage by an exception: the rows that wait get their last try all the same.
TEST(AuditFile, RowsThatWaitAreTriedOnceMoreHoweverTheStageEnds) {
  TempFolder folder;
  const std::string path = folder / "audit.jsonl";
  SinkFailures failures;
  testing::internal::CaptureStderr();
  try {
    AuditFile audit(path, 0, &failures);
    fs::remove(path);
    fs::create_symlink("/dev/full", path);
    audit.Write("{\"step\":0}\n{\"step\":0}\n");
    fs::remove(path);
    throw std::runtime_error("stopped");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(WithoutLinks(ReadBytes(path)), "{\"step\":0}\n{\"step\":0}\n");
  EXPECT_EQ(failures.count(), 0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("written again, nothing is missing"));
}

// A job that is killed while rows wait: the checkpoint knows of them, and a start from it finds that they are not there.
TEST(AuditFile, ACheckpointKnowsOfRowsThatWaitAndOfWhatIsChanged) {
  TempFolder folder;
  const std::string path = folder / "audit.jsonl";
  SinkFailures failures;
  AuditFile audit(path, 0, &failures);
  audit.Write("{\"step\":0}\n{\"step\":1}\n");
  const AuditMark whole = audit.Mark();
  EXPECT_EQ(whole.rows, 2);
  fs::rename(path, folder / "kept");
  fs::create_symlink("/dev/full", path);
  audit.Write("{\"step\":2}\n");
  const AuditMark waiting = audit.Mark();
  EXPECT_EQ(waiting.rows, 3);
  const std::string kept = folder / "kept";
  EXPECT_NO_THROW(CheckAudit(kept, whole));
  EXPECT_THAT([&] { CheckAudit(kept, waiting); },
              testing::ThrowsMessage<ConfigError>(testing::StartsWith(kept + ": has 2 rows; 3 were written, or waited")));
  fs::rename(kept, path);
  EXPECT_EQ(audit.Mark().rows, 3);
  EXPECT_NO_THROW(CheckAudit(path, waiting)) << "there is room again";
  EXPECT_NO_THROW(CheckAudit(path, whole)) << "rows after a checkpoint are done again";
  std::string text = ReadBytes(path);
  text[text.find("\"step\":1") + 7] = '0';
  WriteBytes(path, text);
  EXPECT_THAT([&] { CheckAudit(path, whole); },
              testing::ThrowsMessage<ConfigError>(HasSubstr(path + ": was changed since the checkpoint")));
  fs::remove(path);
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW(CheckAudit(path, whole));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(path + " is not there"));
}

// A new start would meet the same thing: that is 78 and not 75.
TEST(MetricsFile, WhatIsNoFileIsAMistakeThatAStartDoesNotMend) {
  TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  SinkFailures failures;
  const std::vector<std::pair<std::string, std::function<void()>>> odd = {
      {"it is a folder", [&] { fs::create_directory(path); }},
      {"it is a pipe", [&] { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }},
      {"it is a link that leads in a circle", [&] { fs::create_symlink("metrics.jsonl", path); }}};
  for (const auto& [what, make] : odd) {
    make();
    const auto says = testing::ThrowsMessage<ConfigError>(HasSubstr(path + ": " + what));
    EXPECT_THAT([&] { CheckMetrics(path, {.bytes = 1, .xxh128 = "a"}); }, says);
    EXPECT_THAT([&] { CheckAudit(path, {.rows = 1, .breaks = 0, .link = "a"}); }, says);
    EXPECT_THAT([&] { MetricsFile(path, "rl", 0); }, says);
    EXPECT_THAT([&] { AuditFile(path, 0, &failures); }, says);
    fs::remove(path);
  }
}

// Rows that are lost break the chain, which a checkpoint after them knows, too.
TEST(AuditFile, ACheckpointAfterRowsThatWereLostHolds) {
  TempFolder folder;
  const std::string path = folder / "audit.jsonl";
  SinkFailures failures;
  AuditFile audit(path, 0, &failures);
  fs::rename(path, folder / "kept");
  fs::create_symlink("/dev/full", path);
  audit.Write("{\"step\":0}\n");
  audit.Write("{\"step\":1,\"a\":\"" + std::string(AuditFile::kMaxWaiting, 'x') + "\"}\n");
  EXPECT_EQ(audit.lost(), 1);
  fs::rename(folder / "kept", path);
  audit.Write("{\"step\":2}\n");
  const AuditMark mark = audit.Mark();
  EXPECT_EQ(mark.rows, 2);
  EXPECT_EQ(mark.breaks, 1);
  EXPECT_NO_THROW(CheckAudit(path, mark));
  EXPECT_EQ(AuditFile(path, 3, &failures).Mark().breaks, 1) << "and after a start from it";
}

TEST(AuditFile, TellsOnceWhatIsLostAndWhatToDo) {
  TempFolder folder;
  const std::string path = folder / "audit.jsonl";
  SinkFailures failures;
  testing::internal::CaptureStderr();
  {
    AuditFile audit(path, 0, &failures);
    fs::remove(path);
    fs::create_symlink("/dev/full", path);
    audit.Write("{\"step\":0}\n{\"step\":0}\n");
    audit.Finish();
    EXPECT_EQ(audit.lost(), 2);
  }
  EXPECT_EQ(failures.count(), 1);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr(path + " is not complete: 2 rows are lost (No space left on device)"));
  EXPECT_THAT(said, HasSubstr("--resume FOLDER"));
  EXPECT_EQ(said.find("is not complete"), said.rfind("is not complete")) << said;
}

}  // namespace
}  // namespace temper
