#include "orchestrator/job/job_start.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/host/host_address.h"
#include "cluster/host/stack_dump.h"
#include "record/run_paths.h"

namespace temper {

std::string StartMessage::Encode() const {
  ByteWriter out;
  out.PutString(error);
  out.PutString(contact.endpoint);
  out.Put(contact.run_id);
  out.PutString(contact.keys.Encode());
  out.PutString(logs);
  return out.Take();
}

StartMessage StartMessage::Decode(const std::string& bytes) {
  ByteReader in(bytes);
  StartMessage m;
  m.error = in.GetString();
  m.contact.endpoint = in.GetString();
  m.contact.run_id = in.Get<uint64_t>();
  m.contact.keys = BusKeys::Decode(in.GetString(), "the keys from rank 0");
  m.logs = in.GetString();
  return m;
}

std::string BusEndpointFor(const ClusterConfig& cluster, const Process& process) {
  std::vector<std::string> others;
  for (const std::string& host : process.hosts()) {
    if (host != process.host() && std::find(others.begin(), others.end(), host) == others.end()) others.push_back(host);
  }
  if (cluster.endpoint != "auto") {
    if (!others.empty() && IsLoopback(cluster.endpoint)) {
      throw ConfigError(Concat("cluster.endpoint: ranks on ", others[0], " cannot reach ", cluster.endpoint, " on ", process.host(),
                               "; leave it at auto, or name an interface: tcp://INTERFACE:*"));
    }
    return cluster.endpoint;
  }
  if (others.empty()) return "tcp://127.0.0.1:*";
  return Concat("tcp://", AddressTowards(others, "name the interface the bus is to listen on: cluster.endpoint=tcp://INTERFACE:*"), ":*");
}

void OpenRoleLog(const StartMessage& start, Role role, const Process& process) {
  TEMPER_CHECK(std::filesystem::is_directory(start.logs), start.logs, " is not there on ", process.host(),
               ": ranks on several hosts need run.dir on a file system they share");
  const std::string file = AttemptLogs(start.logs).Rank(ToString(role), process.rank());
  OpenLog({.file = file});
  DumpStackOnCrash(file);
}

void LeaveAfterFailedStart(Process* process) { process->AwaitAll(); }

std::string SlurmAttempt() {
  const char* job = std::getenv("SLURM_JOB_ID");
  if (job == nullptr) return "";
  const char* restarts = std::getenv("SLURM_RESTART_COUNT");
  return Concat(", Slurm job ", job, " start ", 1 + (restarts == nullptr ? 0 : std::atoi(restarts)));
}

}  // namespace temper
