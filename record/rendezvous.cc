#include "record/rendezvous.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/host/host_name.h"
#include "record/checkpoint.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// The file of a folder, or the file itself: a copy of it, perhaps.
std::string PathOf(const std::string& run_folder) {
  std::error_code ignored;
  return fs::is_regular_file(run_folder, ignored) ? run_folder : RunPaths(run_folder).Rendezvous();
}

// Nobody else may read it even for a moment.
void WritePrivately(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  std::error_code ignored;
  fs::remove(temporary, ignored);
  const int fd = open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  TEMPER_CHECK(fd >= 0, "cannot write ", temporary, ": ", std::strerror(errno));
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const std::string why = std::strerror(errno);
  close(fd);
  TEMPER_CHECK(written, "writing ", temporary, ": ", why);
  fs::rename(temporary, path);
}

}  // namespace

RendezvousFile::RendezvousFile(const std::string& run_folder, const BusContact& contact) : path_(RunPaths(run_folder).Rendezvous()) {
  nlohmann::ordered_json file;
  file["endpoint"] = contact.endpoint;
  file["run_id"] = contact.run_id;
  file["host"] = LocalHostName();
  file["keys"] = contact.keys.Encode();
  WritePrivately(path_, file.dump(1) + "\n");
}

RendezvousFile::~RendezvousFile() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

std::optional<BusContact> ReadRendezvous(const std::string& run_folder) {
  const std::string path = PathOf(run_folder);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  if ((info.st_mode & 077) != 0) {
    throw ConfigError(Concat(path, ": others than its owner can read the keys of the bus in it: chmod 600, and start the job anew"));
  }
  BusContact contact;
  std::string host;
  try {
    const auto file = nlohmann::json::parse(ReadFileText(path));
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
