// Answers of 100 words that the graders of types rule, classifier and tsetlin grade a second on one core, as a reward worker asks them: a
// grader of the registry, groups of 16 answers to a prompt. By the processor's time of the program and by the clock, the best of several
// rounds. The floor is 20,000. The peers (bench/peers/reward_peer.py) run between the rounds, on the same rows and answers.
//   reward_bench [PYTHON] [answers, default 4000] [policy spec, default configs/policies/open_safe_intent.yaml]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "bench/reward_texts.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/random_id.h"
#include "cluster/config/reader.h"
#include "reward/classifier/file.h"
#include "reward/classifier/train.h"
#include "reward/graders/entry.h"
#include "reward/spec/policy_spec.h"
#include "reward/spec/regex.h"
#include "reward/tsetlin/model_file.h"
#include "reward/tsetlin/text_training.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Groups = std::vector<std::vector<GradeRequest>>;

constexpr size_t kTrainingGroups = 125;
constexpr int kRounds = 4;  // before the peers, and as many after

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Words 1-2 and characters 2-5 inside words of answer and prompt, the prompt's at half the scale.
void TrainClassifierTo(const std::string& path, const Groups& groups) {
  ClassifierOptions options;
  options.classes = {"answers", "refuses"};
  for (const TextOf of : {TextOf::kAnswer, TextOf::kPrompt})
    for (const NgramUnit unit : {NgramUnit::kWord, NgramUnit::kCharacter}) {
      const bool words = unit == NgramUnit::kWord;
      options.spaces.push_back({of, {unit, words ? 1 : 2, words ? 2 : 5}, of == TextOf::kAnswer ? 1.0 : 0.5});
    }
  options.linear.c = 4;
  options.calibration = CalibrationKind::kNone;
  std::vector<LabelledRow> rows;
  for (const auto& group : groups) {
    for (size_t i = 0; i < group.size(); ++i) {
      LabelledRow& row = rows.emplace_back();
      row.prompt = row.group = group[i].prompt;
      row.answer = group[i].response;
      row.label = LabelOf(i);
    }
  }
  std::ofstream(path, std::ios::binary) << WriteClassifier(TrainClassifier(rows, options, {}, [](const std::string&) {}).model);
}

void TrainTsetlinTo(const std::string& path, const Groups& groups) {
  std::vector<LabelledText> rows;
  for (const auto& group : groups)
    for (size_t i = 0; i < group.size(); ++i) rows.push_back({group[i].response, LabelOf(i)});
  TsetlinTraining training;
  training.epochs = 5;
  std::ofstream(path, std::ios::binary) << TsetlinModelBytes(TrainTsetlinModel(rows, {}, training, nullptr, nullptr));
}

// What the peers read: rows to train on, answers to ask about, the patterns of the policy spec.
void WriteForPeers(const std::string& folder, const Groups& training, const Groups& asked, const PolicySpec& spec) {
  const auto write = [&](const std::string& name, const Groups& groups) {
    std::ofstream out(folder + "/" + name);
    for (const auto& group : groups)
      for (size_t i = 0; i < group.size(); ++i)
        out << Json{{"prompt", group[i].prompt}, {"answer", group[i].response}, {"label", LabelOf(i)}}.dump() << "\n";
  };
  write("training.jsonl", training);
  write("asked.jsonl", asked);
  Json patterns = Json::array();
  for (const auto& [id, rule] : spec.propositions) {
    if (rule.measured() && !rule.counts_matches()) continue;
    std::string phrases;
    for (const std::string& phrase : rule.phrases) phrases += (phrases.empty() ? "" : "|") + PhrasePattern(phrase);
    Json all = rule.regexes;
    if (!phrases.empty()) all.push_back(phrases);
    for (const auto& pattern : all) patterns.push_back({{"in", rule.in}, {"within", rule.within_bytes}, {"pattern", pattern}});
  }
  std::ofstream(folder + "/patterns.json") << patterns.dump();
}

std::unique_ptr<Grader> GraderOf(const std::string& yaml, const std::string& folder) {
  GraderEntry entry;
  ReadConfigText(yaml, folder + "/entry.yaml", [&](ConfigFields& f) { DescribeEntry(0, &entry, f); });
  return MakeGrader(ConfigOf(entry, 60));
}

struct Measured {
  std::string name;
  std::unique_ptr<Grader> grader;
  double processor_s = 1e30, wall_s = 1e30;  // of the best round
  double safety = 0;                         // over all answers of a round

  void Round(const Groups& groups) {
    Groups requests = groups;
    safety = 0;
    const double start = ProcessorSeconds();
    const Stopwatch watch;
    for (auto& group : requests) {
      for (const Grade& grade : GradeAll(grader.get(), std::move(group), 60)) {
        TEMPER_CHECK(grade.outcome == GradeOutcome::kOk, name, ": ", grade.error);
        safety += grade.safety + grade.helpfulness;
      }
    }
    processor_s = std::min(processor_s, ProcessorSeconds() - start);
    wall_s = std::min(wall_s, watch.Seconds());
  }
};

void Run(const std::string& python, size_t answers, const std::string& policy) {
  const std::string folder = (fs::temp_directory_path() / Concat("temper_reward_bench_", RandomId())).string();
  fs::create_directories(folder);
  const PolicySpec spec = LoadPolicySpec(policy);
  const std::string category = spec.categories.begin()->first;
  const Groups training = RequestGroups(1, kTrainingGroups, category), asked = RequestGroups(2, (answers + 15) / 16, category);
  TrainClassifierTo(folder + "/c.clf", training);
  TrainTsetlinTo(folder + "/t.tm", training);
  std::vector<Measured> all(3);
  all[0] = {"rule", GraderOf(Concat("{name: r, type: rule, policy_spec: '", fs::absolute(policy).string(), "'}"), folder)};
  all[1] = {"classifier", GraderOf("{name: c, type: classifier, file: c.clf, means: refusal}", folder)};
  all[2] = {"tsetlin", GraderOf("{name: t, type: tsetlin, file: t.tm, means: helpfulness, values: {answers: 1, refuses: 0}}", folder)};
  const auto rounds = [&] {
    for (int round = 0; round < kRounds; ++round)
      for (Measured& each : all) each.Round(asked);
  };
  rounds();
  if (!python.empty()) {
    WriteForPeers(folder, training, asked, spec);
    const std::string peer = Concat(python, " ", TEMPER_SOURCE_DIR, "/bench/peers/reward_peer.py ", folder);
    std::fflush(stdout);
    if (std::system(peer.c_str()) != 0) std::fprintf(stderr, "reward_bench: the peers failed\n");
    rounds();
  }
  const auto count = static_cast<double>(16 * asked.size());
  for (const Measured& each : all)
    std::printf("%-11s %8.0f answers/s by processor time, %8.0f by the clock (floor 20000; sum %.9f)\n", each.name.c_str(),
                count / each.processor_s, count / each.wall_s, each.safety);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  try {
    temper::Run(argc > 1 ? argv[1] : "", argc > 2 ? static_cast<size_t>(std::atoll(argv[2])) : 4000,
                argc > 3 ? argv[3] : TEMPER_SOURCE_DIR "/configs/policies/open_safe_intent.yaml");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reward_bench: %s\n", error.what());
    return 1;
  }
}
