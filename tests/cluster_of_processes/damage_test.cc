// What a run folder holds, and what it was made from, is read again when a stopped job goes on. Whatever was changed meanwhile is found,
// and no numbers come from it.
#include <filesystem>
#include <functional>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/recovery_job.h"
#include "tests/support/temp_folder.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kSoon(30);
constexpr int kConfigError = 78;
constexpr int kPreempted = 85;

void FlipBit(const std::string& path, size_t at) {
  std::string bytes = ReadText(path);
  ASSERT_LT(at, bytes.size()) << path;
  bytes[at] = static_cast<char>(bytes[at] ^ 16);
  WriteBytes(path, bytes);
}

// Starts the job, or goes on with it, and stops it after some steps.
void RunSomeSteps(TinyJob* job) {
  const auto before = static_cast<int64_t>(job->RlRows().size());
  const auto process = job->StartLaunch();
  ASSERT_TRUE(job->HoldAtRlStep(before + 3)) << process->Output();
  process->Signal(SIGTERM);
  usleep(300'000);
  job->Release();
  ASSERT_EQ(job->Finish(process.get(), kSoon), kPreempted) << job->output();
}

// The next start ends at once, with one line that says each of these.
void ExpectRefused(TinyJob* job, const std::vector<std::string>& words) {
  EXPECT_EQ(job->Finish(job->StartLaunch().get(), kSoon), kConfigError) << job->output();
  EXPECT_EQ(CountOf("starting it again", job->output()), 0) << job->output();
  for (const std::string& word : words) EXPECT_EQ(CountOf(word, job->output()), 1) << word << "\n" << job->output();
}

TEST(Damage, AFlippedByteOfTheJournalCostsItsHistoryAndNothingElse) {
  TinyJob job("journal", RecoveryOverrides());
  const std::string journal = job.folder() + "/main/journal/journal.bin";
  ASSERT_NO_FATAL_FAILURE(RunSomeSteps(&job));
  FlipBit(journal, 8);
  ExpectRefused(&job, {"journal " + journal + " is of version 17, but this Temper reads version 1"});
  FlipBit(journal, 8);
  int damaged = 0;
  for (const double place : {0.0, 0.05, 0.5, 0.9}) {
    const size_t at = place == 0 ? 3 : static_cast<size_t>(place * static_cast<double>(ReadText(journal).size()));
    FlipBit(journal, at);
    const std::string bytes = ReadText(journal);
    SCOPED_TRACE("byte " + std::to_string(at) + " of " + std::to_string(bytes.size()));
    ASSERT_NO_FATAL_FAILURE(RunSomeSteps(&job));
    EXPECT_EQ(ReadText(job.folder() + "/main/journal/journal.damaged-" + std::to_string(++damaged) + ".bin"), bytes);
    EXPECT_EQ(CountOf(journal + " is damaged at byte ", ReadText(job.folder() + "/logs/latest/orchestrator/rank_0.log")), 1);
    EXPECT_EQ(job.Journal().at("violations"), 0);
  }
  EXPECT_EQ(job.Finish(job.StartLaunch().get()), 0) << job.output();
  EXPECT_EQ(static_cast<int64_t>(job.RlRows().size()), kRecoverySteps);
  EXPECT_EQ(job.Weights(), UndisturbedWeights());
}

TEST(Damage, NothingThatDecidesNumbersChangesUnseen) {
  const std::string name = "changed";
  TinyJob job(name, RecoveryOverrides());
  const std::string spec = job.dir() + "/spec.yaml";
  fs::copy_file(TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml", spec);
  job.overrides.push_back("reward.policy_spec=" + spec);
  ASSERT_NO_FATAL_FAILURE(RunSomeSteps(&job));
  const std::string start = job.folder() + "/sft/weights/step_" + std::to_string(kRecoverySftSteps);
  std::string world;
  for (const auto& entry : fs::directory_iterator(job.folder() + "/data")) world = entry.path();
  const std::string never = "--resume never";
  const auto with = [](const std::string& path, const std::function<void()>& change, const std::function<void()>& check) {
    const std::string before = ReadText(path);
    change();
    check();
    WriteBytes(path, before);
  };
  for (const std::string file : {"model.safetensors", "config.json", "tokenizer.json"}) {
    const std::string path = start + "/" + file;
    with(
        path, [&] { FlipBit(path, ReadText(path).size() / 2); },
        [&] {
          ExpectRefused(&job, {start + ": " + file + " does not have the checksum of manifest.json", never});
        });
  }
  with(
      start + "/manifest.json",
      [&] {
        auto manifest = nlohmann::json::parse(ReadText(start + "/manifest.json"));
        manifest["files"]["config.json"] = nlohmann::json::object();
        WriteBytes(start + "/manifest.json", manifest.dump());
      },
      [&] { ExpectRefused(&job, {"config.json has no valid entry in manifest.json"}); });
  with(
      spec, [&] { WriteBytes(spec, ReadText(spec) + "# edited\n"); },
      [&] {
        ExpectRefused(&job, {spec + " has changed", never});
      });
  for (const std::string file : {"prompts_train.jsonl", "prompts_dev.jsonl", "demonstrations.jsonl"}) {
    const std::string path = world + "/" + file;
    ASSERT_TRUE(fs::exists(path)) << path;
    with(
        path, [&] { WriteBytes(path, ReadText(path).substr(0, ReadText(path).rfind('{'))); },
        [&] {
          ExpectRefused(&job, {file + " has changed", never});
        });
  }
  const std::string metrics = job.folder() + "/main/metrics.jsonl";
  with(
      metrics,
      [&] {
        std::string text = ReadText(metrics);
        const size_t at = text.find("\"reward/mean\":") + 14;
        text[at] = text[at] == '0' ? '1' : '0';
        WriteBytes(metrics, text);
      },
      [&] { ExpectRefused(&job, {metrics + ": was changed since the checkpoint"}); });
  const std::string audit = job.folder() + "/main/audit.jsonl";
  with(
      audit, [&] { WriteBytes(audit, ReadText(audit).replace(ReadText(audit).find("\"sample\":0"), 10, "\"sample\":7")); },
      [&] { ExpectRefused(&job, {audit + ": was changed since the checkpoint"}); });
  with(
      audit, [&] { WriteBytes(audit, ""); }, [&] { ExpectRefused(&job, {audit + ": has 0 rows; "}); });
  EXPECT_EQ(job.Finish(job.StartLaunch().get()), 0) << job.output();
  EXPECT_EQ(job.Weights(), UndisturbedWeights()) << "with everything put back, nothing has happened";
}

}  // namespace
}  // namespace temper::testing
