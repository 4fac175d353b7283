#pragma once

#include <string>
#include <vector>

#include "cluster/metrics/metrics_endpoint.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"

namespace temper {

// The Prometheus endpoint of a rank's process: monitor.prometheus_port + rank, off when that is 0. A worker serves at the port of the rank
// that started it.
EndpointOptions EndpointOf(const ExperimentConfig& config, const std::string& role, int rank, const std::string& host);

// <run.dir>/prometheus_targets/<run.name>.json while a job runs, in the format of Prometheus' file_sd_configs: every process with its
// labels. All runs have one folder for them, because Prometheus takes a * only in the last part of a path. Nothing without a port. The
// destructor removes the file, so that Prometheus does not take a job that ended for one that died.
class TargetsFile {
 public:
  // hosts: by rank.
  TargetsFile(const ExperimentConfig& config, const RoleLayout& layout, const std::vector<std::string>& hosts);
  ~TargetsFile();
  TargetsFile(const TargetsFile&) = delete;
  TargetsFile& operator=(const TargetsFile&) = delete;

 private:
  std::string path_;  // "" = none
};

}  // namespace temper
