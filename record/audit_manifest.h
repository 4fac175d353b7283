#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// What ties weights, data, policy and graders of one arm together, signed: one JSON file.
//   {"format": "temper-audit-manifest-3", "run", "arm", "step": of the weights, "made": UTC,
//    "weights": {"folder", "files": {name: sha256}}, all that are in the folder,
//    "inputs": {name: [{"path", "xxh128", "sha256"}]}, of provenance.json; sha256 is null for a file that was not there any more, or not
//    the one that the run was made from, when this was signed, "settings_sha256": of the arm's resolved settings, "policy_spec", "graders":
//    [{"name", "id", "first_step", "last_step", "answers"}], every grader and version whose verdicts were trained on, "audit": {"rows",
//    "problems", "link": the last one of the chain, "sha256": of the whole file}, "public_key", "signature": Ed25519 of the file's text
//    without this field}
// Graders, rows and link are of the trail up to `step`, from 1: of what made the weights. Problems are of all of it.
// Weights are those of `step`, in <arm>/weights/step_N or <arm>/checkpoints/step_N.

// Returns the text. Throws ConfigError for a text that is not a key and for a step without weights.
// It throws, too, if something among the weights is not a file, such as a link to a folder. Throws
// Error where a file cannot be read. step < 0: the newest.
std::string SignedAuditManifest(const std::string& run_folder, const std::string& arm, int64_t step, const std::string& private_key_file);

struct ManifestCheck {
  std::string run, arm, public_key;
  int64_t step = 0;
  std::vector<std::string> problems;   // empty = the signature holds, and so does every file that is there
  std::vector<std::string> unchecked;  // inputs that cannot be held against it, and why: they are gone
};

// Compares the manifest in a file with the run's folder as it is now. The weights' folder must hold
// the files that were signed for and no others. The inputs that are still in their places must be
// unchanged. `public_key`: the one that must have signed it; "" = the one that it names, which says
// that it was not changed, and not who made it. Throws ConfigError naming the file where it is no
// manifest.
ManifestCheck CheckAuditManifest(const std::string& manifest_file, const std::string& run_folder, const std::string& public_key);

}  // namespace temper
