#include "record/audit_manifest.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/utc_time.h"
#include "policy/text/strict_json.h"
#include "record/audit_reader.h"
#include "record/provenance.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "record/signing.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "temper-audit-manifest-3";
constexpr char kAnyFormat[] = "temper-audit-manifest-";
constexpr size_t kMaxManifestBytes = 16 << 20;
constexpr int kMaxManifestDepth = 8;  // of brackets in it

// The steps of which a folder holds weights or checkpoints.
std::map<int64_t, std::string> Steps(const std::string& folder) {
  std::map<int64_t, std::string> steps;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (const auto step = StepOfFolder(entry.path().filename())) steps[*step] = entry.path();
  }
  return steps;
}

std::string WeightsOf(const ArmPaths& arm, int64_t* step) {
  std::map<int64_t, std::string> all = Steps(arm.Checkpoints());
  for (const auto& [each, folder] : Steps(fs::path(arm.Weights(0)).parent_path())) all[each] = folder;
  if (all.empty()) throw ConfigError(Concat(arm.folder(), ": there are no weights and no checkpoints to sign for"));
  if (*step < 0) *step = all.rbegin()->first;
  const auto found = all.find(*step);
  if (found != all.end()) return found->second;
  std::string known;
  for (const auto& [each, folder] : all) known += Concat(known.empty() ? "" : ", ", each);
  throw ConfigError(Concat("--step ", *step, ": ", arm.folder(), " has no weights of that step; it has ", known));
}

// All files of a folder and of those in it, with their hashes; a link to a file is that file. What is neither file nor folder, a link to a
// folder above all, has "": what it leads to could change unseen.
std::map<std::string, std::string> FilesOf(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) continue;
    files[entry.path().lexically_relative(folder)] = entry.is_regular_file() ? Sha256OfFile(entry.path()) : "";
  }
  return files;
}

Json SignedFilesOf(const std::string& folder) {
  std::map<std::string, std::string> files = FilesOf(folder);
  for (const auto& [name, hash] : files) {
    if (hash.empty())
      throw ConfigError(
          Concat(folder, "/", name, ": is not a regular file, so it cannot be signed; put the file itself there, or move it away"));
  }
  return files;
}

// null where the file is not there any more, or another.
Json InputHash(const InputFile& file) {
  std::error_code none;
  if (!fs::is_regular_file(file.path, none) || Hash128OfFile(file.path) != file.xxh128) return nullptr;
  return Sha256OfFile(file.path);
}

Json InputsOf(const std::string& run_folder) {
  Json inputs = Json::object();
  for (const auto& [name, files] : ReadInputs(run_folder))
    for (const InputFile& file : files) inputs[name].push_back({{"path", file.path}, {"xxh128", file.xxh128}, {"sha256", InputHash(file)}});
  return inputs;
}

struct Use {
  int64_t first = 0, last = 0, answers = 0;
};

void Count(const std::string& name, const std::string& id, int64_t step, std::map<std::pair<std::string, std::string>, Use>* uses) {
  Use& use = uses->try_emplace({name, id}, Use{step, step, 0}).first->second;
  use.first = std::min(use.first, step);
  use.last = std::max(use.last, step);
  ++use.answers;
}

// The trail up to the step of the weights, and who graded it: what came later is no part of them.
void AddAudit(const std::string& path, int64_t step, Json* manifest) {
  std::map<std::pair<std::string, std::string>, Use> uses;
  int64_t rows = 0;
  std::string link;
  const AuditReading reading = ReadAudit(path, [&](const AuditRow& row) {
    if (row.step > step) return;
    ++rows;
    link = row.link;
    if (row.verdicts.empty()) return Count("", row.grader, row.step, &uses);
    for (const Verdict& verdict : row.verdicts) Count(verdict.grader, verdict.id, row.step, &uses);
  });
  Json graders = Json::array();
  for (const auto& [grader, use] : uses) {
    graders.push_back(
        {{"name", grader.first}, {"id", grader.second}, {"first_step", use.first}, {"last_step", use.last}, {"answers", use.answers}});
  }
  (*manifest)["graders"] = std::move(graders);
  (*manifest)["audit"] = {{"rows", rows}, {"problems", reading.num_problems}, {"link", link}, {"sha256", Sha256OfFile(path)}};
}

// The text that is signed: that of the file without the signature.
std::string SignedText(Json manifest) {
  manifest.erase("signature");
  return manifest.dump(1);
}

bool IsArmOf(const std::string& run_folder, const std::string& name) {
  const auto arms = ReadRunDescription(run_folder).arms;
  return std::any_of(arms.begin(), arms.end(), [&](const RunDescription::Arm& arm) { return arm.name == name; });
}

void CheckFiles(const Json& manifest, const std::string& run_folder, ManifestCheck* check) {
  const fs::path inside = manifest.at("weights").at("folder").get<std::string>();
  if (inside.is_absolute() || std::find(inside.begin(), inside.end(), "..") != inside.end()) {
    check->problems.push_back(Concat("the manifest names weights outside the run's folder: ", inside.string()));
    return;
  }
  const std::string folder = fs::path(run_folder) / inside;
  if (!fs::is_directory(folder)) {
    check->problems.push_back(folder + " is not there");
    return;
  }
  const std::map<std::string, std::string> now = FilesOf(folder);
  const std::map<std::string, std::string> then = manifest.at("weights").at("files");
  for (const auto& [name, hash] : then) {
    const auto file = now.find(name);
    if (file == now.end()) {
      check->problems.push_back(Concat(folder, "/", name, " is not there"));
    } else if (file->second != hash) {
      check->problems.push_back(Concat(folder, "/", name, " is not the file that was signed for"));
    }
  }
  for (const auto& [name, hash] : now)
    if (!then.contains(name) || (hash.empty() && then.at(name).empty()))
      check->problems.push_back(Concat(folder, "/", name, " is there, and was not signed for"));
}

void CheckInputs(const Json& manifest, ManifestCheck* check) {
  for (const auto& [name, files] : manifest.at("inputs").items()) {
    for (const Json& file : files) {
      const std::string path = file.at("path").get<std::string>();
      std::error_code none;
      if (file.at("sha256").is_null()) {
        check->unchecked.push_back(Concat(name, ": ", path, " was gone, or another file, when this was signed"));
      } else if (!fs::is_regular_file(path, none)) {
        check->unchecked.push_back(Concat(name, ": ", path, fs::path(path).is_absolute() ? " is gone" : " is not there, from this folder"));
      } else if (Sha256OfFile(path) != file.at("sha256").get<std::string>()) {
        check->problems.push_back(Concat(name, ": ", path, " is not the file that the run was made from"));
      }
    }
  }
}

void CheckTrail(const Json& manifest, const ArmPaths& arm, ManifestCheck* check) {
  for (const std::string& path : {arm.Audit(), arm.ResolvedConfig()}) {
    if (fs::exists(path)) continue;
    check->problems.push_back(path + " is not there");
    return;
  }
  // The trail may have gone on since: the link that was signed must be one of it.
  const std::string signed_link = manifest.at("audit").at("link").get<std::string>();
  const int64_t signed_rows = manifest.at("audit").at("rows").get<int64_t>();
  std::string link_there;
  int64_t rows = 0;
  const AuditReading reading = ReadAudit(arm.Audit(), [&](const AuditRow& row) {
    if (++rows == signed_rows) link_there = row.link;
  });
  check->problems.insert(check->problems.end(), reading.problems.begin(), reading.problems.end());
  if (link_there != signed_link) {
    check->problems.push_back(Concat(arm.Audit(), " is not the trail that was signed for: ",
                                     rows < signed_rows ? Concat("it has ", rows, " rows, the manifest ", signed_rows)
                                                        : Concat("its row ", signed_rows, " has another link of the chain")));
  }
  if (Sha256(ReadFile(arm.ResolvedConfig())) != manifest.at("settings_sha256").get<std::string>())
    check->problems.push_back(arm.ResolvedConfig() + " holds other settings than those that were signed for");
}

// The strict parse comes first: of what it takes, the other cannot run out of stack.
Json ReadManifest(const std::string& file) {
  const std::string text = ReadUserFile(file, {.what = "the manifest", .max_bytes = kMaxManifestBytes});
  std::string problem = "it is no object";
  const auto strict = ParseStrictJson(text, kMaxManifestDepth, &problem);
  if (!strict || !strict->is_object()) throw ConfigError(Concat(file, ": no manifest of the format ", kFormat, ": ", problem));
  const auto format = strict->find("format");
  if (format != strict->end() && format->is_string() && format->get<std::string>().starts_with(kAnyFormat) && *format != kFormat)
    throw ConfigError(Concat(file, ": of the format ", format->get<std::string>(), ", and this Temper reads ", kFormat,
                             ", in which steps count from 1: check it with the Temper that wrote it, or sign again"));
  if (format == strict->end() || *format != kFormat) throw ConfigError(Concat(file, ": no manifest of the format ", kFormat));
  return Json::parse(text);
}

}  // namespace

std::string SignedAuditManifest(const std::string& run_folder, const std::string& arm_name, int64_t step,
                                const std::string& private_key_file) {
  const RunDescription run = ReadRunDescription(run_folder);
  const ArmPaths arm = RunPaths(run_folder).Arm(arm_name);
  const std::string weights = WeightsOf(arm, &step);
  Json manifest = {{"format", kFormat}, {"run", run.name}, {"arm", arm_name}, {"step", step}, {"made", UtcNow()}};
  manifest["weights"] = {{"folder", fs::path(weights).lexically_relative(run_folder).string()}, {"files", SignedFilesOf(weights)}};
  manifest["inputs"] = InputsOf(run_folder);
  manifest["settings_sha256"] = Sha256(ReadFile(arm.ResolvedConfig()));
  manifest["policy_spec"] = run.policy_spec;
  AddAudit(arm.Audit(), step, &manifest);
  manifest["public_key"] = PublicKeyOf(private_key_file);
  manifest["signature"] = SignEd25519(SignedText(manifest), private_key_file);
  return manifest.dump(1) + "\n";
}

ManifestCheck CheckAuditManifest(const std::string& manifest_file, const std::string& run_folder, const std::string& public_key) {
  const Json manifest = ReadManifest(manifest_file);
  ManifestCheck check;
  try {
    check.run = manifest.at("run").get<std::string>();
    check.arm = manifest.at("arm").get<std::string>();
    check.step = manifest.at("step").get<int64_t>();
    check.public_key = manifest.at("public_key").get<std::string>();
    const std::string& key = public_key.empty() ? check.public_key : public_key;
    if (!IsSignedBy(SignedText(manifest), manifest.at("signature").get<std::string>(), key)) {
      check.problems.push_back("the signature is not of this text and the key " + key);
      return check;
    }
    if (!IsArmOf(run_folder, check.arm)) {
      check.problems.push_back(Concat("the run has no arm ", Quoted(check.arm)));
      return check;
    }
    CheckFiles(manifest, run_folder, &check);
    CheckInputs(manifest, &check);
    CheckTrail(manifest, RunPaths(run_folder).Arm(check.arm), &check);
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(Concat(manifest_file, ": an incomplete manifest: ", error.what()));
  }
  return check;
}

}  // namespace temper
