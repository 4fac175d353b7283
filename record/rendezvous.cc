#include "record/rendezvous.h"

#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/host_name.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// The file of a folder, or the file itself: a copy of it, perhaps.
std::string RendezvousPath(const std::string& run_folder) {
  std::error_code ignored;
  return fs::is_regular_file(run_folder, ignored) ? run_folder : RunPaths(run_folder).Rendezvous();
}

}  // namespace

RendezvousFile::RendezvousFile(const std::string& run_folder, const BusContact& contact) : path_(RunPaths(run_folder).Rendezvous()) {
  nlohmann::ordered_json file;
  file["endpoint"] = contact.endpoint;
  file["run_id"] = contact.run_id;
  file["host"] = LocalHostName();
  file["keys"] = contact.keys.Encode();
  WriteFile(path_, file.dump(1) + "\n", {.durable = true, .mode = 0600});  // nobody else may read it even for a moment
}

RendezvousFile::~RendezvousFile() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

std::optional<BusContact> ReadRendezvous(const std::string& run_folder) {
  const std::string path = RendezvousPath(run_folder);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  if ((info.st_mode & 077) != 0) {
    throw ConfigError(Concat(path, ": other users can read the keys of the bus in this file; chmod 600 it, and start the job again"));
  }
  BusContact contact;
  std::string host;
  try {
    const auto file = nlohmann::json::parse(ReadFile(path));
    contact.endpoint = file.at("endpoint").get<std::string>();
    contact.run_id = file.at("run_id").get<uint64_t>();
    host = file.at("host").get<std::string>();
    contact.keys = BusKeys::Decode(file.at("keys").get<std::string>(), path);
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(Concat(path, ": not a rendezvous file of temper (", error.what(), ")"));
  }
  if (IsLoopback(contact.endpoint) && host != LocalHostName()) {
    throw ConfigError(Concat("the job in ", run_folder, " listens on ", host,
                             " only: start it with cluster.endpoint=tcp://INTERFACE:* for "
                             "other hosts to reach it"));
  }
  return contact;
}

}  // namespace temper
