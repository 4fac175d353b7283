#include "record/provenance.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/json_fields.h"
#include "cluster/base/utc_time.h"
#include "cluster/host/host_name.h"
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

// The words this process was started with.
ordered_json Command() {
  ordered_json words = ordered_json::array();
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// "<revision> clean" or "<revision> dirty", which the build leaves beside the program (cmake/WriteRevision.cmake).
ordered_json SourceRevision() {
  std::error_code none;
  std::ifstream file(fs::read_symlink("/proc/self/exe", none).string() + ".revision");
  std::string revision, state;
  if (!(file >> revision >> state)) return nullptr;
  return {{"revision", revision}, {"dirty", state != "clean"}};
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

void Write(const std::string& run_folder, const ordered_json& json) {
  // Bytes of an argument or path may be no UTF-8.
  WriteFile(PathOf(run_folder), json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n", {.durable = true});
}

}  // namespace

void RecordStart(const std::string& run_folder, const ProvenanceInput& input) {
  const ordered_json before = ReadProvenance(run_folder);
  const std::string now = UtcNow();
  ordered_json json;
  for (const auto& [name, paths] : input.inputs) json["inputs"][name] = DescribeFiles(paths);
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
                              {"source", SourceRevision()},
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
  std::string why_not;
  const ordered_json parsed =
      ordered_json::parse(TryReadFile(PathOf(run_folder), kMaxDocumentBytes, &why_not).value_or(""), nullptr, false);
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
