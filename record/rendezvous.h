#pragma once

#include <optional>
#include <string>

#include "cluster/bus/contact.h"

namespace temper {

// <run folder>/rendezvous.json: where the bus of a running job is, and the keys that a worker needs
// to join it. Readable by its owner alone. There as long as this object; a killed job leaves one
// behind, which its next start replaces.
class RendezvousFile {
 public:
  RendezvousFile(const std::string& run_folder, const BusContact& contact);
  ~RendezvousFile();
  RendezvousFile(const RendezvousFile&) = delete;
  RendezvousFile& operator=(const RendezvousFile&) = delete;

 private:
  std::string path_;
};

// The contact of the job that runs in the folder; nothing when none does. A copy of its rendezvous.json may stand for the folder. Throws
// ConfigError when the file is damaged, others than its owner can read it, or the job listens on another host's loopback.
std::optional<BusContact> ReadRendezvous(const std::string& run_folder);

}  // namespace temper
