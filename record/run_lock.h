#pragma once

#include <string>

namespace temper {

// Keeps every other job out of a run's folder while this object, or its process, lives. It is an
// advisory lock on <run.dir>/.<run.name>.lock, beside the folder, because --resume never renames
// the folder itself. The file stays and says who holds the lock, or held it last.
class RunLock {
 public:
  // Waits for a job that is ending; throws ConfigError naming the holder when it does not. Where the file cannot be made or locked there is
  // no lock, with a warning in the log.
  explicit RunLock(const std::string& run_folder, double patience_s = 10);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace temper
