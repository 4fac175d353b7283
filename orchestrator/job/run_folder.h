#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "orchestrator/config/experiment_config.h"
#include "record/run_lock.h"

namespace temper {

// What the orchestrator of one incarnation of a job knows about itself.
struct JobIdentity {
  std::string run_folder;     // <run.dir>/<run.name>
  uint64_t run_id = 0;        // of this incarnation
  uint64_t epoch = 1;         // incarnations of this run so far
  std::string attempt_logs;   // folder of AttemptLogs, absolute
  std::string resume_folder;  // --resume DIR, canonical
  std::shared_ptr<const RunLock> lock;
};

// Makes the run folder (or finds it again), locks it and takes the next epoch, on disk before it returns. resume: auto | never | a
// checkpoint's folder. With never an existing folder is renamed to <name>.old-<n>. Throws ConfigError when the folder cannot be used.
JobIdentity OpenRunFolder(const Experiment& experiment, const std::string& resume);

// Renames the folder to <folder>.old-<n>.
void SetAside(const std::string& folder);

// Throws ConfigError when the learner will not be able to write into the folder: nobody needs to wait for that.
void CheckWeightFolder(const std::string& folder);

}  // namespace temper
