#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/clock.h"
#include "cluster/config_reader.h"
#include "cluster/error.h"
#include "orchestrator/cli.h"
#include "orchestrator/experiment_config.h"
#include "orchestrator/journal.h"
#include "orchestrator/report.h"
#include "orchestrator/world.h"
#include "policy/hf_checkpoint.h"
#include "policy/safetensors.h"
#include "policy/sequence_logits.h"
#include "policy/torch_version.h"
#include "reward/grade_json.h"
#include "reward/grader.h"

namespace temper {

int LogitsCommand(const std::string& model_folder, const std::string& ids_path, const std::string& out_path) {
  SetComputeThreads(AllThreads());
  const c10::InferenceMode inference;
  const Stopwatch watch;
  const Transformer model = LoadHfModel(model_folder);
  std::fprintf(stderr, "read %s in %.2f s\n", model_folder.c_str(), watch.Seconds());
  std::ifstream file(ids_path);
  if (!file) throw ConfigError(Concat(ids_path, ": cannot be read"));
  const auto lists = nlohmann::json::parse(file, nullptr, false);
  if (!lists.is_array()) throw ConfigError(Concat(ids_path, ": expected a JSON list of lists of token ids"));
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& list : lists) {
    if (!list.is_array()) throw ConfigError(Concat(ids_path, ": list ", tensors.size(), ": expected a list of token ids"));
    std::vector<int32_t> tokens;
    for (const auto& id : list) {
      const bool fits = id.is_number_integer() && id >= 0 && id < model.config().vocab_size;
      if (!fits)
        throw ConfigError(
            Concat(ids_path, ": list ", tensors.size(), ": ", id.dump(), " is no id of the vocabulary of ", model.config().vocab_size));
      tokens.push_back(id);
    }
    if (tokens.empty()) throw ConfigError(Concat(ids_path, ": list ", tensors.size(), " is empty"));
    if (static_cast<int64_t>(tokens.size()) > model.config().max_positions)
      throw ConfigError(Concat(ids_path, ": list ", tensors.size(), " has ", tokens.size(), " ids; the model has ",
                               model.config().max_positions, " positions"));
    tensors.emplace_back(Concat("logits.", tensors.size()), SequenceLogits(model, tokens));
  }
  WriteSafetensors(out_path, tensors, {{"format", "pt"}});
  return kExitDone;
}

int GradeCommand(const std::string& policy_spec, const std::string& input) {
  const auto grader = MakeRuleGrader(LoadPolicySpec(policy_spec));
  std::ifstream file;
  if (input != "-") {
    file.open(input);
    if (!file) throw ConfigError(Concat(input, ": cannot be read"));
  }
  std::istream& in = input == "-" ? std::cin : file;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    const auto text = [&](const char* key, bool required) -> std::string {
      if (row.is_object() && row.contains(key) && row[key].is_string()) return row[key];
      if (required) throw ConfigError(Concat(input, ":", number, ": expected an object with the strings prompt and response"));
      return "";
    };
    const std::vector<GradeRequest> request = {{text("prompt", true), text("response", true), text("category", false), false}};
    std::cout << GradeToJson(grader->GradeAll(request).at(0)) << "\n";
  }
  return kExitDone;
}

int WorldCommand(const std::string& folder, uint64_t seed, int64_t train, int64_t eval, int64_t demonstrations, double permitted) {
  WriteWorld({.seed = seed,
              .train_prompts_per_intent = train,
              .eval_prompts_per_intent = eval,
              .demonstrations = demonstrations,
              .permitted_dual_use = permitted},
             folder);
  std::cout << "wrote the built-in world into " << folder << "\n";
  return kExitDone;
}

void MakeOutputFolder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (!failed && access(folder.c_str(), W_OK | X_OK) != 0) failed = std::error_code(errno, std::generic_category());
  if (failed) throw ConfigError(Concat("-o ", folder, ": cannot be written: ", failed.message()));
}

int ReportCommand(const std::string& run, const std::string& output) {
  if (!std::filesystem::exists(run + "/run.json"))
    throw ConfigError(Concat(run, ": no run there; a run's folder is <run.dir>/<run.name>, several are for temper compare"));
  const std::string folder = output.empty() ? run : output;
  MakeOutputFolder(folder);
  std::cout << WriteReport(ReadRunRecord(run), folder, ReadTimeline(run)) << "\nreport: " << folder << "/report.html\n";
  return kExitDone;
}

namespace {

// For who names the run's folder: those that have a journal.
std::string ArmsWithJournals(const std::string& run) {
  namespace fs = std::filesystem;
  std::vector<std::string> arms;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run, none)) {
    if (fs::exists(entry.path() / "journal/journal.bin", none)) arms.push_back(entry.path().string());
  }
  std::sort(arms.begin(), arms.end());
  std::string text;
  for (const std::string& arm : arms) text += (text.empty() ? "; each arm has its own: " : ", ") + arm;
  return text;
}

}  // namespace

int JournalCommand(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string file = fs::is_directory(path) ? path + "/journal/journal.bin" : path;
  if (!fs::exists(file)) throw ConfigError(Concat(file, ": no journal there", ArmsWithJournals(path)));
  const JournalSummary s = SummarizeJournal(file);
  std::printf("attempts:%lld steps:%lld groups issued:%lld generated:%lld graded:%lld consumed:%lld violations:%zu\n",
              static_cast<long long>(s.attempts), static_cast<long long>(s.consumed_steps), static_cast<long long>(s.issued),
              static_cast<long long>(s.generated), static_cast<long long>(s.graded), static_cast<long long>(s.consumed_groups),
              s.violations.size());
  for (const std::string& violation : s.violations) std::printf("violation: %s\n", violation.c_str());
  return s.violations.empty() ? kExitDone : 1;
}

int ReferenceCommand() {
  ExperimentConfig config = DefaultExperiment();
  std::cout << ReferenceYaml([&](ConfigFields& fields) { Describe(config, fields); });
  return kExitDone;
}

}  // namespace temper
