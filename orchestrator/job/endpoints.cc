#include "orchestrator/job/endpoints.h"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/run_paths.h"

namespace temper {

EndpointOptions EndpointOf(const ExperimentConfig& config, const std::string& role, int rank, const std::string& host) {
  EndpointOptions options;
  options.address = config.monitor.prometheus_address;
  if (config.monitor.prometheus_port > 0) options.port = static_cast<int>(config.monitor.prometheus_port) + rank;
  options.labels = {{"run", config.run.name}, {"role", role}, {"rank", Concat(rank)}, {"host", host}};
  return options;
}

TargetsFile::TargetsFile(const ExperimentConfig& config, const RoleLayout& layout, const std::vector<std::string>& hosts) {
  const std::filesystem::path path = RunsPaths(config.run.dir).PrometheusTargets(config.run.name);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // of a start that was killed
  if (config.monitor.prometheus_port == 0) return;
  nlohmann::ordered_json targets = nlohmann::ordered_json::array();
  for (int rank = 0; rank < layout.num_ranks(); ++rank) {
    const std::string& host = hosts.at(static_cast<size_t>(rank));
    const EndpointOptions endpoint = EndpointOf(config, ToString(layout.RoleOf(rank)), rank, host);
    // An endpoint of all addresses is reached by the host's name.
    const std::string& name = endpoint.address == "0.0.0.0" ? host : endpoint.address;
    targets.push_back({{"targets", {Concat(name, ":", endpoint.port)}}, {"labels", endpoint.labels}});
  }
  std::filesystem::create_directories(path.parent_path());
  path_ = path;
  WriteFile(path_, targets.dump(1) + "\n");
}

TargetsFile::~TargetsFile() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

}  // namespace temper
