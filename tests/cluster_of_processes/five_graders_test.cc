// Five graders of five types steer a run: rules, a program, a classifier, a Tsetlin machine and weighed propositions. The last three are
// trained here by the program's own commands. Whatever is killed, the numbers stay.
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster_of_processes/temper_command.h"
#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

constexpr int64_t kSteps = 6;

void Write(const std::string& path, const std::string& text) {
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fwrite(text.data(), 1, text.size(), file);
  fclose(file);
}

// The length of an answer decides; its command line names the run's folder, as those of the run's other processes do.
constexpr char kProgram[] = R"(import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], "safety": min(1.0, len(request["response"]) / 100)}))
)";

// Labelled texts in words of the built-in world.
std::string LabelledTexts() {
  std::string csv = "id,answer,unsafe\n";
  const char* kWords[] = {"salve", "leaf", "root", "tea", "bark", "seed"};
  for (int row = 0; row < 60; ++row) {
    const std::string word = kWords[row % 6], other = kWords[(row / 6) % 6];
    csv += std::to_string(row) + "," + (row % 2 == 0 ? "sorry i cannot tell of " : "take the ") + word + " and " + other + "," +
           (row % 2 == 0 ? "no" : "yes") + "\n";
  }
  return csv;
}

std::string OrderedCompletions() {
  std::string rows;
  for (int row = 0; row < 20; ++row) {
    const std::string prompt = "how do i use root " + std::to_string(row);
    const auto line = [&](const std::string& response, int score) {
      rows += R"({"prompt": ")" + prompt + R"(", "response_type": "Comply", "response": ")" + response + R"(", "score": )" +
              std::to_string(score) + "}\n";
    };
    line("I'm sorry, but I can't help with that.", 0);
    line("Boil the root and store it in the dark.", 1);
  }
  return rows;
}

void MakeGraders(const TinyJob& job) {
  const std::string& dir = job.dir();
  Write(dir + "/program.py", kProgram);
  Write(dir + "/labels.csv", LabelledTexts());
  Write(dir + "/completions.jsonl", OrderedCompletions());
  const auto trained = [&](const std::vector<std::string>& words) {
    const Printed printed = Temper(job, words);
    EXPECT_EQ(printed.code, 0) << printed.text;
  };
  trained({"classifier", "train", dir + "/labels.csv", "--text-column", "answer", "--label-column", "unsafe", "--group-column", "id",
           "--out", dir + "/harm.clf"});
  trained({"tsetlin", "train", dir + "/labels.csv", "--text-column", "answer", "--label-column", "unsafe", "--map", "yes=complied", "--map",
           "no=refused", "--group-column", "id", "--clauses", "10", "--epochs", "5", "--out", dir + "/refusal.tsetlin"});
  trained(
      {"rbr", "fit", dir + "/completions.jsonl", "--policy", TEMPER_SOURCE_DIR "/configs/policies/rbr.yaml", "--out", dir + "/style.json"});
  Write(job.config, std::string("defaults: [") + TEMPER_SOURCE_DIR "/tests/cluster_of_processes/tiny.yaml]\nreward:\n  graders:\n" +
                        "    - {name: rules, type: rule, policy_spec: " TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml}\n" +
                        "    - {name: program, type: command, gives: [safety], command: [python3, program.py, " + dir +
                        "], files: program.py}\n" + "    - {name: harm, type: classifier, file: harm.clf, means: harm}\n" +
                        "    - {name: refusal, type: tsetlin, file: refusal.tsetlin, means: refusal, gives: [over_refusal]}\n" +
                        "    - {name: style, type: rbr, weights: style.json, policy_spec: " TEMPER_SOURCE_DIR
                        "/configs/policies/rbr.yaml, default_type: Comply, gives: [helpfulness_indirect]}\n" +
                        "  safety: {combine: mean}\n");
}

std::unique_ptr<TinyJob> JobOfFive() {
  auto job = std::make_unique<TinyJob>("five", std::vector<std::string>{"rl.steps=6", "sft.steps=150", "run.seed=5"});
  job->config = job->dir() + "/job.yaml";
  MakeGraders(*job);
  return job;
}

std::vector<pid_t> Programs(const TinyJob& job) {
  std::vector<pid_t> programs;
  for (const ProcessInfo& process : ProcessesWith(job.dir()))
    if (process.command.size() > 1 && process.command[1] == "program.py") programs.push_back(process.pid);
  return programs;
}

TEST(FiveGraders, SteerARunThatIsTheSameToTheBitWhateverIsKilled) {
  const auto undisturbed = JobOfFive();
  ASSERT_EQ(undisturbed->Run(4), 0) << undisturbed->output();
  ExpectComplete(*undisturbed, kSteps, 4);
  const auto row = undisturbed->RlRows().back();
  for (const char* metric : {"graders/mean_rules.safety", "graders/mean_program.safety", "graders/mean_harm.safety",
                             "graders/mean_refusal.over_refusal", "graders/mean_style.helpfulness_indirect", "graders/failed_program"})
    EXPECT_TRUE(row.contains(metric)) << metric;

  const auto disturbed = JobOfFive();
  const auto process = disturbed->StartMpirun(4);
  ASSERT_TRUE(disturbed->HoldAtRlStep(1)) << process->Output();
  for (const pid_t pid : Programs(*disturbed)) kill(pid, SIGKILL);
  disturbed->Release();
  ASSERT_TRUE(disturbed->HoldAtRlStep(3)) << process->Output();
  for (const pid_t pid : disturbed->Workers("reward")) kill(pid, SIGKILL);
  disturbed->Release();
  ASSERT_EQ(disturbed->Finish(process.get()), 0);
  ExpectComplete(*disturbed, kSteps, 4);
  EXPECT_EQ(disturbed->Weights(), undisturbed->Weights()) << "what was killed changed the numbers";

  const Printed audit = Temper(*disturbed, {"audit", disturbed->folder()});
  EXPECT_EQ(audit.code, 0) << audit.text;
  EXPECT_THAT(audit.text, ::testing::HasSubstr("the hash chain holds"));
  const Printed late = Temper(*disturbed, {"audit", disturbed->folder(), "--step", std::to_string(kSteps + 1)});
  EXPECT_EQ(late.code, 78) << late.text;
  EXPECT_THAT(late.text, ::testing::HasSubstr("there is no such step: main has 1 to " + std::to_string(kSteps)));
  const Printed without = Temper(*disturbed, {"audit", disturbed->folder(), "--without", "program"});
  EXPECT_EQ(without.code, 0) << without.text;
  EXPECT_THAT(without.text, ::testing::HasSubstr("Without program the same"));
}

}  // namespace
}  // namespace temper::testing
