#pragma once

#include <string>

namespace temper {

// A folder of files that must not outlive this process, as what lies in shared memory takes up memory until someone removes it. Made and
// locked at construction, removed with all it holds at destruction.
//
// A killed process cannot remove its own. Where the folder is called temper-<run id>-<process id>
// or temper-mpi-<process id>, the next one made beside it does. It does so once no process of that
// id lives and nobody holds the folder's lock. A process of another container may have an id
// unknown here.
class OwnedFolder {
 public:
  // `advice` ends the Error that is thrown when the folder cannot be made, e.g. "set x.y to a writable place".
  OwnedFolder(std::string path, const std::string& advice);
  ~OwnedFolder();
  OwnedFolder(const OwnedFolder&) = delete;
  OwnedFolder& operator=(const OwnedFolder&) = delete;

  const std::string& path() const { return path_; }

  // Makes and locks the folder again where it was removed meanwhile. Throws Error where another user made one in its place.
  void MakeAgainIfGone();

 private:
  std::string path_;
  int lock_fd_ = -1;  // holds the folder's lock as long as this process lives
};

}  // namespace temper
