#include "record/provenance.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/json_fields.h"
#include "cluster/base/utc_time.h"
#include "cluster/host/host_name.h"
#include "cluster/host/installation.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// What changes how a job computes, and nothing that could be a secret.
constexpr std::array kKeptNames = {"ATEN_CPU_CAPABILITY",
                                   "CUDA_VISIBLE_DEVICES",
                                   "LANG",
                                   "LC_ALL",
                                   "LD_PRELOAD",
                                   "OMP_NUM_THREADS",
                                   "OMP_PROC_BIND",
                                   "OMP_PLACES",
                                   "MKL_NUM_THREADS",
                                   "OMPI_COMM_WORLD_SIZE",
                                   "SLURM_ARRAY_JOB_ID",
                                   "SLURM_ARRAY_TASK_ID",
                                   "SLURM_JOB_ID",
                                   "SLURM_JOB_NAME",
                                   "SLURM_JOB_NODELIST",
                                   "SLURM_JOB_PARTITION",
                                   "SLURM_NNODES",
                                   "SLURM_NTASKS",
                                   "SLURM_RESTART_COUNT",
                                   "TMPDIR",
                                   "TORCH_SHOW_CPP_STACKTRACES",
                                   "TZ"};
constexpr std::array kKeptBeginnings = {"NCCL_", "OMPI_MCA_btl", "OMPI_MCA_mpi_", "OMPI_MCA_oob_tcp_if", "OMPI_MCA_pml", "UCX_"};

std::string PathOf(const std::string& run_folder) { return RunPaths(run_folder).Provenance(); }

// What is there; an empty object where there is none, or where it is damaged: it is a record, no run depends on it.
ordered_json ReadProvenance(const std::string& run_folder) {
  if (!fs::exists(PathOf(run_folder))) return ordered_json::object();
  ordered_json json = ordered_json::parse(ReadFile(PathOf(run_folder)), nullptr, false);
  const bool sound = json.is_object() && (!json.contains("attempts") || json["attempts"].is_array());
  return sound ? json : ordered_json::object();
}

ordered_json DescribeFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  ordered_json list = ordered_json::array();
  for (const std::string& file : files) list.push_back({{"path", file}, {"bytes", fs::file_size(file)}, {"xxh128", Hash128OfFile(file)}});
  return list;
}

// Whatever is there; no value where that is no JSON.
ordered_json TryReadProvenance(const std::string& run_folder) {
  std::string why_not;
  return ordered_json::parse(TryReadFile(PathOf(run_folder), kMaxDocumentBytes, &why_not).value_or(""), nullptr, false);
}

// The words this process was started with.
ordered_json Command() {
  ordered_json words = ordered_json::array();
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// null where the program does not know.
ordered_json Revision() {
  const auto source = ProgramRevision();
  if (!source) return nullptr;
  return {{"revision", source->commit}, {"dirty", source->dirty}};
}

ordered_json Environment() {
  std::vector<std::string> all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) all.emplace_back(*variable);
  return KeptEnvironment(all);
}

using Files = std::vector<std::pair<std::string, std::string>>;

Files FilesOf(const ordered_json& list) {
  Files files;
  for (const ordered_json& file : list) {
    const std::string path = TextField(file, "path");
    if (!path.empty()) files.emplace_back(std::filesystem::path(path).filename().string(), TextField(file, "xxh128"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, std::string> FactsOf(const ordered_json& attempt) {
  std::map<std::string, std::string> facts;
  if (!attempt.is_object()) return facts;
  if (const auto versions = attempt.find("versions"); versions != attempt.end() && versions->is_object()) {
    for (const auto& [name, version] : versions->items()) {
      if (version.is_string()) facts[name] = version.get<std::string>();
    }
  }
  if (const std::string host = TextField(attempt, "host"); !host.empty()) facts["host"] = host;
  const auto source = attempt.find("source");
  if (source != attempt.end() && source->is_object()) {
    const auto dirty = source->find("dirty");
    const bool changed = dirty != source->end() && dirty->is_boolean() && dirty->get<bool>();
    facts["source"] = TextField(*source, "revision").substr(0, 12) + (changed ? " with changes not committed" : "");
  }
  return facts;
}

constexpr char kModel[] = "base_model";  // a folder, in which a file that is new counts as well
constexpr size_t kMaxSourcesShown = 3;

// A run moves, and relative paths with it: what is not at the same path is looked for by its name. Nothing when the file was not there.
std::optional<bool> IsAsBefore(const ordered_json& file, const ordered_json& before) {
  std::optional<bool> same;
  for (const ordered_json& other : before) {
    const bool equal = TextField(other, "xxh128") == TextField(file, "xxh128");
    if (TextField(other, "path") == TextField(file, "path")) return equal;
    if (fs::path(TextField(other, "path")).filename() == fs::path(TextField(file, "path")).filename()) same = equal || same.value_or(false);
  }
  return same;
}

// What of the files of an input is not as it was, in words.
std::vector<std::string> Differences(const std::string& name, const ordered_json& now, const ordered_json& before) {
  std::vector<std::string> found;
  for (const ordered_json& file : now) {
    const auto same = IsAsBefore(file, before);
    if (same && !*same) found.push_back(TextField(file, "path") + " has changed");
    if (!same && name == kModel) found.push_back(TextField(file, "path") + " is new");
  }
  for (const ordered_json& file : before) {
    if (name == kModel && !IsAsBefore(file, now)) found.push_back(TextField(file, "path") + " is gone");
  }
  return found;
}

void CheckFixed(const std::string& run_folder, const std::set<std::string>& fixed, const ordered_json& now, const ordered_json& before) {
  std::vector<std::string> found;
  for (const std::string& name : fixed) {
    const auto then = before.find(name);
    if (then == before.end() || !then->is_array() || !now.contains(name)) continue;
    for (std::string& difference : Differences(name, now.at(name), *then)) found.push_back(std::move(difference));
  }
  if (found.empty()) return;
  std::string text;
  for (size_t i = 0; i < std::min(found.size(), kMaxSourcesShown); ++i) text += (i == 0 ? "" : "; ") + found[i];
  if (found.size() > kMaxSourcesShown) text += Concat("; and ", found.size() - kMaxSourcesShown, " more");
  throw ConfigError(
      Concat(text, ", since ", run_folder,
             " was made from it; put back the file as it was, or give the run another name (run.name=...), or start it again with "
             "--resume never"));
}

void Write(const std::string& run_folder, const ordered_json& json) {
  // Bytes of an argument or path may be no UTF-8.
  WriteFile(PathOf(run_folder), json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n", {.durable = true});
}

}  // namespace

void RecordStart(const std::string& run_folder, const ProvenanceInput& input) {
  const ordered_json before = ReadProvenance(run_folder);
  const std::string now = UtcNow();
  ordered_json json;
  json["inputs"] = ordered_json::object();
  for (const auto& [name, paths] : input.inputs) json["inputs"][name] = DescribeFiles(paths);
  if (before.contains("inputs") && before["inputs"].is_object()) CheckFixed(run_folder, input.fixed, json["inputs"], before["inputs"]);
  json["tokenizer_xxh128"] = Hash128(input.tokenizer_json);
  json["started"] = before.value("started", now);
  json["ended"] = nullptr;
  json["attempts"] = before.value("attempts", ordered_json::array());
  json["attempts"].push_back({{"epoch", input.epoch},
                              {"started", now},
                              {"ended", nullptr},
                              {"exit_code", nullptr},
                              {"host", HostDescription()},
                              {"command", Command()},
                              {"source", Revision()},
                              {"versions", input.versions},
                              {"environment", Environment()}});
  Write(run_folder, json);
}

void RecordEnd(const std::string& run_folder, int exit_code) {
  ordered_json json = ReadProvenance(run_folder);
  if (!json.contains("attempts") || json["attempts"].empty()) return;
  ordered_json& attempt = json["attempts"].back();
  json["ended"] = attempt["ended"] = UtcNow();
  attempt["exit_code"] = exit_code;
  Write(run_folder, json);
}

RunOrigin ReadOrigin(const std::string& run_folder) {
  RunOrigin origin;
  const ordered_json parsed = TryReadProvenance(run_folder);
  if (!parsed.is_object()) return origin;
  origin.started = TextField(parsed, "started");
  origin.ended = TextField(parsed, "ended");
  if (const auto attempts = parsed.find("attempts"); attempts != parsed.end() && attempts->is_array() && !attempts->empty())
    origin.facts = FactsOf(attempts->back());
  if (const std::string hash = TextField(parsed, "tokenizer_xxh128"); !hash.empty()) origin.facts["tokenizer"] = hash.substr(0, 16);
  if (const auto inputs = parsed.find("inputs"); inputs != parsed.end() && inputs->is_object()) {
    for (const auto& [name, list] : inputs->items()) {
      if (list.is_array()) origin.inputs[name] = FilesOf(list);
    }
  }
  return origin;
}

std::map<std::string, std::vector<InputFile>> ReadInputs(const std::string& run_folder) {
  std::map<std::string, std::vector<InputFile>> inputs;
  const ordered_json parsed = TryReadProvenance(run_folder);
  const auto named = parsed.is_object() ? parsed.find("inputs") : parsed.end();
  if (named == parsed.end() || !named->is_object()) return inputs;
  for (const auto& [name, list] : named->items())
    for (const ordered_json& file : list)
      if (const std::string path = TextField(file, "path"); !path.empty()) inputs[name].push_back({path, TextField(file, "xxh128")});
  return inputs;
}

std::map<std::string, std::string> KeptEnvironment(const std::vector<std::string>& environment) {
  std::map<std::string, std::string> kept;
  for (const std::string& variable : environment) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = variable.substr(0, equals);
    const bool listed = std::find(kKeptNames.begin(), kKeptNames.end(), name) != kKeptNames.end();
    const auto begins = [&](const char* beginning) { return name.starts_with(beginning); };
    if (listed || std::any_of(kKeptBeginnings.begin(), kKeptBeginnings.end(), begins)) kept[name] = variable.substr(equals + 1);
  }
  return kept;
}

}  // namespace temper
