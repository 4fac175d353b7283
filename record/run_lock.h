#pragma once

#include <string>

namespace temper {

// Keeps every other job out of a run's folder while this object, or its process, lives. Two advisory locks (flock): one on
// <run.dir>/.<run.name>.lock, beside the folder, as --resume never renames the folder itself; one on the folder that the job writes into.
// The file stays and says who holds the lock, or held it last.
//
// Another name of the folder, a link to it or to one above it, is the same folder. A lock file that somebody removed lets nobody in while
// the folder is there, and a folder that somebody removed lets nobody in while the file is there. A lock file that is a link, or has other
// names, is not written through: that would change somebody else's file.
class RunLock {
 public:
  // Waits for a job that is ending; throws ConfigError naming the holder when it does not, and where the lock file is no file of its own.
  // Where the file cannot be made or locked there is no lock, with a warning in the log.
  explicit RunLock(const std::string& run_folder, double patience_s = 10);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // Locks the folder itself, too, which is there by now. Called again when another has taken its name. Throws as the constructor does.
  void HoldFolder();

 private:
  void Release();
  [[noreturn]] void Refuse();

  std::string run_folder_;  // as it was given
  std::string folder_;      // without links
  double patience_s_ = 0;
  int fd_ = -1;         // of the file
  int folder_fd_ = -1;  // of the folder, once it is there
};

}  // namespace temper
