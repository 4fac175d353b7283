#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

// What ties weights, data, policy and graders of one arm together, signed: one JSON file.
//   {"format": "temper-audit-manifest-1", "run", "arm", "step": of the weights, "made": UTC,
//    "weights": {"folder", "files": {name: sha256}}, "inputs": {name: {file: xxh128}} (of provenance.json),
//    "settings_sha256": of the arm's resolved settings, "policy_spec",
//    "graders": [{"name", "id", "first_step", "last_step", "answers"}], every grader and version whose verdicts were trained on,
//    "audit": {"rows", "problems", "link": the last one of the chain, "sha256": of the file},
//    "public_key", "signature": Ed25519 of the file's text without this field}
// Weights are those of `step`, in <arm>/weights/step_N or <arm>/checkpoints/step_N.

// Returns the text. Throws ConfigError for a key that is none, and for a step of which there are no weights; Error where a file cannot be
// read. step < 0: the newest.
std::string SignedAuditManifest(const std::string& run_folder, const std::string& arm, int64_t step, const std::string& private_key_file);

struct ManifestCheck {
  std::string run, arm, public_key;
  int64_t step = 0;
  std::vector<std::string> problems;  // empty = signature and every file that is named hold
};

// Holds the manifest against the run's folder as it is now. `public_key`: the one that must have signed it; "" = the one that it names,
// which says that it was not changed, and not who made it. Throws Error for a file that is no manifest.
ManifestCheck CheckAuditManifest(const std::string& text, const std::string& run_folder, const std::string& public_key);

}  // namespace temper
